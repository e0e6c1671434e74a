import { isUtf8 } from 'node:buffer';
import type { Batch } from '../core/batch.ts';
import { bump } from '../core/counts.ts';
import { SliceError, SluiceError } from '../core/errors.ts';
import type { Piece, Unpack } from '../core/piece.ts';
import type { Slice, Source } from '../core/source.ts';
import { type ContainerBlock, type Damage, openContainer } from '../formats/avro-container.ts';
import { BlockError } from '../formats/codecs.ts';
import { MAX_DEPTH, type PushedEvent, readPushedBody } from '../formats/custom-http.ts';
import { eventTypeOf } from '../formats/event-type.ts';
import { readPushLog } from '../formats/push-log.ts';
import { type AvroEncoder, place } from './avro-encoder.ts';
import type { Adjusted } from './dynamic.ts';
import { mapRecord, type SourceRecord } from './mapper.ts';
import type { Mapping } from './mapping.ts';
import { parseJson, stringifyJson } from './values.ts';

/** Counted under this name when nothing tells the event type. */
export const UNKNOWN_TYPE = 'unknown';

/** Cause of the dead letter of a pushed event that has no type. */
export const NO_EVENT_TYPE = 'no_event_type';

/** Of a block that can't be read, this much is kept in its dead letter; of a push all, since there is no file to go back to. */
const MAX_KEPT_BYTES = 8 * 1024 * 1024;

/** Reads the slices of a source as pieces that know how to map themselves. */
export function createUnpack(source: Source, mapping: Mapping): Unpack {
  return (slice, from, signal) => {
    switch (slice.format) {
      case 'avro':
        return avroPieces(source, mapping, slice, from.offset, signal);
      case 'push-log':
        return loggedPieces(source, mapping, slice, from.offset, signal);
      case 'custom-http':
        return pushedPieces(source, mapping, slice, signal);
    }
  };
}

async function* avroPieces(
  source: Source,
  mapping: Mapping,
  slice: Slice,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<Piece> {
  const container = await openContainer((offset) => source.open(slice, offset, signal), {
    slice: slice.id,
    from,
  });
  const { header } = container;
  const eventType = eventTypeOf(header.schema, slice.id) ?? UNKNOWN_TYPE;
  let encoder: AvroEncoder;
  try {
    encoder = mapping.avro(header.schemaText, header.schema, eventType);
  } catch (error) {
    await container.close();
    if (!(error instanceof SluiceError)) throw error;
    throw new SliceError(
      error.code,
      `${error.message} (${slice.id}, byte 0)`,
      { slice: slice.id, offset: 0 },
      { cause: error, ...(error.hint !== undefined && { hint: error.hint }) },
    );
  }
  for await (const item of container.items) yield pieceOf(item, encoder, slice);
}

function pieceOf(item: ContainerBlock | Damage, encoder: AvroEncoder, slice: Slice): Piece {
  const { eventType, skip } = encoder.plan;
  if (item.kind === 'damage')
    return unreadable(
      item,
      { cause: item.code, detail: item.message, bytes: item.bytes },
      eventType,
      slice,
    );
  if (skip !== undefined)
    return { ...skipped(item, skip, eventType), sources: () => decoded(item, encoder) };
  let data: Uint8Array;
  try {
    data = item.data();
  } catch (error) {
    if (!(error instanceof BlockError)) throw error;
    const detail = `${error.message}, at byte ${item.offset}; it declares ${item.count} records`;
    return unreadable(item, { cause: error.code, detail, bytes: item.stored }, eventType, slice);
  }
  if (!encoder.holds(data, item.count)) {
    const detail = `a block does not hold the ${item.count} records it declares, at byte ${item.offset}`;
    return unreadable(
      item,
      { cause: 'corrupt_block', detail, bytes: item.stored },
      eventType,
      slice,
    );
  }
  return {
    offset: item.offset,
    next: item.next,
    records: item.count,
    encode: encoder.open(data, item.count, slice),
    sources: () => encoder.decode(data, item.count),
  };
}

/** Nobody needs the records of a type that is not wanted, but for a person who asks to see them. */
function decoded(item: ContainerBlock, encoder: AvroEncoder): Iterable<SourceRecord> {
  const data = item.data();
  return encoder.holds(data, item.count) ? encoder.decode(data, item.count) : [];
}

/** Records of a type that is not wanted: counted by what the block declares, never decompressed. */
function skipped(block: ContainerBlock, reason: string, eventType: string): Piece {
  return {
    offset: block.offset,
    next: block.next,
    records: block.count,
    encode(from, _first, batch) {
      const n = block.count - from;
      const tally = batch.tally(eventType);
      tally.read += n;
      tally.skipped[reason] = (tally.skipped[reason] ?? 0) + n;
      batch.records += n;
      return block.count;
    },
  };
}

/** A stretch whose records can't be told apart: it counts as one record, which becomes one dead letter. */
function unreadable(
  place: { offset: number; next: number },
  why: { cause: string; detail: string; bytes: Uint8Array },
  eventType: string,
  slice: Slice,
  keep = MAX_KEPT_BYTES,
): Piece {
  return {
    offset: place.offset,
    next: place.next,
    records: 1,
    encode(_from, first, batch) {
      const tally = batch.tally(eventType);
      tally.read++;
      tally.deadLetters++;
      batch.records++;
      batch.bury({
        slice: slice.id,
        version: slice.version,
        record: first,
        eventType,
        cause: why.cause,
        detail: why.detail,
        kind: 'bytes',
        // A copy: `slice` of a Buffer would share the bytes, which the next block overwrites.
        payload: new Uint8Array(why.bytes.subarray(0, keep)),
      });
      return 1;
    },
  };
}

async function* pushedPieces(
  source: Source,
  mapping: Mapping,
  slice: Slice,
  signal: AbortSignal,
): AsyncGenerator<Piece> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source.open(slice, 0, signal)) chunks.push(Buffer.from(chunk));
  const body = Buffer.concat(chunks);
  yield pushedPiece(body, { offset: 0, next: body.length }, mapping, slice);
}

