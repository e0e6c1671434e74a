import { createImportTracker, type ImportTracker } from '../../cohorts/status.ts';
import { applyingWork, writingWork } from '../../cohorts/work.ts';
import type { CohortImportStatus, Cohorts, StoredCohortImport } from '../../core/cohorts.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { startLoop } from '../../pipeline/loop.ts';
import { DEFAULT_BACKOFF } from '../../pipeline/retry.ts';
import type { State } from '../../state/state.ts';
import { secretsOf } from '../redact.ts';
import { every } from '../service/timer.ts';
import { watching } from '../service/watched.ts';
import { type ImportObserver, openImport } from './open-import.ts';
import { type CohortImportSpec, cohortImportSpec, parseCohortImport } from './spec.ts';

export interface CohortServiceObserver extends ImportObserver {
  /** An import is about to start with these secrets: no text that is shown may hold one. */
  secrets(name: string, secrets: readonly string[]): void;
  /** An import was deleted. */
  gone(name: string): void;
}

export interface CohortServiceOptions {
  readonly state: Pick<State, 'cohortImports' | 'cohorts'>;
  readonly log: Log;
  readonly observer: CohortServiceObserver;
  /** First wait after a failed request, in milliseconds. */
  readonly backoffMs?: number;
  /** How long a stop waits for what is in flight. */
  readonly graceMs?: number;
}

export interface CohortService {
  /** As `Cohorts.receive`; what it takes in is worked off at once. */
  readonly receive: Cohorts['receive'];
  statuses(): CohortImportStatus[];
  specs(): { readonly spec: CohortImportSpec; readonly createdAt: number }[];
  /** Why it can't do its work now; undefined when it can. */
  unready(): string | undefined;
  stop(): Promise<void>;
}

interface Running {
  readonly stored: StoredCohortImport;
  /** Undefined when the stored spec is no longer valid. */
  readonly spec: CohortImportSpec | undefined;
  readonly tracker: ImportTracker;
  /** Mixpanel has called. */
  received(): void;
  /** A person wants something. */
  wake(): void;
  stop(): Promise<void>;
}

const FOLLOW_MS = 500;
const PUBLISH_MS = 2000;
const RECHECK_MS = 300_000;
const GRACE_MS = 20_000;

