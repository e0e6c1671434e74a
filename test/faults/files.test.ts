import { describe, expect, test } from 'vitest';
import { block, compress, header, type Codec } from '../support/avro-file.ts';
import {
  CLICK,
  clicks,
  currentsFile,
  CUSTOM_EVENT,
  customEvent,
  encodeRecords,
  idOf,
  put,
} from '../support/currents-file.ts';
import { insertIds, openScene } from '../support/scene.ts';

const SNAPPY: Codec = 'snappy';

function ids(file: string, count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, n) => idOf(file, from + n));
}

describe('bad files amid good ones', () => {
  const whole = currentsFile(clicks('cut', 400), { perBlock: 100 });
  const cutShort = whole.subarray(0, whole.length - 700);

  const bad: Record<string, Uint8Array> = {
    'b-truncated.avro': cutShort,
    'c-empty.avro': new Uint8Array(0),
    'd-text.avro': Buffer.from('id,time\n1,2\n'),
    'e-no-record.avro': Buffer.concat([header('"string"'), block(1, Buffer.from([2, 0x61]))]),
    'f-bad-schema.avro': Buffer.concat([header('{"type":"record",'), block(1, Buffer.from([0]))]),
    'g-codec.avro': Buffer.concat([header(CLICK, 'lzma'), block(1, Buffer.from([0]))]),
    'h-magic.avro': Buffer.from('Obj'),
  };

  test('the good ones are delivered, the bad ones named, and a mended one follows', async () => {
    await using scene = await openScene();
    await put(scene.currents, 'a-good.avro', currentsFile(clicks('a', 300)));
    await put(scene.currents, 'sub/zero-records.avro', currentsFile([]));
    await put(scene.currents, 'z-good.avro', currentsFile(clicks('z', 300), { codec: 'deflate' }));
    await put(scene.currents, 'notes.txt', 'no Avro file, and none by its name');
    for (const [name, bytes] of Object.entries(bad)) await put(scene.currents, name, bytes);

    const first = await scene.runExport();
    expect(first.code).toBe(5);
    expect(first.report.balanced).toBe(true);
    expect(first.report.problems.map(({ slice }) => slice).toSorted()).toEqual(
      Object.keys(bad).toSorted(),
    );
    for (const { slice, problem } of first.report.problems) {
      expect(problem).toContain(slice);
      expect(problem).not.toMatch(/undefined|\[object/);
    }
    // Of the truncated file, the blocks before the break are delivered.
    expect(insertIds(scene.sandbox)).toEqual(
      [...ids('a', 300), ...ids('cut', 300), ...ids('z', 300)].toSorted(),
    );
    expect(first.report.deadLetters).toBe(0);

    const again = await scene.runExport();
    expect(again.code).toBe(5);
    expect(again.report).toMatchObject({ read: 0, balanced: true });
    expect(again.report.problems).toHaveLength(Object.keys(bad).length);

    await put(scene.currents, 'b-truncated.avro', whole);
    const mended = await scene.runExport();
    expect(mended.code).toBe(5);
    expect(mended.report.balanced).toBe(true);
    expect(mended.report.problems.map(({ slice }) => slice)).not.toContain('b-truncated.avro');
    expect(insertIds(scene.sandbox)).toEqual(
      [...ids('a', 300), ...ids('cut', 400), ...ids('z', 300)].toSorted(),
    );
  });

  test('a human reads which file is bad and why', async () => {
    await using scene = await openScene();
    await put(scene.currents, 'a.avro', currentsFile(clicks('a', 5)));
    await put(scene.currents, 'broken.avro', cutShort);
    const { code, stdout } = await scene.run(scene.exportArgs().filter((arg) => arg !== '--json'));
    expect(code).toBe(5);
    expect(stdout).toContain('broken.avro');
    expect(stdout).toContain('breaks off');
    expect(stdout).toContain('The books balance');
  });

  test('a schema that the bytes do not follow makes dead letters, not lost records', async () => {
    await using scene = await openScene();
    await put(scene.currents, 'a.avro', currentsFile(clicks('a', 20)));
    const stored = compress(encodeRecords(CLICK, clicks('w', 20)), SNAPPY);
    const wrong = Buffer.concat([header(CUSTOM_EVENT, SNAPPY), block(20, stored)]);
    await put(scene.currents, 'wrong.avro', wrong);
    const { code, report } = await scene.runExport();
    expect(code).toBe(3);
    expect(report).toMatchObject({ delivered: 20, deadLetters: 1, balanced: true, problems: [] });
    const [letter] = await scene.deadLetters();
    expect(letter).toMatchObject({ cause: 'corrupt_block', slice: 'wrong.avro' });
    expect(Buffer.from(letter!.bytes!, 'base64')).toEqual(stored);
  });
});

describe('damaged blocks', () => {
  test.each(['null', 'deflate', 'snappy', 'zstandard'] as const)(
    'a corrupt block (%s) is one dead letter with its bytes; the rest is delivered',
    async (codec) => {
      await using scene = await openScene();
      const file = currentsFile(clicks('a', 500), { codec, perBlock: 100 });
      const good = compress(encodeRecords(CLICK, clicks('a', 500).slice(200, 300)), codec);
      const at = file.indexOf(good);
      expect(at).toBeGreaterThan(0);
      // The first bytes: the frame of a codec, or without one the length of the first text.
      for (let i = 0; i < 8; i++) file[at + i] = file[at + i]! ^ 0xff;
      await put(scene.currents, 'a.avro', file);

      const { code, report } = await scene.runExport();
      expect(code).toBe(3);
      expect(report).toMatchObject({
        read: 401,
        delivered: 400,
        deadLetters: 1,
        balanced: true,
        problems: [],
      });
      expect(insertIds(scene.sandbox)).toEqual([...ids('a', 200), ...ids('a', 200, 300)]);
      const letters = await scene.deadLetters();
      expect(letters).toHaveLength(1);
      expect(letters[0]).toMatchObject({
        slice: 'a.avro',
        record: 200,
        eventType: 'users.messages.email.Click',
      });
      expect(letters[0]?.cause).toMatch(/block/);
      expect(letters[0]?.detail).toContain('100 records');
      expect(Buffer.from(letters[0]!.bytes!, 'base64')).toEqual(
        file.subarray(at, at + good.length),
      );
    },
  );

  test('a broken sync marker: what lies up to the next one is kept, and reading goes on there', async () => {
    await using scene = await openScene();
    const perBlock = 100;
    const blocks = Array.from({ length: 5 }, (_, n) =>
      block(
        perBlock,
        compress(encodeRecords(CLICK, clicks('a', 500).slice(n * 100, n * 100 + 100)), SNAPPY),
      ),
    );
    blocks[1]!.subarray(-16).fill(0);
    await put(scene.currents, 'a.avro', Buffer.concat([header(CLICK, SNAPPY), ...blocks]));
    const { code, report } = await scene.runExport();
    expect(code).toBe(3);
    expect(report).toMatchObject({ delivered: 300, deadLetters: 1, balanced: true, problems: [] });
    expect(insertIds(scene.sandbox)).toEqual([...ids('a', 100), ...ids('a', 200, 300)]);
    const [letter] = await scene.deadLetters();
    expect(letter?.cause).toBe('bad_sync_marker');
    expect(Buffer.from(letter!.bytes!, 'base64')).toEqual(Buffer.concat([blocks[1]!, blocks[2]!]));
  });
});

describe('large ones', () => {
  test('an event of 2 MB is a dead letter, the rest is delivered', async () => {
    await using scene = await openScene();
    const huge = JSON.stringify({ scores: Array.from({ length: 400_000 }, (_, n) => n % 10_000) });
    expect(huge.length).toBeGreaterThan(1_900_000);
    const records = [
      customEvent('one', '{"level":1}'),
      customEvent('huge', huge),
      customEvent('two', '{"level":2}'),
    ];
    await put(scene.currents, 'a.avro', currentsFile(records, { schema: CUSTOM_EVENT }));
    const { code, report } = await scene.runExport();
    expect(code).toBe(3);
    expect(report).toMatchObject({ read: 3, delivered: 2, deadLetters: 1, balanced: true });
    expect(insertIds(scene.sandbox)).toEqual(['one', 'two']);
    const [letter] = await scene.deadLetters();
    expect(letter).toMatchObject({ cause: 'event_too_large', record: 1 });
    expect(letter?.event?.properties['[Custom event property] scores']).toHaveLength(400_000);
  });

  test('a text of 2 MB is cut at what Mixpanel stores, or kept whole on request', async () => {
    await using scene = await openScene();
    const huge = JSON.stringify({ essay: 'word '.repeat(420_000) });
    await put(
      scene.currents,
      'a.avro',
      currentsFile([customEvent('one', '{}'), customEvent('huge', huge)], { schema: CUSTOM_EVENT }),
    );
    const cut = await scene.runExport(['--connection', 'cut']);
    expect(cut.code).toBe(0);
    expect(cut.report).toMatchObject({
      delivered: 2,
      adjusted: { truncated_text: 1 },
      balanced: true,
    });

    const settings = await put(scene.root, 'settings.yaml', 'longStrings: keep\n');
    const whole = await scene.runExport(['--connection', 'whole', '--settings', settings]);
    expect(whole.code).toBe(3);
    expect(whole.report).toMatchObject({ delivered: 1, deadLetters: 1, balanced: true });
    expect(await scene.deadLetters()).toMatchObject([
      { cause: 'event_too_large', connection: 'whole' },
    ]);
  });

  test.each([
    { blocks: 'one block', perBlock: 100_000 },
    { blocks: 'many blocks', perBlock: 7 },
  ])('100,000 records in $blocks', async ({ perBlock }) => {
    await using scene = await openScene();
    const records = clicks('a', 100_000, { anonymousEvery: 10 });
    await put(scene.currents, 'a.avro', currentsFile(records, { perBlock }));
    const { code, report } = await scene.runExport();
    expect(code).toBe(0);
    expect(report).toMatchObject({
      read: 100_000,
      delivered: 90_000,
      skipped: { no_external_user_id: 10_000 },
      requests: 45,
      balanced: true,
    });
    const stats = scene.sandbox.stats();
    expect(stats).toMatchObject({ ingested: 90_000, distinct: 90_000 });
    expect(stats.events).toEqual({ 'Email Click': { ingested: 90_000, distinct: 90_000 } });
  });
});

describe('what a later run reads', () => {
  test('nothing again; late files; changed files from their start', async () => {
    await using scene = await openScene();
    await put(scene.currents, 'a.avro', currentsFile(clicks('a', 3000)));
    expect((await scene.runExport()).report).toMatchObject({ read: 3000, delivered: 3000 });

    const second = await scene.runExport();
    expect(second.code).toBe(0);
    expect(second.report).toMatchObject({ read: 0, delivered: 0, requests: 0, balanced: true });
    expect(scene.sandbox.stats().ingested).toBe(3000);

    // Both before and behind the file that is settled.
    await put(scene.currents, '0/late.avro', currentsFile(clicks('early', 50)));
    await put(scene.currents, 'b/late.avro', currentsFile(clicks('late', 70)));
    const third = await scene.runExport();
    expect(third.code).toBe(0);
    expect(third.report).toMatchObject({ read: 120, delivered: 120, slices: 2, balanced: true });
    expect(scene.sandbox.stats()).toMatchObject({ ingested: 3120, distinct: 3120 });

    await put(scene.currents, 'a.avro', currentsFile(clicks('a', 3500)));
    const fourth = await scene.runExport();
    expect(fourth.code).toBe(0);
    expect(fourth.report).toMatchObject({ read: 3500, delivered: 3500, balanced: true });
    expect(scene.sandbox.stats()).toMatchObject({
      ingested: 6620,
      distinct: 3620,
      duplicates: 3000,
    });
    expect(insertIds(scene.sandbox)).toEqual(
      [...ids('a', 3500), ...ids('early', 50), ...ids('late', 70)].toSorted(),
    );
  });
});
