import { describe, expect, test } from 'vitest';
import {
  countsOf,
  type Counts,
  isBalanced,
  totalOf,
  type TypeCounts,
} from '../../src/core/counts.ts';
import type { DeadLetter } from '../../src/core/dead-letter.ts';
import type { DeadLetters, Ledger, Settlement } from '../../src/core/ledger.ts';
import type { Slice } from '../../src/core/source.ts';
import type { Upkeep } from '../../src/core/upkeep.ts';

export interface LedgerUnderTest {
  readonly ledger: Ledger;
  readonly deadLetters: DeadLetters;
  readonly upkeep: Upkeep;
  /** Closes it and opens what it has stored. */
  reopen(): Promise<LedgerUnderTest>;
  close(): Promise<void>;
}

export const CLICK = 'users.messages.email.Click';
export const OPEN = 'users.messages.email.Open';
export const slice = (id: string, version = 'v1'): Slice => ({ id, version, format: 'avro' });

export function counts(type: string, values: Partial<TypeCounts>): Counts {
  const all: Counts = new Map();
  Object.assign(countsOf(all, type), values);
  return all;
}

export function settlement(of: {
  slice: Slice;
  records: number;
  counts: Counts;
  done?: boolean;
  problem?: string;
  deadLetters?: DeadLetter[];
  at?: number;
}): Settlement {
  return {
    advances: [
      {
        slice: of.slice,
        position: { offset: of.records * 10, index: 0, record: of.records },
        done: of.done ?? false,
        counts: of.counts,
        ...(of.problem === undefined ? {} : { problem: of.problem }),
      },
    ],
    deadLetters: of.deadLetters ?? [],
    requests: 1,
    bytesSent: 100,
    at: of.at ?? 1_780_000_000_000,
  };
}

export function letter(
  record: number,
  cause = 'rejected_by_mixpanel',
  eventType = CLICK,
): DeadLetter {
  return {
    slice: 'a.avro',
    version: 'v1',
    record,
    eventType,
    cause,
    detail: `why ${record}`,
    kind: 'event',
    payload: Buffer.from(`{"n":${record}}`),
  };
}

