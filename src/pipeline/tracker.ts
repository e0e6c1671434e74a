import type { Advance } from '../core/batch.ts';
import type { ConnectionState, ConnectionStatus } from '../core/connections.ts';
import { addCounts, type Counts, skippedOf, totalOf } from '../core/counts.ts';
import type { Slice } from '../core/source.ts';

/** Keeps what is known of one connection and says it in the words that users see. */
export interface Tracker {
  /** A pass begins. What was wrong stays said until something is settled or the pass ends well. */
  pass(): void;
  /** `from`: byte from which it is read. */
  opened(slice: Slice, from: number): void;
  settled(advances: readonly Advance[]): void;
  retrying(detail: string): void;
  /** All that is left to read was counted. */
  backlog(bytes: number): void;
  idle(): void;
  halted(detail: string, hint: string): void;
  paused(): void;
  status(): ConnectionStatus;
}

export interface TrackerOptions {
  readonly connection: string;
  /** Wall clock in milliseconds. */
  readonly now: () => number;
  /** When the oldest data that waits was received, where the source knows it without being listed. */
  readonly oldestWaiting?: () => number | undefined;
  /** What was known when the service last ran. */
  readonly before?: Pick<ConnectionStatus, 'deliveredAt' | 'receivedAt'>;
  /** Slices that could not be read to their end so far. */
  readonly problems?: readonly string[];
}

export function createTracker(options: TrackerOptions): Tracker {
  const { connection, now } = options;
  const counts: Counts = new Map();
  /** Slices being read, with when they were written and how far they are. */
  const open = new Map<string, { writtenAt: number | undefined; offset: number }>();
  const problems = new Set<string>(options.problems);
  let state: ConnectionState = { kind: 'idle' };
  let { deliveredAt, receivedAt } = options.before ?? { deliveredAt: null, receivedAt: null };
  let backlog: { left: number; bytes: number; since: number } | undefined;

  const status = (): ConnectionStatus => {
    const total = totalOf(counts);
    const at = now();
    const waiting = [options.oldestWaiting?.(), ...[...open.values()].map((each) => each.writtenAt)]
      .filter((each) => each !== undefined)
      .toSorted((a, b) => a - b);
    return {
      connection,
      state: state.kind === 'active' ? progressOf(at) : state,
      // A clock that was set back would make it negative.
      lagSeconds: waiting.length === 0 ? 0 : Math.max(0, Math.round((at - waiting[0]!) / 1000)),
      deliveredAt,
      receivedAt,
      read: total.read,
      delivered: total.delivered,
      skipped: skippedOf(total),
      deadLetters: total.deadLetters,
      problems: problems.size,
      at,
    };
  };

  const progressOf = (at: number): ConnectionState => {
    if (!backlog || backlog.left <= 0) return { kind: 'active' };
    const seconds = (at - backlog.since) / 1000;
    const rate = seconds > 0 ? backlog.bytes / seconds : 0;
    return {
      kind: 'catching-up',
      bytesLeft: backlog.left,
      ...(rate > 0 ? { secondsLeft: Math.ceil(backlog.left / rate) } : {}),
    };
  };

  return {
    pass() {
      backlog = undefined;
      if (state.kind === 'paused') state = { kind: 'idle' };
    },
    opened(slice, from) {
      open.set(slice.id, { writtenAt: slice.writtenAt, offset: from });
      receivedAt = Math.max(receivedAt ?? 0, slice.writtenAt ?? now());
      if (state.kind === 'idle') state = { kind: 'active' };
    },
    settled(advances) {
      for (const { slice, position, done, problem, counts: advanced } of advances) {
        addCounts(counts, advanced);
        const known = open.get(slice.id);
        const moved = position.offset - (known?.offset ?? position.offset);
        if (known) known.offset = position.offset;
        if (backlog) {
          backlog.left -= moved;
          backlog.bytes += moved;
        }
        if (done || problem !== undefined) open.delete(slice.id);
        if (done) problems.delete(slice.id);
        else if (problem !== undefined) problems.add(slice.id);
        if (totalOf(advanced).delivered > 0) deliveredAt = now();
      }
      state = { kind: 'active' };
    },
    retrying(detail) {
      const since = state.kind === 'retrying' ? state.since : now();
      state = { kind: 'retrying', since, detail };
    },
    backlog(bytes) {
      backlog = { left: bytes, bytes: 0, since: now() };
    },
    idle() {
      // What was opened and is neither settled nor at fault belongs to a pass that ended early.
      open.clear();
      backlog = undefined;
      state = { kind: 'idle' };
    },
    halted(detail, hint) {
      const since = state.kind === 'halted' ? state.since : now();
      state = { kind: 'halted', since, detail, hint };
    },
    paused() {
      open.clear();
      state = { kind: 'paused' };
    },
    status,
  };
}