async function* loggedPieces(
  source: Source,
  mapping: Mapping,
  slice: Slice,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<Piece> {
  for await (const item of readPushLog(source.open(slice, from, signal), from)) {
    if (item.kind === 'frame') yield pushedPiece(item.body, item, mapping, slice);
    else {
      const why = { cause: item.code, detail: item.message, bytes: item.bytes };
      yield unreadable(item, why, UNKNOWN_TYPE, slice, Infinity);
    }
  }
}

function pushedPiece(
  body: Uint8Array,
  { offset, next: end }: { offset: number; next: number },
  mapping: Mapping,
  slice: Slice,
): Piece {
  let events: PushedEvent[];
  try {
    events = readPushedBody(body, parseJson);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    const why = { cause: error.code, detail: error.message, bytes: body };
    const eventType = slice.eventType ?? UNKNOWN_TYPE;
    return unreadable({ offset, next: end }, why, eventType, slice, Infinity);
  }
  const isMended = !isUtf8(body);
  return {
    offset,
    next: end,
    records: events.length,
    encode(from, first, batch) {
      let next = from;
      for (; next < events.length && !batch.isFull; next++) {
        const at = { number: first + next, slice, isMended };
        if (!mapPushed(events[next]!, at, mapping, batch)) break;
        batch.records++;
      }
      return next;
    },
    sources: () => events.map(({ record }) => record),
  };
}

/** False when the event does not fit any more. `isMended`: bytes of the body that were no UTF-8 became U+FFFD. */
function mapPushed(
  { eventType, record, tooDeep }: PushedEvent,
  { number, slice, isMended }: { number: number; slice: Slice; isMended: boolean },
  mapping: Mapping,
  batch: Batch,
): boolean {
  if (tooDeep !== undefined || eventType === undefined) {
    const plan = eventType === undefined ? undefined : mapping.pushed(eventType, []);
    const tally = batch.tally(plan?.eventType ?? UNKNOWN_TYPE);
    tally.read++;
    if (plan?.skip !== undefined) {
      bump(tally.skipped, plan.skip);
      return true;
    }
    tally.deadLetters++;
    batch.bury({
      slice: slice.id,
      version: slice.version,
      record: number,
      eventType: plan?.eventType ?? UNKNOWN_TYPE,
      ...(tooDeep === undefined
        ? {
            cause: NO_EVENT_TYPE,
            detail: 'the pushed event is no object with an event_type',
            kind: 'record',
            payload: Buffer.from(stringifyJson(record)),
          }
        : {
            cause: 'too_deep',
            detail: `the pushed event is nested more than ${MAX_DEPTH} levels deep`,
            kind: 'bytes',
            payload: tooDeep,
          }),
    });
    return true;
  }
  const plan = mapping.pushed(eventType, Object.keys(record));
  const adjusted: Adjusted = {};
  const outcome = mapRecord(plan, record, mapping.context, adjusted);
  if (isMended && stringifyJson(record).includes('\ufffd')) bump(adjusted, 'invalid_utf8');
  const tally = batch.tally(plan.eventType);
  const placed = place(outcome, { plan, record, number, slice, adjusted }, batch, tally);
  if (placed) tally.read++;
  return placed;
}