/** What every ledger promises. `open` gives an empty one. */
export function ledgerContract(name: string, open: () => Promise<LedgerUnderTest>): void {
  const within = async (
    work: (under: LedgerUnderTest) => Promise<LedgerUnderTest | void>,
  ): Promise<void> => {
    const under = await open();
    const last = (await work(under)) ?? under;
    await last.close();
  };
  const A = slice('a.avro');

  describe(`${name} keeps the contract of ledgers`, () => {
    test('a slice that was never touched has no progress', () =>
      within(async ({ ledger }) => {
        expect(await ledger.progress('c', A)).toBeUndefined();
        await ledger.claim('c', 0);
        expect(await ledger.progress('c', A)).toBeUndefined();
      }));

    test('what is settled is there after reopening, per connection and version', () =>
      within(async ({ ledger, reopen }) => {
        const claim = await ledger.claim('c', 0);
        await ledger.settle(
          claim,
          settlement({
            slice: A,
            records: 5,
            counts: counts(CLICK, { read: 5, delivered: 3, skipped: { deselected: 2 } }),
          }),
        );
        await ledger.settle(
          claim,
          settlement({
            slice: A,
            records: 8,
            done: true,
            counts: counts(CLICK, { read: 3, delivered: 3, adjusted: { truncated_text: 1 } }),
          }),
        );
        const again = await reopen();
        expect(await again.ledger.progress('c', A)).toEqual({
          position: { offset: 80, index: 0, record: 8 },
          done: true,
        });
        expect(await again.ledger.progress('c', slice('a.avro', 'v2'))).toBeUndefined();
        expect(await again.ledger.progress('other', A)).toBeUndefined();
        const totals = await again.ledger.totals('c');
        expect(totals.get(CLICK)).toMatchObject({
          read: 8,
          delivered: 6,
          skipped: { deselected: 2 },
          adjusted: { truncated_text: 1 },
        });
        expect(isBalanced(totals)).toBe(true);
        expect(await again.ledger.imbalances('c')).toEqual([]);
        return again;
      }));

    test('who has lost the connection to another owner can not settle any more', () =>
      within(async ({ ledger }) => {
        const first = await ledger.claim('c', 0);
        const second = await ledger.claim('c', 1);
        expect(second.epoch).toBeGreaterThan(first.epoch);
        const one = settlement({
          slice: A,
          records: 1,
          counts: counts(CLICK, { read: 1, delivered: 1 }),
        });
        await expect(ledger.settle(first, one)).rejects.toMatchObject({ code: 'owner_lost' });
        expect(await ledger.progress('c', A)).toBeUndefined();
        await ledger.settle(second, one);
        await ledger.claim('another', 2);
        await ledger.settle(
          second,
          settlement({ slice: A, records: 2, counts: counts(CLICK, { read: 1, delivered: 1 }) }),
        );
      }));

    test('a slice never goes back, and a refused settlement leaves nothing behind', () =>
      within(async ({ ledger, deadLetters }) => {
        const claim = await ledger.claim('c', 0);
        await ledger.settle(
          claim,
          settlement({ slice: A, records: 5, counts: counts(CLICK, { read: 5, delivered: 5 }) }),
        );
        const back = settlement({
          slice: A,
          records: 4,
          counts: counts(CLICK, { read: 1, deadLetters: 1 }),
          deadLetters: [letter(4)],
        });
        await expect(ledger.settle(claim, back)).rejects.toMatchObject({ code: 'ledger_conflict' });
        expect(totalOf(await ledger.totals('c')).read).toBe(5);
        expect(await deadLetters.list({ limit: 10 })).toEqual([]);
      }));

    test('counts that do not add up are found, in either direction', () =>
      within(async ({ ledger }) => {
        const claim = await ledger.claim('c', 0);
        await ledger.settle(
          claim,
          settlement({ slice: A, records: 5, counts: counts(CLICK, { read: 5, delivered: 4 }) }),
        );
        await ledger.settle(
          claim,
          settlement({
            slice: slice('b.avro'),
            records: 2,
            counts: counts(CLICK, { read: 1, delivered: 1 }),
          }),
        );
        await ledger.settle(
          claim,
          settlement({
            slice: slice('c.avro'),
            records: 2,
            counts: counts(CLICK, { read: 2, delivered: 2 }),
          }),
        );
        await ledger.settle(
          claim,
          settlement({ slice: slice('d.avro'), records: 2, counts: new Map() }),
        );
        expect((await ledger.imbalances('c')).map((each) => each.slice).toSorted()).toEqual([
          'a.avro',
          'b.avro',
          'd.avro',
        ]);
        expect(await ledger.imbalances('other')).toEqual([]);
      }));

    test('a slice that could not be read whole is named until it is', () =>
      within(async ({ ledger }) => {
        const claim = await ledger.claim('c', 0);
        await ledger.settle(
          claim,
          settlement({
            slice: A,
            records: 1,
            counts: counts(CLICK, { read: 1, delivered: 1 }),
            problem: 'breaks off',
          }),
        );
        expect(await ledger.problems('c')).toEqual([{ slice: 'a.avro', problem: 'breaks off' }]);
        expect((await ledger.progress('c', A))?.done).toBe(false);
        await ledger.settle(
          claim,
          settlement({
            slice: A,
            records: 2,
            done: true,
            counts: counts(CLICK, { read: 1, delivered: 1 }),
          }),
        );
        expect(await ledger.problems('c')).toEqual([]);
      }));

    test('a problem goes with the version that had it, once a newer one was read', () =>
      within(async ({ ledger }) => {
        const claim = await ledger.claim('c', 0);
        const none: Counts = new Map();
        const settle = (version: string, problem?: string): Promise<void> =>
          ledger.settle(
            claim,
            settlement({
              slice: slice('a.avro', version),
              records: 0,
              counts: none,
              ...(problem === undefined ? { done: true } : { problem }),
            }),
          );
        await settle('v1', 'breaks off');
        await settle('v2', 'breaks off later');
        expect(await ledger.problems('c')).toEqual([
          { slice: 'a.avro', problem: 'breaks off later' },
        ]);
        await settle('v3');
        expect(await ledger.problems('c')).toEqual([]);
      }));

    test('runs carry their figures as they go, and one that was cut off is marked by the next', () =>
      within(async ({ ledger }) => {
        const first = await ledger.claim('c', 1000);
        await ledger.settle(
          first,
          settlement({
            slice: A,
            records: 4,
            counts: counts(CLICK, { read: 4, delivered: 1, deadLetters: 1, skipped: { x: 2 } }),
            deadLetters: [letter(3)],
          }),
        );
        const second = await ledger.claim('c', 2000);
        await ledger.endRun(second, 'halted', 'no such project', 3000);
        expect(await ledger.runs({ connection: 'c', limit: 10 })).toMatchObject([
          {
            id: second.run,
            state: 'halted',
            detail: 'no such project',
            startedAt: 2000,
            endedAt: 3000,
            read: 0,
          },
          {
            id: first.run,
            state: 'stopped',
            startedAt: 1000,
            endedAt: 2000,
            read: 4,
            delivered: 1,
            skipped: 2,
            deadLetters: 1,
            requests: 1,
            bytesSent: 100,
          },
        ]);
        expect(await ledger.runs({ limit: 1 })).toHaveLength(1);
        expect(await ledger.runs({ connection: 'other', limit: 10 })).toEqual([]);
        expect(await ledger.connections()).toEqual(['c']);
      }));

    test('dead letters are listed in order, page by page, and by cause, type and connection', () =>
      within(async ({ ledger, deadLetters, reopen }) => {
        const claim = await ledger.claim('c', 0);
        const all = [
          letter(0),
          letter(1, 'corrupt_block'),
          letter(2, 'rejected_by_mixpanel', OPEN),
          letter(3),
        ];
        const mixed: Counts = new Map([
          ...counts(CLICK, { read: 3, deadLetters: 3 }),
          ...counts(OPEN, { read: 1, deadLetters: 1 }),
        ]);
        await ledger.settle(
          claim,
          settlement({ slice: A, records: 4, counts: mixed, deadLetters: all, at: 5000 }),
        );
        const records = async (filter: Parameters<DeadLetters['list']>[0]) =>
          (await deadLetters.list(filter)).map(({ record }) => record);
        expect(await records({ limit: 10 })).toEqual([0, 1, 2, 3]);
        const [first] = await deadLetters.list({ limit: 1 });
        expect(await records({ limit: 2, after: first!.id })).toEqual([1, 2]);
        expect(await records({ limit: 10, cause: 'corrupt_block' })).toEqual([1]);
        expect(await records({ limit: 10, eventType: OPEN })).toEqual([2]);
        expect(await records({ limit: 10, connection: 'other' })).toEqual([]);
        expect(await deadLetters.summary()).toEqual([
          { connection: 'c', cause: 'rejected_by_mixpanel', eventType: CLICK, n: 2 },
          { connection: 'c', cause: 'corrupt_block', eventType: CLICK, n: 1 },
          { connection: 'c', cause: 'rejected_by_mixpanel', eventType: OPEN, n: 1 },
        ]);
        const again = await reopen();
        const kept = await again.deadLetters.get(first!.id);
        expect(kept).toMatchObject({
          connection: 'c',
          slice: 'a.avro',
          version: 'v1',
          record: 0,
          eventType: CLICK,
          cause: 'rejected_by_mixpanel',
          detail: 'why 0',
          kind: 'event',
          at: 5000,
          retries: 0,
        });
        expect(Buffer.from(kept!.payload).toString()).toBe('{"n":0}');
        expect(await again.deadLetters.get(999)).toBeUndefined();
        return again;
      }));

    test('pages of large payloads are shorter, and none is left out', () =>
      within(async ({ ledger, deadLetters }) => {
        const claim = await ledger.claim('c', 0);
        const large = [0, 1, 2, 3, 4].map((n) => ({
          ...letter(n),
          payload: Buffer.alloc(8 * 1024 * 1024, n),
        }));
        await ledger.settle(
          claim,
          settlement({
            slice: A,
            records: 5,
            counts: counts(CLICK, { read: 5, deadLetters: 5 }),
            deadLetters: large,
          }),
        );
        const seen: number[] = [];
        for (let after = 0; ;) {
          const page = await deadLetters.list({ after, limit: 500 });
          if (page.length === 0) break;
          const bytes = page.reduce((sum, { payload }) => sum + payload.length, 0);
          expect(bytes).toBeLessThan(32 * 1024 * 1024);
          seen.push(...page.map(({ record }) => record));
          after = page.at(-1)!.id;
        }
        expect(seen).toEqual([0, 1, 2, 3, 4]);
      }));

    test('a retried letter moves in the counts of its slice, once however often it is settled', () =>
      within(async ({ ledger, deadLetters }) => {
        const claim = await ledger.claim('c', 0);
        await ledger.settle(
          claim,
          settlement({
            slice: A,
            records: 3,
            done: true,
            counts: counts(CLICK, { read: 3, deadLetters: 3 }),
            deadLetters: [letter(0), letter(1), letter(2)],
          }),
        );
        const [a, b, c] = (await deadLetters.list({ limit: 3 })).map(({ id }) => id);
        const outcomes = [
          { id: a!, kind: 'delivered' },
          { id: b!, kind: 'skipped', reason: 'deselected' },
          { id: c!, kind: 'refused', cause: 'still', detail: 'no' },
        ] as const;
        await deadLetters.settle(outcomes, 9000);
        await deadLetters.settle(outcomes, 9000);
        expect((await ledger.totals('c')).get(CLICK)).toMatchObject({
          read: 3,
          delivered: 1,
          deadLetters: 1,
          skipped: { deselected: 1 },
        });
        expect(await ledger.imbalances('c')).toEqual([]);
        expect(await deadLetters.list({ limit: 9 })).toMatchObject([
          { id: c, cause: 'still', detail: 'no', retries: 2 },
        ]);
      }));
  });
}
