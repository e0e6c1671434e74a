import { type CohortLine, type CohortName, keyOfUser } from '../core/cohorts.ts';
import type { Body, Rejection } from '../core/sink.ts';

/** A rejection of this cause stays one until the user or the cohort changes; see also `REFUSED`. */
export const REFUSED_FOR_GOOD = 'refused_for_good';
/** The same change may be taken later. */
export const REFUSED = 'refused';

/** A change with the place of its line in the body. */
export interface PlacedChange extends CohortLine {
  readonly line: number;
}

/** A body of lines as they are: what goes over the wire is built from them each time, so that no secret waits in it. */
export function bodyOf(lines: Uint8Array, events: number): Body {
  return { events, bytes: lines.length, wire: Buffer.from(lines) };
}

/**
 * The changes of a body, in their order. Of a user that is named more than once, the last alone: destinations don't
 * promise to keep the order within a request.
 */
export function changesOf({ wire }: Body): { cohort: CohortName; changes: PlacedChange[] } {
  const last = new Map<string, PlacedChange>();
  let cohort: CohortName | undefined;
  const texts = Buffer.from(wire.buffer, wire.byteOffset, wire.length).toString('utf8').split('\n');
  for (const [line, text] of texts.entries()) {
    if (text === '') continue;
    const change = JSON.parse(text) as CohortLine;
    cohort ??= change.cohort;
    if (change.cohort.id !== cohort.id) throw new Error('a body with changes of two cohorts');
    const key = keyOfUser(change.user);
    last.delete(key);
    last.set(key, { ...change, line });
  }
  if (!cohort) throw new Error('a body without changes');
  return { cohort, changes: [...last.values()] };
}

export function rejectionsOf(
  changes: readonly PlacedChange[],
  cause: string,
  detail: string,
): Rejection[] {
  return changes.map(({ line }) => ({ index: line, cause, detail }));
}
