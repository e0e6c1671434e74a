import {
  type CohortChange,
  type CohortName,
  type Cohorts,
  type CohortSink,
  lineOfChange,
} from '../core/cohorts.ts';
import { type Delivery, deliver, type DeliverOptions } from '../pipeline/deliver.ts';
import { DEFAULT_BACKOFF } from '../pipeline/retry.ts';

/** Users that a sink refused are tried again after so many first waits: 10 minutes, unless they are refused for good. */
const AGAIN_WAITS = 300;
/** Requests that a claim is good for, for each that may be under way: what is settled together. */
const REQUESTS_EACH = 8;
/** Lines of one claim at most, whatever a request may hold. */
const MOST = 10_000;
/** The cause by which sinks tell that nothing but a change of the user helps. */
const FOR_GOOD = 'refused_for_good';

export interface WriteParts {
  readonly cohorts: Pick<Cohorts, 'claim' | 'settle'>;
  readonly sink: CohortSink;
  readonly delivery: DeliverOptions;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly onWritten?: (adds: number, removes: number, refused: number) => void;
}

export type Written =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'some'; readonly users: number }
  | { readonly kind: 'halted'; readonly detail: string };

/**
 * Writes the next users of a cohort. Rejects with the signal's reason when it is aborted; then whoever was under way
 * stays in doubt and is written again.
 */
export async function writeNext(
  { cohorts, sink, delivery, now, onWritten }: WriteParts,
  id: number,
  cohort: CohortName,
  what: { readonly removes: true | 'approved'; readonly writtenBefore: number },
): Promise<Written> {
  const size = sink.limits.events;
  const limit = Math.max(size, Math.min(MOST, size * sink.perCohort * REQUESTS_EACH));
  const changes = await cohorts.claim(id, { ...what, limit });
  if (changes.length === 0) return { kind: 'nothing' };
  const waiting = Array.from({ length: Math.ceil(changes.length / size) }, (_, i) =>
    changes.slice(i * size, (i + 1) * size),
  );
  const settled: Parameters<Cohorts['settle']>[1][number][] = [];
  const againMs = AGAIN_WAITS * (delivery.backoff ?? DEFAULT_BACKOFF).baseMs;
  let halted: string | undefined;

  const send = async (): Promise<void> => {
    for (let some = waiting.shift(); some && halted === undefined; some = waiting.shift()) {
      const lines = Buffer.from(some.map((each) => lineOfChange(cohort, each)).join(''));
      const delivered = await deliver(sink, lines, some.length, delivery);
      if (delivered.kind === 'halt') halted = delivered.detail;
      else settled.push(...outcomes(some, delivered, now() + againMs));
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: sink.perCohort }, send));
  // What was taken is settled, whatever became of the rest.
  if (settled.length > 0) {
    await cohorts.settle(id, settled, now());
    const taken = settled.filter((each) => !each.refused);
    const adds = taken.filter(({ member }) => member).length;
    onWritten?.(adds, taken.length - adds, settled.length - taken.length);
  }
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return halted === undefined
    ? { kind: 'some', users: changes.length }
    : { kind: 'halted', detail: halted };
}

function outcomes(
  changes: readonly CohortChange[],
  delivered: Extract<Delivery, { kind: 'settled' }>,
  againAt: number,
): Parameters<Cohorts['settle']>[1][number][] {
  const refused = new Map(delivered.rejections.map((each) => [each.index, each]));
  return changes.map((change, i) => {
    const rejection = refused.get(i);
    if (!rejection) return change;
    const { cause, detail } = rejection;
    return {
      ...change,
      refused: { detail, againAt: cause === FOR_GOOD ? null : againAt },
    };
  });
}
