import type { Batch } from '../core/batch.ts';
import { bump, type TypeCounts } from '../core/counts.ts';
import type { DeadLetter } from '../core/dead-letter.ts';
import type { Slice } from '../core/source.ts';
import { type Adjusted, mend } from './dynamic.ts';
import {
  mapRecord,
  MAX_EVENT_BYTES,
  newFieldsIn,
  type Outcome,
  type SourceRecord,
} from './mapper.ts';
import type { Plan, PlanContext } from './plan.ts';
import { decodeRecord } from './transcoder/decode.ts';
import { BAIL, generateEmit, SKIP } from './transcoder/emit.ts';
import { createRuntime } from './transcoder/runtime.ts';
import { type Field, recordFields } from './transcoder/shape.ts';
import { generateWalk, optionalOf } from './transcoder/walk.ts';
import { stringifyJson } from './values.ts';

/** Encodes the records of one writer schema. Holds scratch space, so one block at a time. */
export interface AvroEncoder {
  readonly plan: Plan;
  /** Whether the generated code is in use; else every record goes through the object mapper. */
  readonly transcodes: boolean;
  /** Whether `bytes` hold exactly `count` records. A block that does not is never sent in part. */
  holds(bytes: Uint8Array, count: number): boolean;
  /** Starts on a block that {@link holds} was true for. */
  open(bytes: Uint8Array, count: number, slice: Slice): BlockEncoder;
}

/** Maps records of a block from the `from`th on until the batch is full; returns how many are mapped now. */
export type BlockEncoder = (from: number, first: number, batch: Batch) => number;

/** Names and kinds of the fields of a writer schema, as {@link compilePlan} wants them. */
export function sourceFields(fields: readonly Field[]): { name: string; float: boolean }[] {
  return fields.map(({ name, shape }) => ({
    name,
    float: (optionalOf(shape)?.value ?? shape).kind === 'float',
  }));
}

/** `compile` gives the plan for the schema's fields. Throws SluiceError for a schema that is no record. */
export function createAvroEncoder(
  schema: unknown,
  compile: (fields: { name: string; float: boolean }[]) => Plan,
  context: PlanContext,
): AvroEncoder {
  const fields = recordFields(schema);
  const plan = compile(sourceFields(fields));
  const walk = generateWalk(fields);
  const runtime = createRuntime(context);
  const emitter =
    plan.skip === undefined ? generateEmit(fields, plan, context, runtime) : undefined;
  const at = new Int32Array(fields.length);

  const open = (source: Uint8Array, count: number, slice: Slice): BlockEncoder => {
    const d = new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
    const dv = new DataView(d.buffer, d.byteOffset, d.byteLength);
    let next = 0;
    let p = 0;

    return (from, first, batch) => {
      if (from < next) {
        next = 0;
        p = 0;
      }
      for (; next < from; next++) p = walk(d, p, at);
      const tally = batch.tally(plan.eventType);
      let o = batch.buffer;
      let ov = new DataView(o.buffer, o.byteOffset, o.byteLength);
      for (; next < count && !batch.isFull; next++) {
        const end = walk(d, p, at);
        let placed = BAIL;
        const need = (end - p) * 6 + (emitter?.room ?? 0);
        if (emitter && need <= batch.limits.bytes) {
          if (!batch.reserve(need)) break;
          if (o !== batch.buffer) {
            o = batch.buffer;
            ov = new DataView(o.buffer, o.byteOffset, o.byteLength);
          }
          runtime.adjusted = {};
          runtime.reserve = need;
          placed = emitter.emit(d, dv, at, o, ov, batch.length);
          if (placed - batch.length > MAX_EVENT_BYTES) placed = BAIL;
        }
        if (placed >= 0) {
          batch.commit(placed, first + next, plan.eventType);
          note(tally, runtime.adjusted, runtime.newFields);
        } else if (placed === SKIP) bump(tally.skipped, 'no_external_user_id');
        else if (!mapSlowly(d.subarray(p, end), first + next, slice, batch, tally)) break;
        if (runtime.newFields.length > 0) runtime.newFields = [];
        batch.records++;
        p = end;
      }
      tally.read += next - from;
      return next;
    };
  };

  const mapSlowly = (
    bytes: Uint8Array,
    number: number,
    slice: Slice,
    batch: Batch,
    tally: TypeCounts,
  ): boolean => {
    const cursor = { bytes, at: 0, invalidTexts: 0 };
    const record = decodeRecord(fields, cursor);
    const adjusted: Adjusted = {};
    const outcome = mapRecord(plan, record, context, adjusted);
    if (outcome.kind === 'event' && cursor.invalidTexts > 0)
      bump(adjusted, 'invalid_utf8', cursor.invalidTexts);
    return place(outcome, { plan, record, number, slice, adjusted }, batch, tally);
  };

  return {
    plan,
    transcodes: emitter !== undefined,
    holds(bytes, count) {
      let p = 0;
      for (let i = 0; i < count; i++) {
        p = walk(bytes, p, at);
        if (p < 0) return false;
      }
      return p === bytes.length;
    },
    open,
  };
}

/**
 * Puts the outcome of one mapped record into the batch and its counts.
 * False when the event does not fit any more: seal the batch and come again.
 */
export function place(
  outcome: Outcome,
  of: { plan: Plan; record: SourceRecord; number: number; slice: Slice; adjusted: Adjusted },
  batch: Batch,
  tally: TypeCounts,
): boolean {
  switch (outcome.kind) {
    case 'skip':
      bump(tally.skipped, outcome.reason);
      return true;
    case 'dead-letter':
      batch.bury(letterOf(outcome, of.plan.eventType, of.record, of));
      tally.deadLetters++;
      return true;
    case 'event': {
      const bytes = Buffer.from(`${outcome.json}\n`);
      if (!batch.reserve(bytes.length)) return false;
      batch.buffer.set(bytes, batch.length);
      batch.commit(batch.length + bytes.length, of.number, of.plan.eventType);
      note(tally, of.adjusted, newFieldsIn(of.plan, of.record));
      return true;
    }
  }
}

function letterOf(
  outcome: Extract<Outcome, { kind: 'dead-letter' }>,
  eventType: string,
  record: SourceRecord,
  place: { slice: Slice; number: number },
): DeadLetter {
  return {
    slice: place.slice.id,
    version: place.slice.version,
    record: place.number,
    eventType,
    cause: outcome.cause,
    detail: outcome.detail,
    ...(outcome.json === undefined
      ? { kind: 'record', payload: Buffer.from(stringifyJson(mend(record, false, {}))) }
      : { kind: 'event', payload: Buffer.from(outcome.json) }),
  };
}

function note(tally: TypeCounts, adjusted: Adjusted, newFields: readonly string[]): void {
  for (const rule in adjusted) bump(tally.adjusted, rule, adjusted[rule]);
  for (const field of newFields) bump(tally.newFields, field);
}
