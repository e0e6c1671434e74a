import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  DAY,
  haltedState,
  HOUR,
  MINUTE,
  recorder,
  retryingState,
  SECOND,
  type Sent,
  START,
  statusOf,
  watched,
} from '../../test/support/alerts.ts';
import type { AlertKind, ConnectionState, ConnectionStatus } from '../core/connections.ts';
import { aConnection } from '../../test/support/alerts.ts';
import { DEFAULT_TIMING } from './alerts.ts';

const NAMES = ['c0', 'c1', 'c2'];

/** How one connection is for a while. */
interface Mood {
  readonly state: 'idle' | 'active' | 'halted' | 'retrying' | 'paused' | 'unknown';
  readonly lag: boolean;
  readonly silent: boolean;
  readonly problems: boolean;
  readonly deadLettersPerMinute: number;
}

interface Phase {
  readonly minutes: number;
  readonly moods: readonly Mood[];
  readonly notifierFails: boolean;
  readonly restart: boolean;
  /** The clock jumps by this many minutes, also back. */
  readonly jump: number;
}

const mood: fc.Arbitrary<Mood> = fc.record({
  state: fc.constantFrom('idle', 'active', 'halted', 'retrying', 'paused', 'unknown'),
  lag: fc.boolean(),
  silent: fc.boolean(),
  problems: fc.boolean(),
  deadLettersPerMinute: fc.constantFrom(0, 1, 50),
});

const phase: fc.Arbitrary<Phase> = fc.record({
  minutes: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 200 })),
  moods: fc.array(mood, { minLength: NAMES.length, maxLength: NAMES.length }),
  notifierFails: fc.boolean(),
  restart: fc.boolean(),
  jump: fc.oneof(
    { weight: 5, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -300, max: 300 }) },
  ),
});

const CALM: Mood = {
  state: 'idle',
  lag: false,
  silent: false,
  problems: false,
  deadLettersPerMinute: 0,
};

/** The words by which a message says that something of a kind begins or is over. */
const PHRASES: readonly [AlertKind, begun: RegExp, over: RegExp][] = [
  ['halted', /^(.+?) halted:/, /^(.+?) (?:is|are) no longer halted\./],
  ['retrying', /^(.+?) keeps? retrying/, /^(.+?) no longer (?:has|have) to retry\./],
  [
    'dead_letters',
    /^(.+?) (?:has|have) many dead letters/,
    /^(.+?) (?:has|have) few new dead letters again\./,
  ],
  ['lag', /^(.+?) lags? behind/, /^(.+?) no longer lags? behind\./],
  ['nothing_received', /^(.+?) (?:is|are) silent/, /^(.+?) (?:is|are) no longer silent\./],
  [
    'unreadable',
    /^(.+?) (?:has|have) data that can't/,
    /^(.+?) no longer (?:has|have) data that can't/,
  ],
];

/** What messages say, in order: `+halted c0`, `-halted c0`. */
function newsOf({ text }: Sent): string[] {
  const news: string[] = [];
  let listed = '';
  for (const line of text.split('\n')) {
    const inList = /^ {2}(c\d): /.exec(line);
    if (inList) news.push(`${listed} ${inList[1]}`);
    for (const [kind, begun, over] of PHRASES) {
      const [sign, found] = over.test(line) ? ['-', over.exec(line)] : ['+', begun.exec(line)];
      if (!found) continue;
      listed = `${sign}${kind}`;
      if (/^c\d$/.test(found[1]!)) news.push(`${listed} ${found[1]}`);
    }
  }
  return news;
}

