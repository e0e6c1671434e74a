import type { Plan, PlanContext, PlanItem } from '../plan.ts';
import { REDACTED, treatmentOf } from '../privacy.ts';
import type { Runtime } from './runtime.ts';
import type { Field, Shape } from './shape.ts';
import { optionalOf } from './walk.ts';

/** The record has to be skipped: no external user id. */
export const SKIP = -1;
/** The record holds something unusual: leave it to the object mapper. */
export const BAIL = -2;

/**
 * Writes one walked record as an event line at `w`. Returns the place after it, SKIP or BAIL.
 * The caller has made room for `6 × record + room` bytes.
 */
export type Emit = (
  d: Uint8Array,
  dv: DataView,
  at: Int32Array,
  o: Uint8Array,
  ov: DataView,
  w: number,
) => number;

/** What `emit` needs of its caller. */
export interface Emitter {
  readonly emit: Emit;
  /** Bytes a line may take beyond six times its record. */
  readonly room: number;
}

/** Generates the writer of a plan for one writer schema; undefined where only the object mapper will do. */
export function generateEmit(
  fields: readonly Field[],
  plan: Plan,
  context: PlanContext,
  runtime: Runtime,
): Emitter | undefined {
  const index = new Map(fields.map((field, i) => [field.name, i]));
  const simple = (name: string): Shape['kind'] | undefined => {
    const i = index.get(name);
    if (i === undefined) return undefined;
    const { shape } = fields[i]!;
    return (optionalOf(shape)?.value ?? shape).kind;
  };
  const out = new Script();

  const id = index.get('id');
  const time = index.get('time');
  const timeKind = simple('time');
  if (id === undefined || simple('id') !== 'string') return undefined;
  if (time === undefined || (timeKind !== 'int' && timeKind !== 'long')) return undefined;

  out.text('{"event":"');
  if (plan.event.field) {
    const { name, treatment } = plan.event.field;
    const i = index.get(name);
    const renamed = Object.keys(context.settings.rename.events);
    if (i === undefined || simple(name) !== 'string' || treatment !== 'keep') return undefined;
    if (renamed.some((from) => from.startsWith(plan.event.text))) return undefined;
    out.text(inString(plan.event.text));
    out.line(
      `if ((w = rt.name(d, dv, at[${i}], ${Buffer.byteLength(plan.event.text)}, o, ov, w)) < 0) return ${BAIL};`,
    );
  } else out.text(inString(plan.event.text));
  out.text('","properties":{');

  for (const [n, item] of plan.items.entries()) {
    const comma = n === 0 ? '' : ',';
    switch (item.kind) {
      case 'constant':
        out.text(`${comma}${JSON.stringify(item.property)}:${item.json}`);
        break;
      case 'distinct-id':
        if (!writeIdentity(out, index, simple, context)) return undefined;
        break;
      case 'insert-id':
        out.text(`${comma}"$insert_id":"`);
        out.line(`if ((w = rt.insertId(d, at[${id}], o, w)) < 0) return ${BAIL};`);
        out.text('"');
        break;
      case 'time':
        out.text(`${comma}"time":`);
        out.line(`if ((w = rt.time(d, at[${time}], o, w)) < 0) return ${BAIL};`);
        break;
      case 'field': {
        const i = index.get(item.field);
        if (i === undefined) break;
        if (!writeField(out, fields[i]!.shape, i, item)) return undefined;
        break;
      }
      case 'dynamic': {
        const i = index.get(item.field);
        if (i === undefined) break;
        if (simple(item.field) !== 'string') return undefined;
        const mine = runtime.addBag(item, plan.items.length);
        out.line(
          `if (at[${i}] >= 0 && (w = rt.bag(${mine}, d, at[${i}], o, w)) < 0) return ${BAIL};`,
        );
        break;
      }
    }
  }
  out.text('}}\n');
  for (const name of plan.newFields) {
    const i = index.get(name);
    if (i === undefined) continue;
    if (!['string', 'int', 'long', 'boolean', 'bytes', 'enum', 'fixed'].includes(simple(name)!))
      return undefined;
    out.line(`if (at[${i}] >= 0) rt.newField(${JSON.stringify(name)});`);
  }
  return { emit: out.compile(runtime), room: out.fixed + plan.items.length * 80 + 2048 };
}

