import type { CohortImportStatus } from '../core/cohorts.ts';
import type { ConnectionState } from '../core/connections.ts';

/** Keeps what is known of one import and says it in the words that users see. */
export interface ImportTracker {
  received(): void;
  written(): void;
  busy(): void;
  idle(): void;
  retrying(detail: string): void;
  halted(detail: string, hint: string): void;
  paused(): void;
  status(): CohortImportStatus;
}

/** `now`: milliseconds since the epoch. `before`: what was known when the service last ran. */
export function createImportTracker(
  name: string,
  now: () => number,
  before?: Pick<CohortImportStatus, 'writtenAt' | 'receivedAt'>,
): ImportTracker {
  let state: ConnectionState = { kind: 'idle' };
  let { writtenAt, receivedAt } = before ?? { writtenAt: null, receivedAt: null };
  const isTrouble = (): boolean => state.kind === 'retrying' || state.kind === 'halted';
  const since = (kind: 'retrying' | 'halted'): number =>
    state.kind === kind ? state.since : now();
  return {
    received() {
      receivedAt = now();
    },
    written() {
      writtenAt = now();
      state = { kind: 'active' };
    },
    busy() {
      // What was wrong stays said until something is written or the pass ends well.
      if (!isTrouble()) state = { kind: 'active' };
    },
    idle() {
      state = { kind: 'idle' };
    },
    retrying(detail) {
      state = { kind: 'retrying', since: since('retrying'), detail };
    },
    halted(detail, hint) {
      state = { kind: 'halted', since: since('halted'), detail, hint };
    },
    paused() {
      state = { kind: 'paused' };
    },
    status: () => ({ import: name, state, writtenAt, receivedAt, at: now() }),
  };
}