test('whatever happens, beginnings and ends alternate, messages are few, and calm ends everything', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(phase, { minLength: 1, maxLength: 12 }), async (phases) => {
      let kept!: ReturnType<typeof recorder>;
      const self = watched((clock) => [(kept ??= recorder(clock))], { rules: { silentHours: 1 } });
      const since = new Map<string, number>();
      const letters = new Map<string, number>();
      let elapsed = 0;

      const stateOf = (name: string, wanted: Mood['state']): ConnectionState => {
        const now = self.clock.now;
        const key = `${name} ${wanted}`;
        for (const each of since.keys())
          if (each.startsWith(`${name} `) && each !== key) since.delete(each);
        const at = Math.min(since.get(key) ?? now, now);
        since.set(key, at);
        if (wanted === 'halted') return haltedState(at);
        if (wanted === 'retrying') return retryingState(at);
        return { kind: wanted === 'unknown' ? 'idle' : wanted };
      };
      const statuses = (moods: readonly Mood[]): ConnectionStatus[] =>
        NAMES.flatMap((name, n) => {
          const { state, lag, silent, problems } = moods[n]!;
          if (state === 'unknown') return [];
          return [
            statusOf(name, self.clock.now, {
              state: stateOf(name, state),
              lagSeconds: lag ? 9e5 : 0,
              receivedAt: silent ? START - DAY : self.clock.now,
              problems: problems ? 2 : 0,
              deadLetters: letters.get(name) ?? 0,
            }),
          ];
        });
      const pass = async (minutes: number, moods: readonly Mood[]): Promise<void> => {
        for (let half = 0; half <= 2 * minutes; half++) {
          await self.watch.check(
            statuses(moods),
            NAMES.map((name) => aConnection(name)),
          );
          await self.watch.settled();
          self.clock.now += 30 * SECOND;
          elapsed += 30 * SECOND;
          NAMES.forEach((name, n) => {
            letters.set(name, (letters.get(name) ?? 0) + moods[n]!.deadLettersPerMinute / 2);
          });
        }
      };

      for (const { minutes, moods, notifierFails, restart, jump } of phases) {
        kept.fails = () => notifierFails;
        self.clock.now += jump * MINUTE;
        elapsed += Math.max(0, jump) * MINUTE;
        if (restart) {
          await self.restart();
          letters.clear();
        }
        await pass(minutes, moods);
      }
      kept.fails = () => false;
      await pass(
        5 * 60,
        NAMES.map(() => CALM),
      );

      const lastOf = new Map<string, string>();
      for (const news of kept.sent.flatMap(newsOf)) {
        const [sign, key] = [news[0]!, news.slice(1)];
        expect(sign, news).toBe(lastOf.get(key) === '+' ? '-' : '+');
        lastOf.set(key, sign);
      }
      expect([...lastOf].filter(([, sign]) => sign === '+')).toEqual([]);
      expect([...self.store.rows.keys()]).toEqual([]);
      const restarts = phases.filter(({ restart, jump }) => restart || jump !== 0).length;
      expect(kept.sent.length).toBeLessThanOrEqual(
        1 + restarts + elapsed / DEFAULT_TIMING.spacingMs,
      );
      for (const [key] of lastOf) {
        const n = kept.sent.flatMap(newsOf).filter((news) => news === `+${key}`).length;
        expect(n, key).toBeLessThanOrEqual(1 + restarts + elapsed / DEFAULT_TIMING.goneMs);
      }
    }),
    { numRuns: 500 },
  );
});

test('the reading of messages above finds what they say', async () => {
  let kept!: ReturnType<typeof recorder>;
  const self = watched((clock) => [(kept = recorder(clock))]);
  const bad = (name: string, now: number) =>
    statusOf(name, now, { state: haltedState(now), problems: 1 });
  await self.look(HOUR, (now) => [bad('c0', now), bad('c1', now)]);
  await self.look(HOUR, (now) => [statusOf('c0', now), bad('c1', now)]);
  expect(kept.sent.flatMap(newsOf)).toEqual([
    '+halted c0',
    '+halted c1',
    '+unreadable c0',
    '+unreadable c1',
    '-halted c0',
    '-unreadable c0',
  ]);
});