function writeIdentity(
  out: Script,
  index: ReadonlyMap<string, number>,
  simple: (name: string) => Shape['kind'] | undefined,
  { settings }: PlanContext,
): boolean {
  const id = (name: string, place: number, missing: number): void => {
    const hash = treatmentOf(settings, name) === 'hash';
    out.line(
      `if ((w = rt.userId(${hash}, d, dv, at[${place}], o, ov, w)) < 0) return w === -1 ? ${missing} : ${BAIL};`,
    );
  };
  const external = index.get('external_user_id');
  const user = index.get('user_id');
  if (external !== undefined && simple('external_user_id') !== 'string') return false;
  const anonymous = settings.usersWithoutExternalId === 'anonymous';
  if (anonymous && (user === undefined || simple('user_id') !== 'string')) return false;
  if (external === undefined && !anonymous) {
    out.line(`return ${SKIP};`);
    return true;
  }
  if (anonymous) {
    const known = external === undefined ? 'false' : `rt.hasText(d, at[${external}])`;
    out.line(`if (${known}) {`);
  }
  if (external !== undefined) {
    out.text(',"distinct_id":"');
    id('external_user_id', external, SKIP);
    out.text('"');
  }
  if (anonymous) {
    out.line('} else {');
    out.text(',"distinct_id":"$device:');
    id('user_id', user!, BAIL);
    out.text('","$device_id":"');
    id('user_id', user!, BAIL);
    out.text('"');
    out.line('}');
  }
  return true;
}

function writeField(
  out: Script,
  shape: Shape,
  i: number,
  item: Extract<PlanItem, { kind: 'field' }>,
): boolean {
  const value = optionalOf(shape)?.value ?? shape;
  const key = `,${JSON.stringify(item.property)}:`;
  const present = `if (at[${i}] >= 0) {`;
  if (item.treatment === 'hash' && value.kind !== 'string') return false;
  if (item.treatment === 'remove' && (value.kind === 'float' || value.kind === 'double'))
    return false;
  if (item.treatment === 'remove') {
    out.line(present);
    out.text(`${key}${JSON.stringify(REDACTED)}`);
    out.line('}');
    return true;
  }
  const body = {
    string:
      item.treatment === 'hash'
        ? `rt.hashed(d, at[${i}], o, w)`
        : `rt.text(d, dv, at[${i}], o, ov, w)`,
    int: `rt.integer(d, at[${i}], o, w)`,
    long: `rt.integer(d, at[${i}], o, w)`,
    boolean: `rt.boolean(d, at[${i}], o, w)`,
    float: `rt.float(dv, at[${i}], ${item.float}, o, w)`,
    double: `rt.double(dv, at[${i}], o, w)`,
    array: isTextList(value)
      ? `rt.texts(${optionalOf(value.items) ? (optionalOf(value.items)!.nullFirst ? 0 : 2) : -1}, d, dv, at[${i}], o, ov, w)`
      : undefined,
  }[value.kind as string];
  if (body === undefined) return value.kind === 'null';
  // A number that is none (NaN, infinity) counts as null: it is known only once it was read.
  const finite = value.kind === 'float' || value.kind === 'double';
  out.line(finite ? `if (at[${i}] >= 0 && rt.${value.kind}IsFinite(dv, at[${i}])) {` : present);
  out.text(key);
  out.line(`if ((w = ${body}) < 0) return ${BAIL};`);
  out.line('}');
  return true;
}

function isTextList(shape: Shape): shape is Extract<Shape, { kind: 'array' | 'map' }> {
  if (shape.kind !== 'array') return false;
  return (optionalOf(shape.items)?.value ?? shape.items).kind === 'string';
}

function inString(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Generated code in the making. Constant bytes are stored as 32-bit words, which beats copying them by far. */
class Script {
  readonly lines: string[] = [];
  /** Bytes of constants. */
  fixed = 0;

  text(text: string): void {
    const bytes = Buffer.from(text);
    const padded = Buffer.alloc(Math.ceil(bytes.length / 4) * 4);
    bytes.copy(padded);
    for (let i = 0; i < padded.length; i += 4)
      this.line(`ov.setInt32(w + ${i}, ${padded.readInt32LE(i)}, true);`);
    this.line(`w += ${bytes.length};`);
    this.fixed += bytes.length;
  }

  line(code: string): void {
    this.lines.push(code);
  }

  compile(runtime: Runtime): Emit {
    const source = `return function emit(d, dv, at, o, ov, w) {\n${this.lines.join('\n')}\nreturn w;\n}`;
    // oxlint-disable-next-line no-implied-eval, no-new-func -- field indexes, and names only through JSON.stringify
    return (new Function('rt', source) as (rt: Runtime) => Emit)(runtime);
  }
}
