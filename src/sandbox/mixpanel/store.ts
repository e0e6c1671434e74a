import { hash } from 'node:crypto';
import { KeyTable } from './key-table.ts';
import type { Switches } from './switches.ts';
import type { Identity } from './validate.ts';

/** One event as it was received. */
export interface StoredEvent {
  readonly text: string;
  /** Size of the text in bytes. */
  readonly bytes: number;
  /** Time of the event, milliseconds since the epoch; not after `receivedAt`. */
  readonly time: number;
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
  /** Whether it is located by the request's address when it has no `ip`. */
  readonly usesRequestIp: boolean;
  /** Number of the event in the order of ingestion, from 0. */
  readonly sequence: number;
}

export interface EventCounts {
  /** Events taken in, repeats included. */
  ingested: number;
  /** Events that are left when repeats are dropped. */
  distinct: number;
}

/** The accepted events of one request, one after the other in `bytes`. */
interface Chunk {
  readonly bytes: Buffer;
  /** For each event: where it ends. */
  readonly ends: Uint32Array;
  readonly times: Float64Array;
  readonly first: number;
  readonly receivedAt: number;
  readonly usesRequestIp: boolean;
}

const CHUNK_OVERHEAD = 512;
/** Event names that are counted one by one, as many as Mixpanel indexes; whoever makes up names must not fill memory. */
const MAX_NAMES = 5000;
/** Under which all events with further names are counted. */
const OTHER_NAMES = '(other names)';
const DAY_MS = 86_400_000;

function sizeOf(chunk: Chunk): number {
  return chunk.bytes.length + chunk.times.length * 12 + CHUNK_OVERHEAD;
}

/** What Mixpanel takes repeats to have in common. */
export function dedupeKey(identity: Identity, rule: Switches['dedupe']): Buffer {
  const when = rule === 'same-day' ? Math.floor(identity.time / DAY_MS) : identity.time;
  const parts = [identity.name, identity.distinctId, when, identity.insertId];
  return hash('sha256', JSON.stringify(parts), 'buffer');
}

/**
 * Keeps events as the bytes they came in, up to a bound: beyond it the oldest go, but stay counted. Repeats are kept
 * and told apart by key, as Mixpanel does.
 */
export class EventStore {
  readonly maxBytes: number;
  /** Events taken in since the store was made; `clear` does not reset it. */
  everIngested = 0;
  ingested = 0;
  distinct = 0;
  duplicates = 0;
  /** Events that came when the table of keys was full: neither distinct nor duplicates. */
  untracked = 0;
  droppedEvents = 0;
  storedBytes = 0;
  /** Time of the newest event, milliseconds since the epoch; undefined when there was none. */
  newestTime: number | undefined;
  readonly byEvent = new Map<string, EventCounts>();
  #chunks: Chunk[] = [];
  readonly #keys: KeyTable;

  constructor(maxBytes: number, maxKeys: number) {
    this.maxBytes = maxBytes;
    this.#keys = new KeyTable(maxKeys);
  }

  /** Takes in the accepted events of one request. */
  add(
    events: readonly { bytes: Uint8Array; identity: Identity }[],
    request: { receivedAt: number; usesRequestIp: boolean; dedupe: Switches['dedupe'] },
  ): void {
    if (events.length === 0) return;
    const total = events.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const chunk: Chunk = {
      bytes: Buffer.allocUnsafeSlow(total),
      ends: new Uint32Array(events.length),
      times: new Float64Array(events.length),
      first: this.ingested,
      receivedAt: request.receivedAt,
      usesRequestIp: request.usesRequestIp,
    };
    let end = 0;
    for (const [index, { bytes, identity }] of events.entries()) {
      chunk.bytes.set(bytes, end);
      end += bytes.length;
      chunk.ends[index] = end;
      chunk.times[index] = identity.time;
      this.newestTime = Math.max(this.newestTime ?? identity.time, identity.time);
      this.#count(identity.name, dedupeKey(identity, request.dedupe));
    }
    this.#chunks.push(chunk);
    this.storedBytes += sizeOf(chunk);
    this.#dropOldest();
  }

  #count(name: string, key: Buffer): void {
    const outcome = this.#keys.set(key, this.ingested);
    const shown = this.byEvent.has(name) || this.byEvent.size < MAX_NAMES ? name : OTHER_NAMES;
    let counts = this.byEvent.get(shown);
    if (!counts) this.byEvent.set(shown, (counts = { ingested: 0, distinct: 0 }));
    this.ingested++;
    this.everIngested++;
    counts.ingested++;
    if (outcome === 'new') {
      this.distinct++;
      counts.distinct++;
    } else if (outcome === 'replaced') this.duplicates++;
    else this.untracked++;
  }

  #dropOldest(): void {
    let dropped = 0;
    while (this.storedBytes > this.maxBytes && dropped < this.#chunks.length) {
      const chunk = this.#chunks[dropped++]!;
      this.storedBytes -= sizeOf(chunk);
      this.droppedEvents += chunk.ends.length;
    }
    if (dropped > 0) this.#chunks = this.#chunks.slice(dropped);
  }

  /** The stored events in the order of ingestion whose time lies in [from, to), in milliseconds since the epoch. */
  *events(from = -Infinity, to = Infinity): Generator<StoredEvent> {
    for (const chunk of this.#chunks) {
      for (const [index, time] of chunk.times.entries()) {
        if (time < from || time >= to) continue;
        const start = index === 0 ? 0 : chunk.ends[index - 1]!;
        const end = chunk.ends[index]!;
        yield {
          text: chunk.bytes.toString('utf8', start, end),
          bytes: end - start,
          time,
          receivedAt: chunk.receivedAt,
          usesRequestIp: chunk.usesRequestIp,
          sequence: chunk.first + index,
        };
      }
    }
  }

  /** Whether no later event has the same key. */
  isLatest(sequence: number, key: Buffer): boolean {
    return (this.#keys.get(key) ?? sequence) === sequence;
  }

  clear(): void {
    this.#chunks = [];
    this.#keys.clear();
    this.byEvent.clear();
    this.ingested = this.distinct = this.duplicates = this.untracked = 0;
    this.droppedEvents = this.storedBytes = 0;
    this.newestTime = undefined;
  }
}
