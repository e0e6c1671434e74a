import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { KeyTable } from './key-table.ts';
import { EventStore } from './store.ts';
import {
  anEvent,
  importTo,
  NOW,
  someEvents,
  testSandbox,
} from '../../../test/support/sandbox-client.ts';

function keyOf(n: number): Buffer {
  return hash('sha256', String(n), 'buffer');
}

describe('the table of keys', () => {
  test('agrees with a map while it grows', () => {
    const table = new KeyTable(100_000);
    for (let n = 0; n < 20_000; n++) expect(table.set(keyOf(n), n)).toBe('new');
    for (let n = 0; n < 20_000; n += 3) expect(table.set(keyOf(n), n + 1)).toBe('replaced');
    for (let n = 0; n < 20_000; n++) expect(table.get(keyOf(n))).toBe(n % 3 === 0 ? n + 1 : n);
    expect(table.get(keyOf(20_000))).toBeUndefined();
    expect(table.size).toBe(20_000);
  });

  test('says when it is full, and still knows what it holds', () => {
    const table = new KeyTable(2);
    table.set(keyOf(1), 1);
    table.set(keyOf(2), 2);
    expect(table.set(keyOf(3), 3)).toBe('full');
    expect(table.set(keyOf(2), 4)).toBe('replaced');
    table.clear();
    expect(table.get(keyOf(2))).toBeUndefined();
    expect(table.set(keyOf(3), 3)).toBe('new');
  });
});

describe('repeats', () => {
  test('are stored, counted, and the latest is shown', async () => {
    await using sandbox = await testSandbox();
    await importTo(sandbox, [anEvent({ step: 1 }), anEvent({ step: 2 })]);
    await importTo(sandbox, [anEvent({ step: 3 }), anEvent({ $insert_id: 'other' })]);
    expect(sandbox.stats()).toMatchObject({
      ingested: 4,
      distinct: 2,
      duplicates: 2,
      events: { Open: { ingested: 4, distinct: 2 } },
    });
    expect(sandbox.events().map(({ properties }) => properties['step'])).toEqual([3, undefined]);
    expect(sandbox.texts()).toHaveLength(4);
  });

  test('have name, distinct_id, time and $insert_id in common', async () => {
    await using sandbox = await testSandbox();
    const time = NOW / 1000 - 60;
    await importTo(sandbox, [
      anEvent(),
      anEvent({}, 'Click'),
      anEvent({ distinct_id: 'u2' }),
      anEvent({ time: time - 1 }),
      anEvent({ $insert_id: 'i-2' }),
      anEvent({ time: time * 1000 }),
    ]);
    expect(sandbox.stats()).toMatchObject({ ingested: 6, distinct: 5, duplicates: 1 });
  });

  test('may be of the same day only, as compaction sees them', async () => {
    await using sandbox = await testSandbox({ switches: { dedupe: 'same-day' } });
    const time = NOW / 1000;
    await importTo(sandbox, [
      anEvent({ time }),
      anEvent({ time: time - 3600 }),
      anEvent({ time: time - 86_400 }),
    ]);
    expect(sandbox.stats().distinct).toBe(2);
    expect(sandbox.events()).toHaveLength(2);
  });

  test('are no longer told apart once the table is full, which the counts say', async () => {
    await using sandbox = await testSandbox({ maxKeys: 2 });
    await importTo(sandbox, someEvents(3));
    await importTo(sandbox, someEvents(3));
    expect(sandbox.stats()).toMatchObject({
      ingested: 6,
      distinct: 2,
      duplicates: 2,
      storage: { untrackedEvents: 2 },
    });
  });
});

