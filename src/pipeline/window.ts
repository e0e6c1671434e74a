import { addHours, hourOf } from '../core/hours.ts';
import type { ListingState } from '../core/ledger.ts';
import type { Window } from '../core/source.ts';

export interface WindowOptions {
  readonly listing: ListingState;
  /** Nothing of earlier hours is wanted by the user. */
  readonly since?: string;
  /** Hours before the newest one seen in which late files may still turn up. */
  readonly lookBackHours: number;
  readonly wants?: (eventType: string) => boolean;
}

/**
 * From where to list: a look-back before the newest hour that is settled, never before what the ledger has forgotten;
 * and the slices that are not settled to their end, whatever their hour.
 */
export function nextWindow({ listing, since, lookBackHours, wants }: WindowOptions): Window {
  const { newestHour, prunedBefore, open } = listing;
  const bounds = [
    since,
    prunedBefore,
    newestHour === undefined ? undefined : addHours(newestHour, -lookBackHours),
  ].filter((each) => each !== undefined);
  const from = bounds.toSorted().at(-1);
  return {
    ...(from === undefined ? {} : { since: from }),
    ...(open.length === 0 ? {} : { again: open }),
    ...(wants === undefined ? {} : { wants }),
  };
}

/**
 * The newest hour to remember after a complete listing; undefined when there is nothing to change. It comes from the
 * data and not from the clock, which may jump; but a name that lies in the future must not hide what is yet to come.
 */
export function hourToNote(
  seen: string | undefined,
  before: string | undefined,
  now: number,
): string | undefined {
  if (seen === undefined) return undefined;
  const hour = [seen, hourOf(now)].toSorted()[0]!;
  return before === undefined || hour > before ? hour : undefined;
}

/** The UTC days of a stretch of hours, each as a window; the last ends at `until`. */
export function daysOf(since: string, until: string): { since: string; until: string }[] {
  const days: { since: string; until: string }[] = [];
  for (let from = since; from < until;) {
    const midnight = addHours(`${from.slice(0, 10)}-00`, 24);
    const to = midnight < until ? midnight : until;
    days.push({ since: from, until: to });
    from = to;
  }
  return days;
}