/** Runs every cohort import of a data folder and follows their changes, whichever process makes them. Throws StateError. */
export async function startCohortService(options: CohortServiceOptions): Promise<CohortService> {
  const { state, log, observer } = options;
  const { cohortImports, cohorts } = state;
  const graceMs = options.graceMs ?? GRACE_MS;
  const running = new Map<string, Running>();
  const before = new Map((await cohortImports.statuses()).map((each) => [each.import, each]));
  /** What does not work now, by what it is. */
  const troubles = new Map<string, string>();
  /** By import, what was stored of its state. */
  const published = new Map<string, string>();
  let revision: number | undefined;
  let isStopping = false;

  const start = (stored: StoredCohortImport): Running => {
    const { name } = stored;
    observer.secrets(name, secretsOf(cohortImportSpec, stored.spec));
    const tracker = createImportTracker(name, Date.now, before.get(name));
    const resting = {
      ...{ stored, tracker, wake: () => undefined, received: tracker.received },
      stop: () => Promise.resolve(),
    };
    try {
      const spec = parseCohortImport(stored.spec);
      const parts = openImport({ ...options, spec, cohorts, tracker });
      const backoff = {
        ...DEFAULT_BACKOFF,
        baseMs: options.backoffMs ?? DEFAULT_BACKOFF.baseMs,
      };
      const common = { log, backoff, recheckMs: RECHECK_MS };
      let arrived = (): void => undefined;
      const onArrival = (wake: () => void): (() => void) => {
        arrived = wake;
        return () => (arrived = (): void => undefined);
      };
      const applying = startLoop(
        applyingWork(parts, () => arrived()),
        {
          ...common,
          onPass: () => undefined,
          onIdle: () => undefined,
          // It meets nothing but the data folder; what is wrong with that is told by the log and by /readyz.
          onHalted: tracker.halted,
          onFailed: (detail) => log.warn('cohorts can not be applied', { import: name, detail }),
        },
      );
      const writing = stored.paused
        ? undefined
        : startLoop(writingWork(parts, onArrival), {
            ...common,
            onPass: tracker.busy,
            onIdle: tracker.idle,
            onHalted: tracker.halted,
            onFailed: tracker.retrying,
          });
      if (stored.paused) tracker.paused();
      return {
        ...{ stored, spec, tracker },
        received() {
          tracker.received();
          applying.wake();
        },
        wake() {
          applying.wake();
          writing?.wake();
        },
        async stop() {
          await Promise.all([applying.stop(graceMs), writing?.stop(graceMs)]);
          if (!writing) await parts.sink.close();
        },
      };
    } catch (error) {
      // One import that can't be opened must not keep the others from running.
      if (!(error instanceof SluiceError)) throw error;
      tracker.halted(error.message, error.hint ?? 'Put its settings right: sluice apply.');
      return { ...resting, spec: undefined };
    }
  };

  const watched = watching(troubles, log);

  let forgetting: Promise<void> = Promise.resolve();
  // The hourly upkeep does what is left when this fails or is not begun any more.
  const forget = watched('the cohort imports can not be followed', async () => {
    if (!isStopping) await cohorts.prune(0);
  });

  const follow = async (): Promise<void> => {
    const current = await cohortImports.revision();
    if (current === revision) return;
    const wanted = new Map((await cohortImports.list()).map((each) => [each.name, each]));
    for (const [name, old] of running) {
      const stored = wanted.get(name);
      if (stored && isSame(stored, old.stored)) continue;
      await old.stop();
      before.set(name, old.tracker.status());
      published.delete(name);
      running.delete(name);
      if (stored?.createdAt === old.stored.createdAt) continue;
      before.delete(name);
      observer.gone(name);
      log.info('cohort import deleted', { import: name });
      // What it held goes bit by bit, beside everything else.
      forgetting = forgetting.then(forget);
    }
    for (const [name, stored] of wanted) {
      const known = running.get(name);
      // What a person wants of a cohort is looked at at once.
      if (known) known.wake();
      else if (!isStopping) {
        running.set(name, start(stored));
        log.info('cohort import started', { import: name, paused: stored.paused });
      }
    }
    revision = current;
  };

  const publish = async (): Promise<void> => {
    for (const { tracker } of running.values()) {
      const status = tracker.status();
      const text = JSON.stringify({ ...status, at: 0 });
      if (published.get(status.import) === text) continue;
      await cohortImports.setStatus(status);
      published.set(status.import, text);
    }
  };

  await follow();
  const timers = [
    every(FOLLOW_MS, watched('the cohort imports can not be followed', follow)),
    every(PUBLISH_MS, watched('the states of cohort imports can not be stored', publish)),
  ];

  return {
    async receive(name, page, at) {
      const received = await cohorts.receive(name, page, at);
      running.get(name)?.received();
      return received;
    },
    statuses: () => [...running.values()].map(({ tracker }) => tracker.status()),
    specs: () =>
      [...running.values()].flatMap(({ spec, stored }) =>
        spec ? [{ spec, createdAt: stored.createdAt }] : [],
      ),
    unready: () => (isStopping ? 'it is stopping' : [...troubles.values()][0]),
    async stop() {
      isStopping = true;
      await Promise.all(timers.map((timer) => timer.stop()));
      await Promise.all([...running.values()].map((each) => each.stop()));
      await forgetting;
      await publish();
    },
  };
}

/** Suppression lists raise the revision too, and need no new start; one that was deleted and made again is another. */
function isSame(one: StoredCohortImport, other: StoredCohortImport): boolean {
  return (
    one.createdAt === other.createdAt &&
    one.paused === other.paused &&
    JSON.stringify(one.spec) === JSON.stringify(other.spec)
  );
}
