import { setImmediate } from 'node:timers/promises';
import type { CohortNow, Cohorts, CohortSink, OpenCohort } from '../core/cohorts.ts';
import { SluiceError } from '../core/errors.ts';
import type { DeliverOptions } from '../pipeline/deliver.ts';
import type { PassOutcome, PassSignals, Work } from '../pipeline/loop.ts';
import { type GuardSettings, judge } from './guard.ts';
import type { ImportTracker } from './status.ts';
import { writeNext } from './write.ts';

/** Everything that an import is made of, opened. */
export interface ImportParts {
  readonly name: string;
  readonly cohorts: Cohorts;
  readonly sink: CohortSink;
  readonly settings: CohortNow;
  readonly guard: GuardSettings;
  /** Between two writes of a user in a cohort, in milliseconds. */
  readonly spacingMs: number;
  /** A sync whose pages stopped coming is given up after so long. */
  readonly expireMs: number;
  /** Cohorts that the destination has room for; left out: any number. */
  readonly room?: number;
  readonly delivery: Pick<DeliverOptions, 'rateLimit' | 'backoff'>;
  readonly tracker: ImportTracker;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly onWritten?: (adds: number, removes: number, refused: number) => void;
}

const POLL_MS = 1000;

/** Takes in what was received: no network, so it goes on while Braze is down. `onApplied`: there may be something to write. */
export function applyingWork(parts: ImportParts, onApplied: () => void): Work {
  const { name, cohorts, settings, now } = parts;
  return {
    name,
    pollMs: POLL_MS,
    async pass({ drain }) {
      await cohorts.expire(name, now() - parts.expireMs, now());
      for (const { id, toApply } of await cohorts.open(name, settings, now())) {
        if (!toApply) continue;
        while (!drain.aborted && (await cohorts.apply(id, settings, now()))) await setImmediate();
        onApplied();
      }
      return { kind: 'finished' };
    },
    close: () => Promise.resolve(),
  };
}

/** Brings what changed to Braze, cohort by cohort, a bounded piece of each at a time. */
export function writingWork(parts: ImportParts, onArrival: NonNullable<Work['onArrival']>): Work {
  const { name, cohorts, sink, settings, now } = parts;
  return {
    name,
    pollMs: POLL_MS,
    onArrival,
    async pass(signals): Promise<PassOutcome> {
      const full = await beyondRoom(parts);
      let more = false;
      for (const cohort of await cohorts.open(name, settings, now())) {
        if (signals.drain.aborted) break;
        const outcome = await visit(parts, cohort, full.has(cohort.id), signals);
        if (outcome.kind === 'halted') return outcome;
        more ||= outcome.kind === 'more';
      }
      return { kind: more ? 'more' : 'finished' };
    },
    close: () => sink.close(),
  };
}

async function visit(
  parts: ImportParts,
  { id, name: cohort, toAnnounce, isMoving, held }: OpenCohort,
  isFull: boolean,
  signals: PassSignals,
): Promise<PassOutcome> {
  const { cohorts, guard, now, tracker } = parts;
  if (isMoving) return { kind: 'finished' };
  // That takes its time: what is pending afterwards is what is judged.
  if (toAnnounce) {
    const halted = await announce(parts, id, cohort, signals);
    if (halted) return halted;
  }
  const pending = await cohorts.pending(id);
  const heldFull = held?.why === 'full' ? held : null;
  const { removes, hold } = isFull
    ? { removes: 'approved' as const, hold: full(pending.inBraze, heldFull?.since ?? now()) }
    : judge(pending, guard, heldFull ? null : held, now());
  if (JSON.stringify(hold) !== JSON.stringify(held)) await cohorts.hold(id, hold);
  const waiting = removes === 'approved' ? pending.unapproved : 0;
  if (isFull || pending.adds + pending.removes - waiting === 0) return { kind: 'finished' };
  const written = await writeNext(
    {
      ...parts,
      delivery: {
        ...parts.delivery,
        ...signals,
        onRetry: ({ detail }) => tracker.retrying(detail),
      },
      onWritten(...figures) {
        tracker.written();
        parts.onWritten?.(...figures);
      },
    },
    id,
    cohort,
    { removes, writtenBefore: now() - parts.spacingMs },
  );
  if (written.kind === 'halted') return halt(written.detail);
  return { kind: written.kind === 'some' ? 'more' : 'finished' };
}

/** Tells the destination of the cohort or of its new name. */
async function announce(
  { cohorts, sink }: ImportParts,
  id: number,
  cohort: OpenCohort['name'],
  { signal }: PassSignals,
): Promise<PassOutcome | undefined> {
  const answer = await sink.announce?.(cohort, signal);
  switch (answer?.kind) {
    case 'halt':
      return halt(answer.detail);
    case 'retry':
    case 'split':
      throw new SluiceError('not_announced', answer.detail);
    default:
      await cohorts.announced(id, cohort.name);
      return undefined;
  }
}

function halt(detail: string): PassOutcome {
  return {
    kind: 'halted',
    detail,
    hint: 'Nothing is lost: put it right, in the dashboard or by sluice apply, and it goes on.',
  };
}

/** Cohorts for which the destination has no room: those that came last. */
async function beyondRoom({ name, cohorts, room }: ImportParts): Promise<ReadonlySet<number>> {
  if (room === undefined) return new Set();
  const all = await cohorts.list({ import: name, limit: 10_000 });
  const ids = all.map(({ id }) => id).toSorted((a, b) => a - b);
  return new Set(ids.slice(room));
}

function full(inBraze: number, since: number) {
  return { since, removes: 0, inBraze, why: 'full' as const };
}
