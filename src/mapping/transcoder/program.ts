import type { Plan, PlanContext, PlanItem } from '../plan.ts';
import { MAX_PROPERTIES } from '../mapper.ts';
import { REDACTED, treatmentOf } from '../privacy.ts';
import type { DynamicItem, Kernel } from './kernel.ts';
import { type Field, optionalOf, type Shape } from './shape.ts';

// The numbers are those of kernel/transcode/layout.ts.
const OPTIONAL = { no: 0, nullFirst: 1, nullLast: 2 } as const;
const KIND: Readonly<Record<Shape['kind'], number>> = {
  null: 0,
  boolean: 1,
  int: 2,
  long: 2,
  float: 3,
  double: 4,
  bytes: 5,
  string: 5,
  fixed: 6,
  enum: 7,
  array: 8,
  map: 9,
  union: 10,
  record: 11,
};
const OP = {
  end: 0,
  literal: 1,
  distinctId: 2,
  insertId: 3,
  time: 4,
  text: 5,
  texts: 6,
  integer: 7,
  boolean: 8,
  float: 9,
  double: 10,
  removed: 11,
  hashed: 12,
  bag: 13,
  name: 14,
  newField: 15,
} as const;
const IDENTITY = { anonymous: 1, hashExternal: 2, hashUser: 4, anyCase: 8 } as const;
const WORDS_A_STEP = 8;

/** A plan and a writer schema as the kernel runs them. */
export interface Program {
  readonly address: number;
  /** Whether it maps; else it only walks, and the object mapper does the rest. */
  readonly maps: boolean;
  readonly counters: readonly { readonly field: string; readonly address: number }[];
}

export function compileProgram(
  fields: readonly Field[],
  plan: Plan,
  context: PlanContext,
  kernel: Kernel,
): Program {
  const steps = plan.skip === undefined ? compileSteps(fields, plan, context, kernel) : undefined;
  const shapes = new Map<Shape, number>();
  const table = fields.flatMap(({ shape }) => {
    const optional = optionalOf(shape);
    const how = optional
      ? optional.nullFirst
        ? OPTIONAL.nullFirst
        : OPTIONAL.nullLast
      : OPTIONAL.no;
    return [how, placeShape(optional?.value ?? shape, shapes, kernel)];
  });
  // A line takes at most six bytes for each of its record, besides what stands in the plan.
  const room = (steps?.fixed ?? 0) + plan.items.length * 80 + 2048;
  const address = kernel.place(
    words([
      fields.length,
      kernel.place(words(table)),
      kernel.place(words(steps?.words ?? step(OP.end))),
      kernel.place(words(fields.map(() => 0))),
      room,
    ]),
  );
  return { address, maps: steps !== undefined, counters: steps?.counters ?? [] };
}

function placeShape(shape: Shape, placed: Map<Shape, number>, kernel: Kernel): number {
  const before = placed.get(shape);
  if (before !== undefined) return before;
  const children = childrenOf(shape);
  const kind = KIND[shape.kind];
  const size =
    shape.kind === 'fixed' ? shape.size : shape.kind === 'enum' ? shape.symbols.length : 0;
  const isList = shape.kind === 'array' || shape.kind === 'map';
  const address = kernel.place(
    words([kind, ...(isList ? [] : [children.length || size]), ...children.map(() => 0)]),
  );
  // Placed before its children, so that a type may contain itself.
  placed.set(shape, address);
  const inside = children.map((child) => placeShape(child, placed, kernel));
  kernel.patch(address + (isList ? 4 : 8), words(inside));
  return address;
}

function childrenOf(shape: Shape): readonly Shape[] {
  switch (shape.kind) {
    case 'array':
    case 'map':
      return [shape.items];
    case 'union':
      return shape.branches;
    case 'record':
      return shape.fields.map((field) => field.shape);
    default:
      return [];
  }
}

