import { setImmediate } from 'node:timers/promises';
import type { Advance } from '../../src/core/batch.ts';
import { addTypeCounts, countsOf, type Counts, type TypeCounts } from '../../src/core/counts.ts';
import type { DeadLetter } from '../../src/core/dead-letter.ts';
import { hourOf } from '../../src/core/hours.ts';
import type { Claim } from '../../src/core/ledger.ts';
import type { Slice } from '../../src/core/source.ts';
import { PRUNE_DEFAULTS, type PrunePolicy } from '../../src/core/upkeep.ts';
import type { State } from '../../src/state/state.ts';

const HOUR = 3_600_000;
export const START = Date.UTC(2026, 0, 1);
/** The connection that reads files, and the one that takes pushes. */
export const FILES = 'files';
export const PUSHES = 'pushes';

export const POLICY: PrunePolicy = {
  ...PRUNE_DEFAULTS,
  memoryOf: (connection) =>
    connection === PUSHES
      ? { kind: 'released', lookBackHours: 24 }
      : PRUNE_DEFAULTS.memoryOf(connection),
};

/** The rhythm of a service: Braze closes a file a type every 5 minutes by day, and fewer by night. */
export interface Rhythm {
  /** Currents types that are exported. */
  readonly types: readonly string[];
  /** Files an hour of each type, from 6 to 22 o'clock; a quarter of it by night. */
  readonly files: number;
  /** Segments of the inbox in the four hours of the peak; a quarter of it in other hours. */
  readonly segments: number;
  /** Runs an hour of each connection. */
  readonly runs: number;
  /** Dead letters an hour; each week they are sent again and accepted. */
  readonly deadLetters: number;
  /** Slices a settlement. */
  readonly batch: number;
  /** Hours from one upkeep to the next. */
  readonly pruneEvery: number;
}

export interface Simulation {
  /** Lives through one more hour, with upkeep at its end when it is time. */
  hour(): Promise<void>;
  /** What the books must say. */
  readonly totals: Readonly<Record<string, Counts>>;
  /** Slices settled so far. */
  readonly slices: number;
  /** The longest that upkeep held up everything else, in milliseconds. */
  readonly longestStep: number;
  readonly now: number;
}

export function simulate(state: State, rhythm: Rhythm): Simulation {
  const { ledger, deadLetters, upkeep } = state;
  const totals: Record<string, Counts> = { [FILES]: new Map(), [PUSHES]: new Map() };
  const sim = { totals, slices: 0, longestStep: 0, now: START };
  /** Names are as long as Braze's. */
  const prefix = 'dataexport.prod-01.S3.integration.5f3c2a1b9d8e7f6a5b4c3d2e';

  const fileOf = (type: string, hour: string, n: number): Slice => ({
    id: `${prefix}/event_type=${type}/date=${hour}/version=10/prod/${prefix}+3+${String(n).padStart(10, '0')}.avro`,
    version: `"${n.toString(16).padStart(32, '0')}"`,
    format: 'avro',
    hour,
  });
  const segmentOf = (hour: string, n: number): Slice => ({
    id: `${hour}/${String(n).padStart(12, '0')}`,
    version: '1',
    format: 'push-log',
    hour,
  });

  const advanceOf = (slice: Slice, connection: string, types: readonly string[]): Advance => {
    const counts: Counts = new Map();
    for (const type of types) {
      const each: TypeCounts = countsOf(counts, type);
      each.read = 500;
      each.delivered = 480;
      each.skipped['no_external_user_id'] = 20;
      addTypeCounts(countsOf(totals[connection]!, type), each);
    }
    return {
      slice,
      position: { offset: 250_000, index: 0, record: 500 * types.length },
      done: true,
      counts,
    };
  };

  const kill = (advance: Advance, type: string): DeadLetter => {
    for (const counts of [advance.counts, totals[FILES]!]) {
      countsOf(counts, type).delivered--;
      countsOf(counts, type).deadLetters++;
    }
    return {
      slice: advance.slice.id,
      version: advance.slice.version,
      record: 7,
      eventType: type,
      cause: 'rejected_by_mixpanel',
      detail: "'properties.time' is invalid: must not be in the future",
      kind: 'event',
      payload: Buffer.alloc(900, 'x'),
    };
  };

  const settle = async (
    claim: Claim,
    advances: readonly Advance[],
    letters: readonly DeadLetter[],
    at: number,
  ): Promise<void> => {
    for (let i = 0; i < advances.length; i += rhythm.batch) {
      const some = advances.slice(i, i + rhythm.batch);
      const ids = new Set(some.map(({ slice }) => slice.id));
      await ledger.settle(claim, {
        advances: some,
        deadLetters: letters.filter(({ slice }) => ids.has(slice)),
        requests: 1,
        bytesSent: 1000,
        at,
      });
    }
    sim.slices += advances.length;
  };

  /** In its runs, the last of which settles everything. */
  const export_ = async (
    connection: string,
    advances: readonly Advance[],
    letters: readonly DeadLetter[],
    hour: string,
  ): Promise<void> => {
    for (let run = 1; run <= rhythm.runs; run++) {
      const claim = await ledger.claim(connection, sim.now);
      if (run === rhythm.runs) await settle(claim, advances, letters, sim.now);
      await ledger.endRun(claim, 'finished', null, sim.now);
    }
    if (advances.length > 0) await ledger.noteListed(connection, hour);
  };

  const retryAll = async (): Promise<void> => {
    for (;;) {
      const page = await deadLetters.list({ limit: 500 });
      if (page.length === 0) return;
      await deadLetters.settle(
        page.map(({ id }) => ({ id, kind: 'delivered' })),
        sim.now,
      );
      for (const { connection, eventType } of page) {
        const counts = countsOf(totals[connection]!, eventType);
        counts.deadLetters--;
        counts.delivered++;
      }
    }
  };

  /** Watches how long nothing else has its turn. */
  const pruneWatched = async (): Promise<void> => {
    const ended = new AbortController();
    const watch = (async () => {
      for (let last = performance.now(); !ended.signal.aborted;) {
        await setImmediate();
        const next = performance.now();
        sim.longestStep = Math.max(sim.longestStep, next - last);
        last = next;
      }
    })();
    await upkeep.prune(POLICY, sim.now);
    ended.abort();
    await watch;
  };

  return Object.assign(sim, {
    async hour() {
      const hour = hourOf(sim.now);
      const clock = new Date(sim.now).getUTCHours();
      const byDay = clock >= 6 && clock < 22;
      const atPeak = clock >= 16 && clock < 20;
      const files = rhythm.types.flatMap((type) =>
        Array.from({ length: Math.ceil(rhythm.files * (byDay ? 1 : 0.25)) }, (_, n) => ({
          type,
          advance: advanceOf(fileOf(type, hour, n), FILES, [type]),
        })),
      );
      const letters = files
        .slice(0, rhythm.deadLetters)
        .map(({ advance, type }) => kill(advance, type));
      const segments = Array.from(
        { length: Math.ceil(rhythm.segments * (atPeak ? 1 : 0.25)) },
        (_, n) => advanceOf(segmentOf(hour, n), PUSHES, [rhythm.types[n % rhythm.types.length]!]),
      );
      await export_(
        FILES,
        files.map(({ advance }) => advance),
        letters,
        hour,
      );
      await export_(PUSHES, segments, [], hour);
      if (clock === 9 && new Date(sim.now).getUTCDay() === 1) await retryAll();
      if (clock % rhythm.pruneEvery === 0) await pruneWatched();
      sim.now += HOUR;
    },
  });
}