describe('memory', () => {
  test('are counted by name for the first 5000 names only', async () => {
    await using sandbox = await testSandbox();
    for (let batch = 0; batch < 3; batch++)
      await importTo(
        sandbox,
        Array.from({ length: 2000 }, (_, index) => anEvent({}, `name ${batch * 2000 + index}`)),
      );
    await importTo(sandbox, [anEvent({ $insert_id: 'again' }, 'name 0')]);
    const { events, ingested } = sandbox.stats();
    expect(ingested).toBe(6001);
    expect(Object.keys(events)).toHaveLength(5001);
    expect(events['name 0']).toEqual({ ingested: 2, distinct: 2 });
    expect(events['(other names)']).toEqual({ ingested: 1000, distinct: 1000 });
  });

  test('beyond the bound the oldest bodies go, the counts stay', async () => {
    await using sandbox = await testSandbox({ maxStoredBytes: 3000 });
    for (let n = 0; n < 10; n++)
      await importTo(sandbox, [anEvent({ $insert_id: `i-${n}`, text: 'x'.repeat(200) })]);
    const { ingested, distinct, storage } = sandbox.stats();
    expect([ingested, distinct]).toEqual([10, 10]);
    expect(storage.bytes).toBeLessThanOrEqual(3000);
    const ids = sandbox.events().map(({ properties }) => properties['$insert_id']);
    expect(ids).toEqual(['i-7', 'i-8', 'i-9']);
    expect(storage.droppedEvents).toBe(7);
    await importTo(sandbox, [anEvent({ $insert_id: 'i-0' })]);
    expect(sandbox.stats()).toMatchObject({ distinct: 10, duplicates: 1 });
  });

  test('of 200,000 events of 1 kB it keeps what fits into the bound, and knows all of them', () => {
    const store = new EventStore(64 * 1024 * 1024, 1_000_000);
    const bytes = Buffer.alloc(1000, 'x');
    for (let batch = 0; batch < 100; batch++) {
      const events = Array.from({ length: 2000 }, (_, index) => ({
        bytes,
        identity: { name: 'n', distinctId: 'd', insertId: `${batch}-${index}`, time: 1 },
      }));
      store.add(events, { receivedAt: 1, usesRequestIp: false, dedupe: 'query-time' });
    }
    expect(store.distinct).toBe(200_000);
    expect(store.storedBytes).toBeLessThanOrEqual(store.maxBytes);
    expect(store.storedBytes).toBeGreaterThan(store.maxBytes - 4_000_000);
  });
});

describe('what is shown', () => {
  test('texts are cut at 255 bytes on a whole character, or at 255 characters', async () => {
    const long = `${'x'.repeat(254)}é`;
    const event = anEvent({ a: long, b: ['é'.repeat(300)], c: { d: '😀'.repeat(100) } }, long);
    await using sandbox = await testSandbox();
    await importTo(sandbox, [event]);
    expect(sandbox.events()[0]).toMatchObject({
      event: 'x'.repeat(254),
      properties: { a: 'x'.repeat(254), b: ['é'.repeat(127)], c: { d: '😀'.repeat(63) } },
    });
    expect(sandbox.texts()).toEqual([JSON.stringify(event)]);
    await using characters = await testSandbox({ switches: { truncation: 'characters' } });
    await importTo(characters, [event]);
    expect(characters.events()[0]).toMatchObject({
      event: long,
      properties: { a: long, b: ['é'.repeat(255)] },
    });
  });

  test('a time ahead of the clock becomes now, in whatever unit', async () => {
    await using sandbox = await testSandbox();
    await importTo(sandbox, [anEvent({ time: NOW / 1000 + 60 })]);
    expect(sandbox.events()[0]?.properties['time']).toBe(NOW);
  });

  test('an address becomes a place, unless the event has one of its own', async () => {
    await using sandbox = await testSandbox();
    await importTo(sandbox, [
      anEvent({ $insert_id: 'a', ip: '10.0.0.1' }),
      anEvent({ $insert_id: 'b', ip: '0' }),
      anEvent({ $insert_id: 'c', ip: '10.0.0.1', mp_country_code: 'DE' }),
      anEvent({ $insert_id: 'd' }),
    ]);
    const shown = sandbox.events().map(({ properties }) => properties);
    expect(shown.map((each) => each['mp_country_code'])).toEqual([
      'ZZ',
      undefined,
      'DE',
      undefined,
    ]);
    expect(shown.every((each) => !('ip' in each))).toBe(true);
  });

  test("without ip=0 the request's own address counts, unless switched off", async () => {
    await using sandbox = await testSandbox();
    await importTo(sandbox, [anEvent()], { query: 'strict=1' });
    expect(sandbox.events()[0]?.properties['$city']).toBe('Sandbox');
    await using off = await testSandbox({ switches: { missingIp: 'ignore' } });
    await importTo(off, [anEvent()], { query: 'strict=1' });
    expect(off.events()[0]?.properties).not.toHaveProperty('$city');
  });

  test('the token is not stored', async () => {
    await using sandbox = await testSandbox();
    await importTo(sandbox, [anEvent({ token: 'tok' })]);
    expect(sandbox.events()[0]?.properties).not.toHaveProperty('token');
  });
});