interface Steps {
  readonly words: readonly number[];
  /** Bytes of constants. */
  readonly fixed: number;
  readonly counters: readonly { readonly field: string; readonly address: number }[];
}

/** The steps of a plan; undefined where only the object mapper will do. */
function compileSteps(
  fields: readonly Field[],
  plan: Plan,
  context: PlanContext,
  kernel: Kernel,
): Steps | undefined {
  // An anonymous user takes one property more than the plan has items.
  if (plan.items.length >= MAX_PROPERTIES) return undefined;
  const index = new Map(fields.map((field, i) => [field.name, i]));
  const kindOf = (name: string): Shape['kind'] | undefined => {
    const i = index.get(name);
    return i === undefined ? undefined : valueOf(fields[i]!.shape).kind;
  };
  const out = new StepWriter(kernel);
  const id = index.get('id');
  const time = index.get('time');
  if (id === undefined || kindOf('id') !== 'string') return undefined;
  if (time === undefined || !['int', 'long'].includes(kindOf('time')!)) return undefined;

  out.text('{"event":"');
  out.text(JSON.stringify(plan.event.text).slice(1, -1));
  if (plan.event.field) {
    const { name, treatment } = plan.event.field;
    const i = index.get(name);
    const renamed = Object.keys(context.settings.rename.events);
    if (i === undefined || kindOf(name) !== 'string' || treatment !== 'keep') return undefined;
    if (renamed.some((from) => from.startsWith(plan.event.text))) return undefined;
    out.step(OP.name, i, Buffer.byteLength(plan.event.text));
  }
  out.text('","properties":{');

  for (const [n, item] of plan.items.entries()) {
    const comma = n === 0 ? '' : ',';
    switch (item.kind) {
      case 'constant':
        out.text(`${comma}${JSON.stringify(item.property)}:${item.json}`);
        break;
      case 'distinct-id':
        if (!writeIdentity(out, index, kindOf, context)) return undefined;
        break;
      case 'insert-id':
        out.text(`${comma}"$insert_id":"`);
        out.step(OP.insertId, id);
        out.text('"');
        break;
      case 'time':
        out.text(`${comma}"time":`);
        out.step(OP.time, time);
        break;
      case 'field': {
        const i = index.get(item.field);
        if (i !== undefined && !writeField(out, valueOf(fields[i]!.shape), i, item))
          return undefined;
        break;
      }
      case 'dynamic': {
        const i = index.get(item.field);
        if (i === undefined) break;
        if (kindOf(item.field) !== 'string') return undefined;
        writeBag(out, i, item, plan.items.length, context);
        break;
      }
    }
  }
  out.text('}}\n');
  for (const field of plan.newFields) {
    const i = index.get(field);
    const kind = i === undefined ? 'null' : kindOf(field)!;
    if (kind === 'union') return undefined;
    if (kind !== 'null') out.counter(field, i!, KIND[kind]);
  }
  return out.finish();
}

function valueOf(shape: Shape): Shape {
  return optionalOf(shape)?.value ?? shape;
}

function writeIdentity(
  out: StepWriter,
  index: ReadonlyMap<string, number>,
  kindOf: (name: string) => Shape['kind'] | undefined,
  { settings }: PlanContext,
): boolean {
  const external = index.get('external_user_id');
  const user = index.get('user_id');
  if (external !== undefined && kindOf('external_user_id') !== 'string') return false;
  const isAnonymous = settings.usersWithoutExternalId === 'anonymous';
  if (isAnonymous && (user === undefined || kindOf('user_id') !== 'string')) return false;
  const isHashed = (name: string): boolean => treatmentOf(settings, name) === 'hash';
  const flags =
    (isAnonymous ? IDENTITY.anonymous : 0) |
    (isHashed('external_user_id') ? IDENTITY.hashExternal : 0) |
    (isHashed('user_id') ? IDENTITY.hashUser : 0) |
    (settings.refusedIds === 'any-case' ? IDENTITY.anyCase : 0);
  out.step(
    OP.distinctId,
    external ?? -1,
    user ?? -1,
    flags,
    ...[',"distinct_id":"', ',"distinct_id":"$device:', '","$device_id":"'].map(
      (text) => out.constant(text).address,
    ),
  );
  return true;
}

