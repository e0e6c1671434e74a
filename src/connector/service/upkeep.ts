import { setTimeout as delay } from 'node:timers/promises';
import { HOUR_MS } from '../../core/hours.ts';
import type { Inbox } from '../../core/inbox.ts';
import type { Log } from '../../core/log.ts';
import type { SourceMemory } from '../../core/upkeep.ts';
import type { State } from '../../state/state.ts';
import { lookBackOf } from '../look-back.ts';
import type { ServiceSettings } from '../service-settings.ts';
import { replayOf } from './jobs.ts';
import { pushTargetOf } from './push-target.ts';
import type { Service } from './service.ts';

/** First after a while, so that starting is quick, and so that a service that is often started tidies up too. */
const FIRST_MS = 60_000;
const EVERY_MS = 3_600_000;
/** Settled segments are let go of at once; a crash in between is mended at the next start. */
const INBOX_HOURS = 24;

/** A connection that was deleted, or can't be opened, may come back: with any source. */
const UNKNOWN: SourceMemory = {
  kind: 'listed',
  lookBackHours: lookBackOf('directory').hourly,
};

export interface UpkeepParts {
  readonly service: Pick<Service, 'specs'>;
  readonly state: Pick<State, 'jobs' | 'upkeep' | 'access' | 'cohorts'>;
  readonly inbox: Pick<Inbox, 'prune'>;
  readonly log: Log;
  readonly retention: ServiceSettings['retention'];
}

/** Forgets once an hour what nobody needs any more, for as long as it is not stopped. */
export function startUpkeep(parts: UpkeepParts): { stop(): Promise<void> } {
  const stop = new AbortController();
  const { signal } = stop;
  const forever = async (): Promise<void> => {
    for (let wait = FIRST_MS; ; wait = EVERY_MS) {
      await delay(wait, undefined, { signal });
      try {
        await tidyUp(parts, Date.now(), signal);
      } catch (error) {
        signal.throwIfAborted();
        parts.log.error('old entries can not be taken out of the data folder', {}, error);
      }
    }
  };
  const ended = forever().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  return {
    async stop() {
      stop.abort();
      await ended;
    },
  };
}

/** Does so once. `now`: milliseconds since the epoch. Throws StateError, or the signal's reason. */
export async function tidyUp(
  { service, state, inbox, log, retention }: UpkeepParts,
  now: number,
  signal: AbortSignal,
): Promise<void> {
  await inbox.prune();
  await state.access.prune(retention.auditDays, now);
  await state.cohorts.prune(now - retention.cohortDays * 24 * HOUR_MS);
  const [newest] = await state.jobs.list({ limit: 1 });
  const memories = new Map<string, SourceMemory>();
  const openJobs = new Set<number>();
  for (const { spec } of service.specs()) {
    memories.set(
      spec.name,
      pushTargetOf(spec)
        ? { kind: 'released', lookBackHours: INBOX_HOURS }
        : { kind: 'listed', lookBackHours: lookBackOf(spec.source.kind).hourly },
    );
    for (const { id } of await state.jobs.open(spec.name)) openJobs.add(id);
  }
  const memoryOf = (connection: string): SourceMemory => {
    const job = replayOf(connection);
    // A job that is newer than the look at the jobs may just have begun.
    if (job !== undefined && job <= (newest?.id ?? 0) && !openJobs.has(job))
      return { kind: 'over' };
    return memories.get(connection) ?? UNKNOWN;
  };
  const pruned = await state.upkeep.prune({ ...retention, memoryOf }, now, signal);
  if (Object.values(pruned).some((n) => n > 0)) log.info('tidied up', { ...pruned });
}
