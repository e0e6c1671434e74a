import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type Counts, totalOf } from '../../src/core/counts.ts';
import type { Claim, Ledger } from '../../src/core/ledger.ts';
import type { Slice } from '../../src/core/source.ts';
import { PRUNE_DEFAULTS, type PrunePolicy, type SourceMemory } from '../../src/core/upkeep.ts';
import { CLICK, counts, type LedgerUnderTest, letter, settlement, slice } from './ledger.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** 2026-06-30, 12:00. */
const NOW = Date.UTC(2026, 5, 30, 12);
const remember = (memory: SourceMemory): PrunePolicy => ({
  ...PRUNE_DEFAULTS,
  memoryOf: () => memory,
});
const policy = remember({ kind: 'listed', lookBackHours: 24 });

/** What every upkeep promises beside its ledger. `open` gives an empty one. */
export function upkeepContract(name: string, open: () => Promise<LedgerUnderTest>): void {
  const within = async (
    work: (under: LedgerUnderTest & { claim: Claim }) => Promise<void>,
  ): Promise<void> => {
    const under = await open();
    await work({ ...under, claim: await under.ledger.claim('c', NOW - 100 * DAY) });
    await under.close();
  };
  const of = (hour: string, id = `date=${hour}/x.avro`, version = 'v1'): Slice => ({
    ...slice(id, version),
    hour,
  });
  const delivered = (n: number): Counts => counts(CLICK, { read: n, delivered: n });
  const settle = (ledger: Ledger, claim: Claim, which: Slice, at = NOW): Promise<void> =>
    ledger.settle(
      claim,
      settlement({ slice: which, records: 3, counts: delivered(3), done: true, at }),
    );
  const isKnown = async (ledger: Ledger, which: Slice): Promise<boolean> =>
    (await ledger.progress('c', which)) !== undefined;

  describe(`${name} keeps the contract of upkeep`, () => {
    test('settled slices of hours that are not listed again are forgotten; the totals are not', () =>
      within(async ({ ledger, upkeep, claim, reopen }) => {
        const old = of('2026-06-29-11');
        const edge = of('2026-06-29-12');
        await settle(ledger, claim, old);
        await settle(ledger, claim, edge);
        await ledger.noteListed('c', '2026-06-30-12');
        const before = await ledger.totals('c');
        expect(await upkeep.prune(policy, NOW)).toMatchObject({ slices: 1 });
        expect(await isKnown(ledger, old)).toBe(false);
        expect(await isKnown(ledger, edge)).toBe(true);
        expect((await ledger.listing('c')).prunedBefore).toBe('2026-06-29-12');
        expect(await ledger.totals('c')).toEqual(before);
        expect(await ledger.imbalances('c')).toEqual([]);
        const again = await reopen();
        expect(await again.ledger.totals('c')).toEqual(before);
        expect(await again.upkeep.prune(policy, NOW)).toMatchObject({ slices: 0 });
        await again.close();
      }));

    test('nothing is forgotten of a source that was never listed to its end', () =>
      within(async ({ ledger, upkeep, claim }) => {
        await settle(ledger, claim, of('2020-01-01-00'));
        expect(await upkeep.prune(policy, NOW)).toMatchObject({ slices: 0 });
        expect((await ledger.listing('c')).prunedBefore).toBeUndefined();
      }));

    test.each([
      ['a folder dated in the future', '2031-01-01-00', NOW],
      ['a clock that runs years ahead', '2026-06-30-12', NOW + 2000 * DAY],
      ['a clock that runs behind', '2026-06-30-12', 0],
    ])('%s makes nothing look old', (_, newest, now) =>
      within(async ({ ledger, upkeep, claim }) => {
        await settle(ledger, claim, of('2026-06-30-10'));
        await ledger.noteListed('c', newest);
        await upkeep.prune(policy, now);
        expect(await isKnown(ledger, of('2026-06-30-10'))).toBe(true);
        expect((await ledger.listing('c')).prunedBefore ?? '').not.toMatch(/^20(2[7-9]|3)/);
      }),
    );

    test('the mark of what is forgotten never goes back', () =>
      within(async ({ ledger, upkeep, claim }) => {
        await settle(ledger, claim, of('2026-06-01-00'));
        await ledger.noteListed('c', '2026-06-30-12');
        await upkeep.prune(policy, NOW);
        await settle(ledger, claim, of('2026-06-01-01'));
        await upkeep.prune(remember({ kind: 'listed', lookBackHours: 240 }), NOW);
        expect(await isKnown(ledger, of('2026-06-01-01'))).toBe(false);
        expect((await ledger.listing('c')).prunedBefore).toBe('2026-06-29-12');
      }));

    test('slices that are open, have dead letters or do not add up stay until they are in order', () =>
      within(async ({ ledger, deadLetters, upkeep, claim }) => {
        const [unread, dead, wrong, extra] = ['unread', 'dead', 'wrong', 'extra'].map((id) =>
          of('2026-06-01-00', id),
        );
        await ledger.settle(
          claim,
          settlement({
            slice: extra!,
            records: 1,
            counts: delivered(1),
            deadLetters: [{ ...letter(0), slice: 'extra', cause: 'not counted' }],
            done: true,
          }),
        );
        await ledger.settle(
          claim,
          settlement({ slice: unread!, records: 1, counts: delivered(1), problem: 'breaks off' }),
        );
        await ledger.settle(
          claim,
          settlement({
            slice: dead!,
            records: 2,
            counts: counts(CLICK, { read: 2, delivered: 1, deadLetters: 1 }),
            deadLetters: [{ ...letter(1), slice: 'dead' }],
            done: true,
          }),
        );
        await ledger.settle(
          claim,
          settlement({ slice: wrong!, records: 3, counts: delivered(2), done: true }),
        );
        await ledger.noteListed('c', '2026-06-30-12');
        expect(await upkeep.prune(policy, NOW)).toMatchObject({ slices: 0 });
        expect((await ledger.imbalances('c')).map((each) => each.slice)).toEqual([
          'extra',
          'wrong',
        ]);
        expect(await ledger.problems('c')).toHaveLength(1);

        const [found] = await deadLetters.list({ cause: 'rejected_by_mixpanel', limit: 1 });
        await deadLetters.settle([{ id: found!.id, kind: 'skipped', reason: 'why' }], NOW);
        await ledger.settle(
          claim,
          settlement({ slice: unread!, records: 2, counts: delivered(1), done: true }),
        );
        expect(await upkeep.prune(policy, NOW)).toMatchObject({ slices: 2 });
        expect(totalOf(await ledger.totals('c'))).toMatchObject({
          read: 7,
          delivered: 6,
          deadLetters: 0,
          skipped: { why: 1 },
        });
      }));

    test('a version that was replaced never looks like the newest again', () =>
      within(async ({ ledger, deadLetters, upkeep, claim }) => {
        const version = (n: number): Slice => of('2026-06-01-00', 'a.avro', `v${n}`);
        await ledger.settle(
          claim,
          settlement({
            slice: version(1),
            records: 1,
            counts: counts(CLICK, { read: 1, deadLetters: 1 }),
            deadLetters: [letter(0)],
            problem: 'breaks off',
          }),
        );
        await settle(ledger, claim, version(2));
        await ledger.noteListed('c', '2026-06-30-12');
        await upkeep.prune(policy, NOW);
        expect(await ledger.problems('c')).toEqual([]);
        expect((await ledger.listing('c')).open).toEqual([]);
        const [found] = await deadLetters.list({ limit: 1 });
        await deadLetters.settle([{ id: found!.id, kind: 'delivered' }], NOW);
        for (const known of [
          [false, true],
          [false, false],
        ]) {
          await upkeep.prune(policy, NOW);
          expect(await Promise.all([1, 2].map((n) => isKnown(ledger, version(n))))).toEqual(known);
          expect(await ledger.problems('c')).toEqual([]);
        }
        expect(totalOf(await ledger.totals('c'))).toMatchObject({ read: 4, delivered: 4 });
      }));

    test('a source that lets go of its slices needs no mark', () =>
      within(async ({ ledger, upkeep, claim }) => {
        const segment = of('2026-06-30-06');
        await settle(ledger, claim, segment);
        await ledger.noteListed('c', '2026-06-30-12');
        await upkeep.prune(policy, NOW);
        expect(await isKnown(ledger, segment)).toBe(true);
        await upkeep.prune(remember({ kind: 'released', lookBackHours: 2 }), NOW);
        expect(await isKnown(ledger, segment)).toBe(false);
        expect((await ledger.listing('c')).prunedBefore).toBeUndefined();
        expect(totalOf(await ledger.totals('c')).delivered).toBe(3);
      }));

    test('of what is over nothing is kept but dead letters and what does not add up', () =>
      within(async ({ ledger, upkeep, claim }) => {
        await settle(ledger, claim, of('2026-06-30-12'));
        await settle(ledger, claim, slice('plain.avro'));
        await ledger.settle(
          claim,
          settlement({ slice: slice('half.avro'), records: 1, counts: delivered(1) }),
        );
        await ledger.settle(
          claim,
          settlement({
            slice: slice('a.avro'),
            records: 1,
            counts: counts(CLICK, { read: 1, deadLetters: 1 }),
            deadLetters: [letter(0)],
          }),
        );
        await ledger.settle(
          claim,
          settlement({ slice: slice('wrong.avro'), records: 2, counts: delivered(1) }),
        );
        const before = await ledger.totals('c');
        const memories: Record<string, SourceMemory> = { c: { kind: 'over' } };
        const memoryOf = (connection: string): SourceMemory => memories[connection]!;
        expect(await upkeep.prune({ ...policy, memoryOf }, NOW)).toMatchObject({ slices: 3 });
        expect(await ledger.totals('c')).toEqual(before);
        expect((await ledger.imbalances('c')).map((each) => each.slice)).toEqual(['wrong.avro']);
        expect(await isKnown(ledger, slice('a.avro'))).toBe(true);
      }));

    test('a slice without an hour is known for ever; only its counts become part of the sum', () =>
      within(async ({ ledger, upkeep, claim, reopen }) => {
        const plain = slice('plain.avro');
        await settle(ledger, claim, plain, NOW - 8 * DAY);
        await settle(ledger, claim, slice('young.avro'), NOW);
        await ledger.noteListed('c', '2026-06-30-12');
        const before = await ledger.totals('c');
        expect(await upkeep.prune(policy, NOW)).toMatchObject({ slices: 0, merged: 1 });
        expect(await upkeep.prune(policy, NOW)).toMatchObject({ merged: 0 });
        const again = await reopen();
        expect(await again.ledger.progress('c', plain)).toEqual({
          position: { offset: 30, index: 0, record: 3 },
          done: true,
        });
        expect(await again.ledger.totals('c')).toEqual(before);
        expect(await again.ledger.imbalances('c')).toEqual([]);
        await again.close();
      }));

    test('runs go by age and by number; the one that is running stays', () =>
      within(async ({ ledger, upkeep }) => {
        const ids = [];
        for (const days of [95, 91, 89, 5, 4, 3]) {
          const claim = await ledger.claim('c', NOW - days * DAY);
          await ledger.endRun(claim, 'finished', null, NOW - days * DAY + 1);
          ids.push(claim.run);
        }
        const kept = async () =>
          (await ledger.runs({ connection: 'c', limit: 99 })).map(({ id }) => id);
        await ledger.claim('other', NOW - 200 * DAY);
        await upkeep.prune(policy, NOW);
        expect(await kept()).toEqual(ids.slice(2).toReversed());
        await upkeep.prune({ ...policy, runs: 2 }, NOW);
        expect(await kept()).toEqual(ids.slice(4).toReversed());
        expect(await ledger.runs({ connection: 'other', limit: 9 })).toHaveLength(1);
      }));

    test('others go on in between, and it stops when it is told to', () =>
      within(async ({ ledger, upkeep, claim }) => {
        for (let n = 0; n < 40; n++)
          await ledger.settle(claim, {
            advances: Array.from({ length: 100 }, (_, i) => ({
              slice: of('2026-06-01-00', `${n}-${i}`),
              position: { offset: 10, index: 0, record: 1 },
              done: true,
              counts: delivered(1),
            })),
            deadLetters: [],
            requests: 1,
            bytesSent: 1,
            at: NOW,
          });
        await ledger.noteListed('c', '2026-06-30-12');
        const stop = new AbortController();
        const stopped = upkeep.prune(policy, NOW, stop.signal);
        await setImmediate();
        stop.abort(new Error('enough'));
        await expect(stopped).rejects.toThrow('enough');
        expect(totalOf(await ledger.totals('c')).delivered).toBe(4000);

        let ended = false;
        const pruning = upkeep.prune(policy, NOW).then((pruned) => {
          ended = true;
          return pruned;
        });
        await setImmediate();
        await settle(ledger, claim, of('2026-06-30-11'));
        expect(ended).toBe(false);
        expect((await pruning).slices).toBeGreaterThan(0);
        expect(totalOf(await ledger.totals('c')).delivered).toBe(4003);
        expect(await isKnown(ledger, of('2026-06-01-00', '39-99'))).toBe(false);
        expect(await ledger.imbalances('c')).toEqual([]);
      }));
  });
}