function writeField(
  out: StepWriter,
  value: Shape,
  i: number,
  item: Extract<PlanItem, { kind: 'field' }>,
): boolean {
  const { treatment, float } = item;
  const key = `,${JSON.stringify(item.property)}:`;
  if (value.kind === 'null') return true;
  if (treatment === 'remove') {
    // Whether such a number counts as null is known only once it was read.
    if (value.kind === 'float' || value.kind === 'double' || value.kind === 'union') return false;
    out.keyed(OP.removed, i, `${key}${JSON.stringify(REDACTED)}`);
    return true;
  }
  if (treatment === 'hash') {
    if (value.kind !== 'string') return false;
    out.keyed(OP.hashed, i, key);
    return true;
  }
  switch (value.kind) {
    case 'string':
      out.keyed(OP.text, i, key);
      return true;
    case 'int':
    case 'long':
      out.keyed(OP.integer, i, key);
      return true;
    case 'boolean':
      out.keyed(OP.boolean, i, key);
      return true;
    case 'float':
      out.keyed(OP.float, i, key, float ? 1 : 0);
      return true;
    case 'double':
      out.keyed(OP.double, i, key);
      return true;
    case 'array': {
      const optional = optionalOf(value.items);
      if (valueOf(value.items).kind !== 'string') return false;
      out.keyed(OP.texts, i, key, optional ? (optional.nullFirst ? 0 : 1) : -1);
      return true;
    }
    default:
      return false;
  }
}

function writeBag(
  out: StepWriter,
  i: number,
  item: DynamicItem,
  others: number,
  { settings }: PlanContext,
): void {
  const isTreated =
    treatmentOf(settings, item.field) !== 'keep' ||
    Object.keys(settings.privacy.fields).some((name) => name.startsWith(`${item.field}.`));
  const prefix = out.constant(`,${JSON.stringify(item.prefix).slice(0, -1)}`);
  const bag = out.kernel.addBag(item, others);
  out.step(
    OP.bag,
    ...[i, prefix.address, prefix.length, bag, others],
    isTreated ? 0 : 1,
    Buffer.byteLength(item.prefix),
  );
}

/** Collects steps; constants that follow each other become one. */
class StepWriter {
  readonly kernel: Kernel;
  readonly #words: number[] = [];
  readonly #counters: { field: string; address: number }[] = [];
  #text = '';
  #fixed = 0;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  text(text: string): void {
    this.#text += text;
  }

  constant(text: string): { address: number; length: number } {
    const bytes = Buffer.from(text);
    this.#fixed += bytes.length;
    return { address: this.kernel.place(bytes), length: bytes.length };
  }

  step(op: number, ...operands: number[]): void {
    this.#flush();
    this.#words.push(...step(op, ...operands));
  }

  keyed(op: number, field: number, text: string, more = 0): void {
    const { address, length } = this.constant(text);
    this.step(op, field, address, length, more);
  }

  counter(field: string, i: number, kind: number): void {
    const address = this.kernel.place(words([0]));
    this.#counters.push({ field, address });
    this.step(OP.newField, i, address, kind);
  }

  finish(): Steps {
    this.#flush();
    this.#words.push(...step(OP.end));
    return { words: this.#words, fixed: this.#fixed, counters: this.#counters };
  }

  #flush(): void {
    if (this.#text === '') return;
    const { address, length } = this.constant(this.#text);
    this.#text = '';
    this.#words.push(...step(OP.literal, address, length));
  }
}

function step(op: number, ...operands: number[]): number[] {
  return [op, ...operands, ...Array<number>(WORDS_A_STEP - 1 - operands.length).fill(0)];
}

function words(values: readonly number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(values).buffer);
}
