import type { Batch } from '../core/batch.ts';
import { bump, type TypeCounts } from '../core/counts.ts';
import type { DeadLetter } from '../core/dead-letter.ts';
import type { Slice } from '../core/source.ts';
import { type Adjusted, mend } from './dynamic.ts';
import { mapRecord, newFieldsIn, type Outcome, type SourceRecord } from './mapper.ts';
import type { Plan, PlanContext } from './plan.ts';
import { decodeRecord } from './transcoder/decode.ts';
import { createKernel, type Kernel, OUT_BYTES } from './transcoder/kernel.ts';
import { compileProgram } from './transcoder/program.ts';
import { type Field, optionalOf, recordFields } from './transcoder/shape.ts';
import { shortestFloat32, stringifyJson } from './values.ts';

/** Encodes the records of one writer schema. */
export interface AvroEncoder {
  readonly plan: Plan;
  /** Whether the kernel maps; else every record goes through the object mapper. */
  readonly transcodes: boolean;
  /** Whether `bytes` hold exactly `count` records. A block that does not is never sent in part. */
  holds(bytes: Uint8Array, count: number): boolean;
  /** The records of such a block, decoded. */
  decode(bytes: Uint8Array, count: number): Iterable<SourceRecord>;
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
  kernel: Kernel = createKernel(context),
): AvroEncoder {
  const fields = recordFields(schema);
  const named = sourceFields(fields);
  const floats = named.filter(({ float }) => float).map(({ name }) => name);
  const plan = compile(named);
  const program = compileProgram(fields, plan, context, kernel);
  const reason = 'no_external_user_id';

  const open = (source: Uint8Array, count: number, slice: Slice): BlockEncoder => {
    let next = 0;
    let offset = 0;

    return (from, first, batch) => {
      const start = kernel.hold(source);
      const end = start + source.length;
      const tally = batch.tally(plan.eventType);
      if (from < next) {
        next = 0;
        offset = 0;
      }
      let p = kernel.skip(program.address, start + offset, end, from - next);
      next = from;
      while (next < count && !batch.isFull) {
        const room = batch.limits.bytes - batch.length;
        const left = Math.min(count - next, (batch.limits.records ?? Infinity) - batch.records);
        // Without steps to run, one record is walked to learn where it ends.
        const lines = program.maps ? batch.limits.events - batch.events : 0;
        const ran = kernel.run(program.address, p, end, left, room, lines);
        batch.append(ran.lines, ran.numbers, first + next, plan.eventType);
        if (ran.skipped > 0) bump(tally.skipped, reason, ran.skipped);
        note(tally, ran.adjusted, takeNewFields());
        batch.records += ran.passed;
        next += ran.passed;
        p = ran.next;
        if (ran.passed > 0 ? ran.status !== 'unusual' : ran.status === 'done') continue;
        // A record that does not fit any more waits for the next batch; one that fits no batch is mapped slowly.
        if (ran.status === 'full' && program.maps && room < OUT_BYTES && batch.length > 0) break;
        const bytes = source.subarray(p - start, ran.nextEnd - start);
        if (!mapSlowly(bytes, first + next, slice, batch, tally)) break;
        batch.records++;
        next++;
        p = ran.nextEnd;
      }
      offset = p - start;
      tally.read += next - from;
      return next;
    };
  };

  const takeNewFields = (): Record<string, number> => {
    const found = Object.create(null) as Record<string, number>;
    for (const { field, address } of program.counters) {
      const n = kernel.takeCounter(address);
      if (n > 0) found[field] = n;
    }
    return found;
  };

  const mapSlowly = (
    bytes: Uint8Array,
    number: number,
    slice: Slice,
    batch: Batch,
    tally: TypeCounts,
  ): boolean => {
    const cursor = { bytes, at: 0, invalidTexts: 0, empties: Infinity };
    const record = decodeRecord(fields, cursor);
    const adjusted: Adjusted = {};
    const outcome = mapRecord(plan, record, context, adjusted);
    // A dead letter forgets the schema, and with it which numbers are to be short when it is sent again.
    if (outcome.kind === 'dead-letter') shorten(record, floats);
    if (outcome.kind === 'event' && cursor.invalidTexts > 0)
      bump(adjusted, 'invalid_utf8', cursor.invalidTexts);
    return place(outcome, { plan, record, number, slice, adjusted }, batch, tally);
  };

  function* decode(bytes: Uint8Array, count: number): Generator<SourceRecord> {
    const cursor = { bytes, at: 0, invalidTexts: 0, empties: Infinity };
    for (let n = 0; n < count; n++) {
      const record = decodeRecord(fields, cursor);
      shorten(record, floats);
      yield record;
    }
  }

  return {
    plan,
    decode,
    transcodes: program.maps,
    holds: (bytes, count) => kernel.holds(program.address, bytes, count),
    open,
  };
}

function shorten(record: Record<string, unknown>, floats: readonly string[]): void {
  for (const name of floats) {
    const value = record[name];
    if (typeof value === 'number' && Number.isFinite(value)) record[name] = shortestFloat32(value);
  }
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
      note(
        tally,
        of.adjusted,
        Object.fromEntries(newFieldsIn(of.plan, of.record).map((field) => [field, 1])),
      );
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

function note(
  tally: TypeCounts,
  adjusted: Adjusted,
  newFields: Readonly<Record<string, number>>,
): void {
  for (const rule in adjusted) bump(tally.adjusted, rule, adjusted[rule]);
  for (const field in newFields) bump(tally.newFields, field, newFields[field]);
}
