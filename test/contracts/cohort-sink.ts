import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type BrazeUser,
  type CohortChange,
  type CohortName,
  type CohortSink,
  keyOfUser,
  lineOfChange,
} from '../../src/core/cohorts.ts';
import { deliver } from '../../src/pipeline/deliver.ts';

export interface CohortSinkUnderTest {
  readonly sink: CohortSink;
  /** Keys (`keyOfUser`) of the members of a cohort, as the destination has them. */
  members(cohortId: string): Iterable<string> | Promise<Iterable<string>>;
  close(): Promise<void>;
}

export const COHORT: CohortName = { id: '4242', name: 'Clicked, "no purchase" 😀' };
const OTHER: CohortName = { id: '77', name: 'Other' };

export const external = (id: string): BrazeUser => ({ kind: 'external_id', id });
export const alias = (name: string, label = 'mixpanel'): BrazeUser => ({
  kind: 'user_alias',
  label,
  name,
});

export const enter = (user: BrazeUser): CohortChange => ({ user, member: true });
export const leave = (user: BrazeUser): CohortChange => ({ user, member: false });

export function linesOf(changes: readonly CohortChange[], cohort = COHORT): Buffer {
  return Buffer.from(changes.map((each) => lineOfChange(cohort, each)).join(''));
}

const SETTLED = { kind: 'settled', rejections: [] };

/** What every cohort sink promises. `open` gives one whose destination takes everything and knows everybody. */
export function cohortSinkContract(name: string, open: () => Promise<CohortSinkUnderTest>): void {
  const signal = (): AbortSignal => AbortSignal.timeout(20_000);

  const within = async (
    work: (under: CohortSinkUnderTest, send: typeof sendTo) => Promise<void>,
  ): Promise<void> => {
    const under = await open();
    try {
      for (const cohort of [COHORT, OTHER])
        expect((await under.sink.announce?.(cohort, signal())) ?? SETTLED).toEqual(SETTLED);
      await work(under, sendTo);
    } finally {
      await under.sink.close();
      await under.close();
    }
  };

  const sendTo = async (
    { sink }: CohortSinkUnderTest,
    changes: readonly CohortChange[],
    cohort = COHORT,
  ): Promise<void> => {
    const body = await sink.pack(linesOf(changes, cohort), changes.length);
    expect(await sink.send(body, signal())).toEqual(SETTLED);
  };

  const membersOf = async (under: CohortSinkUnderTest, cohort = COHORT): Promise<string[]> =>
    [...(await under.members(cohort.id))].toSorted();
  const keys = (...users: BrazeUser[]): string[] => users.map(keyOfUser).toSorted();

  describe(`${name} keeps the contract of cohort sinks`, () => {
    const odd = external(' =1+1,"é😀"\n');

    test('who enters is in, who leaves is out, in this cohort alone', () =>
      within(async (under, send) => {
        await send(under, [external('a'), external('b'), alias('x'), odd].map(enter));
        await send(under, [enter(external('b'))], OTHER);
        await send(under, [leave(external('b')), enter(external('c'))]);
        expect(await membersOf(under)).toEqual(keys(external('a'), external('c'), alias('x'), odd));
        expect(await membersOf(under, OTHER)).toEqual(keys(external('b')));
      }));

    test('who enters and leaves ends out, also within a body; the last change counts', () =>
      within(async (under, send) => {
        await send(under, [enter(external('a')), enter(alias('x'))]);
        await send(under, [leave(external('a'))]);
        expect(await membersOf(under)).toEqual(keys(alias('x')));
        await send(under, [enter(external('b')), leave(external('b')), leave(alias('x'))]);
        await send(under, [leave(external('c')), enter(external('c'))]);
        expect(await membersOf(under)).toEqual(keys(external('c')));
      }));

    test('a body outlives the bytes it was packed from, can be read back, and sent again', () =>
      within(async (under) => {
        const { sink } = under;
        const lines = linesOf([enter(external('a')), leave(external('b'))]);
        const buffer = Buffer.from(lines);
        const body = await sink.pack(buffer, 2);
        buffer.fill(0);
        expect(body).toMatchObject({ events: 2, bytes: lines.length });
        for (let i = 0; i < 3; i++) expect(await sink.send(body, signal())).toEqual(SETTLED);
        expect(Buffer.from(await sink.unpack(body)).equals(lines)).toBe(true);
        expect(await membersOf(under)).toEqual(keys(external('a')));
      }));

    test('an aborted signal rejects with its reason, and nothing is sent', () =>
      within(async (under) => {
        const body = await under.sink.pack(linesOf([enter(external('a'))]), 1);
        const reason = new Error('stop');
        await expect(under.sink.send(body, AbortSignal.abort(reason))).rejects.toBe(reason);
        expect(await membersOf(under)).toEqual([]);
      }));

    test('a body of two cohorts is a mistake', () =>
      within(async ({ sink }) => {
        const lines = [linesOf([enter(external('a'))]), linesOf([enter(external('b'))], OTHER)];
        const body = await sink.pack(Buffer.concat(lines), 2);
        await expect(sink.send(body, signal())).rejects.toThrow('two cohorts');
      }));

    test('it has limits', () =>
      within(({ sink }) => {
        expect(sink.limits.events).toBeGreaterThan(0);
        expect(sink.limits.bytes).toBeGreaterThan(1_000_000);
        expect(sink.perCohort).toBeGreaterThan(0);
        return Promise.resolve();
      }));

    test('a full body is taken', () =>
      within(async (under, send) => {
        const n = Math.min(under.sink.limits.events, 1000);
        await send(
          under,
          Array.from({ length: n }, (_, i) => enter(external(`u${i}`))),
        );
        expect(await membersOf(under)).toHaveLength(n);
      }));

    test('after any changes in bodies of any size, some sent twice, the members are those of the last changes', () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.record({
              changes: fc.array(fc.tuple(fc.nat(7), fc.boolean()), { minLength: 1, maxLength: 12 }),
              twice: fc.boolean(),
            }),
            { maxLength: 6 },
          ),
          (bodies) =>
            within(async (under) => {
              const expected = new Set<string>();
              for (const { changes, twice } of bodies) {
                const all = changes.map(([n, member]) => ({
                  user: n < 4 ? external(`u${n}`) : alias(`u${n % 2}`, `label ${n}`),
                  member,
                }));
                for (const { user, member } of all)
                  expected[member ? 'add' : 'delete'](keyOfUser(user));
                for (let i = 0; i < (twice ? 2 : 1); i++) {
                  const given = await deliver(under.sink, linesOf(all), all.length, {
                    signal: signal(),
                  });
                  expect(given).toMatchObject(SETTLED);
                }
              }
              expect(await membersOf(under)).toEqual([...expected].toSorted());
            }),
        ),
        { numRuns: 15 },
      ));
  });
}
