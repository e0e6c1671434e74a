import { type Counts, countsOf, type TypeCounts } from './counts.ts';
import type { DeadLetter } from './dead-letter.ts';
import type { Position, Slice } from './source.ts';

/** How far a batch moves one slice forward, and what became of the records in between. */
export interface Advance {
  readonly slice: Slice;
  /** Everything before this place is settled once the batch is. */
  position: Position;
  /** The slice was read to its end. */
  done: boolean;
  /** Why the slice could not be read further. */
  problem?: string;
  readonly counts: Counts;
}

/** Events of one type that follow each other in one slice. */
export interface Stretch {
  events: number;
  readonly advance: Advance;
  /** Currents type. */
  readonly eventType: string;
  /** Number in the slice of the record from which counting starts. */
  readonly first: number;
  /** Of each event, its record, counted from `first`; left out where they follow each other without a gap. */
  readonly numbers: Uint32Array | undefined;
}

export interface BatchLimits {
  /** Events a request. */
  readonly events: number;
  /** Bytes of JSON a request, before compression. */
  readonly bytes: number;
  /** Records passed a batch, whatever became of them; so that skipped records settle too. None: no bound. */
  readonly records?: number;
}

/** A batch is sealed once it holds this much of dead letters, so that a file of nothing else stays in memory's bounds. */
const DEAD_LETTER_BYTES = 8 * 1024 * 1024;

/**
 * A request in the making: JSON lines (one event a line, each ended by `\n`), where every line came from,
 * and what its settling will write to the ledger. `delivered` is not counted here: the sink's answer decides.
 */
export class Batch {
  readonly limits: BatchLimits;
  buffer: Uint8Array;
  /** Bytes used in `buffer`. */
  length = 0;
  /** Lines in `buffer`. */
  events = 0;
  /** Records passed so far, whatever became of them. */
  records = 0;
  readonly advances: Advance[] = [];
  readonly deadLetters: DeadLetter[] = [];
  #deadLetterBytes = 0;
  /** Where the events came from, in their order. */
  readonly stretches: Stretch[] = [];

  constructor(limits: BatchLimits, buffer: Uint8Array) {
    this.limits = limits;
    this.buffer = buffer;
  }

  get isEmpty(): boolean {
    return this.advances.length === 0;
  }

  get isFull(): boolean {
    return (
      this.events >= this.limits.events ||
      this.records >= (this.limits.records ?? Number.MAX_VALUE) ||
      this.#deadLetterBytes >= DEAD_LETTER_BYTES
    );
  }

  /** Keeps a record that can't be sent. Counting it is the caller's part. */
  bury(letter: DeadLetter): void {
    this.deadLetters.push(letter);
    this.#deadLetterBytes += letter.payload.length;
  }

  /** Starts or goes on with a slice; what follows is counted there. */
  enter(slice: Slice, position: Position): Advance {
    const last = this.advances.at(-1);
    if (last && last.slice.id === slice.id && last.slice.version === slice.version) return last;
    const advance: Advance = { slice, position, done: false, counts: new Map() };
    this.advances.push(advance);
    return advance;
  }

  /** The counts of one event type in the slice entered last. */
  tally(eventType: string): TypeCounts {
    const advance = this.advances.at(-1);
    if (!advance) throw new Error('tally before enter');
    return countsOf(advance.counts, eventType);
  }

  /** Makes room for `bytes` more. False when that would pass the limit: seal the batch first. */
  reserve(bytes: number): boolean {
    const needed = this.length + bytes;
    if (needed > this.limits.bytes) return false;
    if (needed > this.buffer.length) {
      const grown = Buffer.allocUnsafeSlow(
        Math.min(this.limits.bytes, Math.max(needed, this.buffer.length * 2)),
      );
      grown.set(this.buffer.subarray(0, this.length));
      this.buffer = grown;
    }
    return true;
  }

  /** Counts in a line that was written at `length`; `end` is the place after its `\n`. */
  commit(end: number, record: number, eventType: string): void {
    this.length = end;
    this.#note(1, record, undefined, eventType);
  }

  /** Counts in whole lines and copies them; `numbers`: of each, which record it is, counted from `first`. */
  append(lines: Uint8Array, numbers: Uint32Array, first: number, eventType: string): void {
    if (numbers.length === 0) return;
    if (!this.reserve(lines.length)) throw new Error('append past the limit of a batch');
    this.buffer.set(lines, this.length);
    this.length += lines.length;
    const hasGaps = numbers.at(-1)! !== numbers[0]! + numbers.length - 1;
    if (hasGaps) this.#note(numbers.length, first, numbers.slice(), eventType);
    else this.#note(numbers.length, first + numbers[0]!, undefined, eventType);
  }

  /** Where an event came from. */
  placeOf(event: number): { advance: Advance; eventType: string; record: number } {
    let before = 0;
    for (const { events, advance, eventType, first, numbers } of this.stretches) {
      const i = event - before;
      if (i < events) return { advance, eventType, record: first + (numbers ? numbers[i]! : i) };
      before += events;
    }
    throw new RangeError(`no event ${event} in a batch of ${this.events}`);
  }

  #note(events: number, first: number, numbers: Uint32Array | undefined, eventType: string): void {
    const advance = this.advances.at(-1);
    if (!advance) throw new Error('an event before enter');
    this.events += events;
    const last = this.stretches.at(-1);
    const goesOn =
      last?.advance === advance &&
      last.eventType === eventType &&
      !last.numbers &&
      !numbers &&
      last.first + last.events === first;
    if (goesOn) last.events += events;
    else this.stretches.push({ events, advance, eventType, first, numbers });
  }

  /** The JSON lines, valid until the buffer is used again. */
  get lines(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }
}
