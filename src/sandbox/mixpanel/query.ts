import { identityOfStored, presentEvent, type SandboxEvent } from './present.ts';
import { dedupeKey, type EventStore } from './store.ts';
import type { Switches } from './switches.ts';

export interface EventFilter {
  /** Event name. Left out: all. */
  readonly event?: string;
  /** At most so many. Left out: all. */
  readonly limit?: number;
}

/** The distinct events as a query would see them: of those with the same key, the one that was ingested last. */
export function* distinctEvents(
  store: EventStore,
  switches: Switches,
  { event, limit = Number.MAX_VALUE }: EventFilter,
): Generator<SandboxEvent> {
  let left = limit;
  for (const stored of store.events()) {
    if (left <= 0) return;
    const shown = presentEvent(stored, switches);
    if (event !== undefined && shown.event !== event) continue;
    const key = dedupeKey(identityOfStored(stored, shown), switches.dedupe);
    if (!store.isLatest(stored.sequence, key)) continue;
    left--;
    yield shown;
  }
}
