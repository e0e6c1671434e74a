import { findEvent, selectEvents } from '../../catalogue/catalogue.ts';
import type { Job, Jobs } from '../../core/connections.ts';
import { skippedOf, totalOf } from '../../core/counts.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Claim, Ledger } from '../../core/ledger.ts';
import type { Unpack } from '../../core/piece.ts';
import type { Sink } from '../../core/sink.ts';
import type { Source, Window } from '../../core/source.ts';
import type { MappingSettings } from '../../mapping/settings.ts';
import type { DeliverOptions } from '../../pipeline/deliver.ts';
import type { InFlight } from '../../pipeline/in-flight.ts';
import type { PassOutcome, PassSignals, Work } from '../../pipeline/loop.ts';
import { run, type RunResult } from '../../pipeline/run.ts';
import type { Tracker } from '../../pipeline/tracker.ts';
import { hourToNote, nextWindow } from '../../pipeline/window.ts';
import type { LookBack } from '../look-back.ts';
import { watchBacklog } from './backlog.ts';
import { nextStretch, replayName } from './jobs.ts';
import { type Observer, traced } from './observe.ts';

/** Everything that a connection is made of, opened. */
export interface WorkParts {
  readonly connection: string;
  readonly source: Source;
  /** Slices that were settled already, for replays; the source itself where they stay where they are. */
  readonly settled: Source;
  readonly unpack: (source: Source) => Unpack;
  readonly sink: Sink;
  readonly ledger: Ledger;
  readonly jobs: Jobs;
  readonly tracker: Tracker;
  readonly observer: Observer;
  readonly inFlight: InFlight;
  readonly log: Log;
  readonly delivery: Pick<DeliverOptions, 'rateLimit' | 'backoff'>;
  readonly mapping: string;
  readonly events: MappingSettings['events'];
  readonly since?: string;
  readonly lookBack: LookBack;
  readonly pollMs: number;
  readonly concurrency: number;
  /** Bytes of JSON a batch: depends on how many connections share the memory. */
  readonly bytesPerBatch: () => number;
  readonly now: () => number;
}

const LONG_EVERY_MS = 3_600_000;

/** What a connection does in each pass: what is new, then a stretch of a backfill or replay that was ordered. */
export function createWork(parts: WorkParts, arrival: Pick<Work, 'onArrival' | 'gatherMs'>): Work {
  const { connection, ledger } = parts;
  const isSelected = selectEvents(parts.events);
  // Types that the catalogue does not know are read, so that they are seen and counted.
  const wants = (type: string): boolean => isSelected(type) || findEvent(type) === undefined;
  let lookedBackAt = -Infinity;

  const passNew = async (signals: PassSignals): Promise<PassOutcome> => {
    const listing = await ledger.listing(connection);
    const isLong = performance.now() - lookedBackAt >= LONG_EVERY_MS;
    const window = nextWindow({
      listing: isLong ? listing : { ...listing, open: [] },
      ...(parts.since === undefined ? {} : { since: parts.since }),
      lookBackHours: isLong ? parts.lookBack.hourly : parts.lookBack.everyPass,
      wants,
    });
    const result = await passOver(parts, connection, parts.source, window, signals);
    if (result.state !== 'finished') return outcomeOf(result);
    if (isLong) lookedBackAt = performance.now();
    const hour = hourToNote(result.newestHour, listing.newestHour, parts.now());
    if (hour !== undefined) await ledger.noteListed(connection, hour);
    return { kind: 'finished' };
  };

  const passJob = async (job: Job, signals: PassSignals): Promise<PassOutcome> => {
    const { jobs, now } = parts;
    const stretch = nextStretch(job, now());
    if (!stretch) {
      await jobs.set(job.id, 'finished', null, now());
      return { kind: 'more' };
    }
    if (job.state === 'waiting') await jobs.set(job.id, 'running', null, now());
    const isReplay = job.kind === 'replay';
    const name = isReplay ? replayName(connection, job.id) : connection;
    const source = isReplay ? parts.settled : parts.source;
    const result = await passOver(parts, name, source, { ...stretch, wants }, signals);
    if (result.state !== 'finished') return outcomeOf(result);
    await jobs.reach(job.id, stretch.until);
    return { kind: 'more' };
  };

  return {
    name: connection,
    pollMs: parts.pollMs,
    ...arrival,
    async pass(signals) {
      const outcome = await passNew(signals);
      if (outcome.kind !== 'finished' || signals.drain.aborted) return outcome;
      const [job] = await parts.jobs.open(connection);
      return job ? passJob(job, signals) : outcome;
    },
    async close() {
      await parts.sink.close();
      await parts.source.close();
      if (parts.settled !== parts.source) await parts.settled.close();
    },
  };
}

/** One run, whose row in the ledger is opened only when there is something to settle. */
function passOver(
  parts: WorkParts,
  name: string,
  source: Source,
  window: Window,
  { drain, signal }: PassSignals,
): Promise<RunResult> {
  const { ledger, tracker, observer, now } = parts;
  const started = performance.now();
  let claim: Claim | undefined;
  return traced('sluice.pass', { connection: name }, async () => {
    const backlog = watchBacklog({
      source,
      ledger,
      connection: name,
      window,
      tracker,
      signal: drain,
    });
    try {
      const result = await run({
        source,
        unpack: parts.unpack(source),
        sink: parts.sink,
        ledger,
        connection: name,
        claim: async () => (claim = await ledger.claim(name, now(), { mapping: parts.mapping })),
        window,
        concurrency: parts.concurrency,
        bytesPerBatch: parts.bytesPerBatch(),
        delivery: {
          ...parts.delivery,
          admit: (bytes, until) => parts.inFlight.enter(parts.connection, bytes, until),
          onRetry: ({ detail }) => tracker.retrying(detail),
        },
        drain,
        signal,
        now,
        onOpened: (slice, from) => tracker.opened(slice, from),
        onSettled: (_progress, advances) => {
          tracker.settled(advances);
          observer.settled(parts.connection, advances);
        },
      });
      if (claim) await ledger.endRun(claim, result.state, result.detail ?? null, now());
      if (claim) sayPass(parts.log, name, result, performance.now() - started);
      return result;
    } catch (error) {
      if (claim) await endFailed(ledger, claim, error, now());
      throw error;
    } finally {
      await backlog.stop();
    }
  });
}

function sayPass(log: Log, connection: string, result: RunResult, ms: number): void {
  const { read, delivered, deadLetters } = totalOf(result.counts);
  const fields = {
    connection,
    slices: result.slices,
    read,
    delivered,
    skipped: skippedOf(totalOf(result.counts)),
    dead_letters: deadLetters,
    requests: result.requests,
    ms: Math.round(ms),
  };
  log.info('delivered', fields);
  for (const { slice, problem } of result.problems)
    log.warn('unreadable', { connection, slice, detail: problem });
}

function outcomeOf({ state, detail }: RunResult): PassOutcome {
  if (state !== 'halted') return { kind: 'finished' };
  return {
    kind: 'halted',
    detail: detail ?? 'The destination takes nothing.',
    hint: 'Nothing is lost: it goes on by itself where it stood, within minutes of the mending.',
  };
}

async function endFailed(ledger: Ledger, claim: Claim, error: unknown, at: number): Promise<void> {
  try {
    const detail = error instanceof Error ? error.message : String(error);
    await ledger.endRun(claim, 'failed', detail, at);
  } catch (second) {
    // The ledger itself is what failed: the first error says so, and the next claim marks the run.
    if (!(second instanceof SluiceError)) throw second;
  }
}
