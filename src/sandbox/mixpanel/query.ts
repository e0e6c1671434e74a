import { identityOfStored, presentEvent, type SandboxEvent } from './present.ts';
import { dedupeKey, type EventStore } from './store.ts';
import type { Switches } from './switches.ts';

export interface EventFilter {
  /** Event name. Left out: all. */
  readonly event?: string;
  /** At most so many. Left out: all. */
  readonly limit?: number;
  /** Only those from this time on, in milliseconds since the epoch … */
  readonly from?: number;
  /** … and before this. */
  readonly to?: number;
}

/** The distinct events as a query would see them: of those with the same key, the one that was ingested last. */
export function* distinctEvents(
  store: EventStore,
  switches: Switches,
  { event, limit = Number.MAX_VALUE, from, to }: EventFilter,
): Generator<SandboxEvent> {
  let left = limit;
  for (const stored of store.events(from, to)) {
    if (left <= 0) return;
    if (event !== undefined && !mayBeNamed(stored.text, event)) continue;
    const shown = presentEvent(stored, switches);
    if (event !== undefined && shown.event !== event) continue;
    const key = dedupeKey(identityOfStored(stored, shown), switches.dedupe);
    if (!store.isLatest(stored.sequence, key)) continue;
    left--;
    yield shown;
  }
}

/** False only for events that have another name, told without parsing: cohorts look at all events again and again. */
function mayBeNamed(text: string, name: string): boolean {
  // The last quote is left out because the name of a stored event may go on beyond what is shown of it.
  return text.includes(JSON.stringify(name).slice(0, -1)) || text.includes('\\');
}
