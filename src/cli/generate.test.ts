import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type GenerateCommand, generateProgress, runGenerate } from './generate.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'sluice-cli-generate-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function run(command: Partial<GenerateCommand>, signal = new AbortController().signal) {
  let text = '';
  const out = { write: (more: string) => (text += more) };
  const summary = await runGenerate({ events: 200, out: dir, hours: 2, ...command }, out, signal);
  return { summary, text };
}

test('says what it wrote, the ten most frequent types and the rest', async () => {
  const { summary, text } = await run({ events: 1234 });
  expect(summary.events).toBe(1234);
  expect(text).toContain(`1,234 events of 94 types in ${summary.files} files`);
  expect(text).toMatch(/users\.messages\.email\.Send +\d+\n/);
  const lines = text.split('\n').filter((line) => /^(?:users|agentconsole)\./.test(line));
  expect(lines).toHaveLength(10);
  expect(text).toMatch(/84 other types +\d+\n/);
});

test('prints one JSON object with json', async () => {
  const { summary, text } = await run({ json: true, seed: 5 });
  expect(JSON.parse(text)).toStrictEqual({ dir, seed: '5', ...summary });
  expect(text.endsWith('}\n')).toBe(true);
});

test('writes nothing for no events, and says so', async () => {
  const { text } = await run({ events: 0 });
  expect(text).toContain('0 events of 0 types in 0 files');
  expect(await readdir(dir)).toStrictEqual([]);
});

test('makes the folder, and tells the progress file by file', async () => {
  const seen: number[] = [];
  const out = path.join(dir, 'new', 'folder');
  const { summary } = await run({ out, onProgress: ({ files }) => seen.push(files) });
  expect(seen).toStrictEqual(Array.from({ length: summary.files }, (_, i) => i + 1));
});

test('refuses a folder with Avro files, however deep, unless forced', async () => {
  await mkdir(path.join(dir, 'a', 'b'), { recursive: true });
  await writeFile(path.join(dir, 'a', 'b', 'mine.avro'), '');
  await expect(run({})).rejects.toMatchObject({
    code: 'folder_in_use',
    message: expect.stringContaining('mine.avro'),
    hint: expect.stringContaining('--force'),
  });
  expect(await readdir(dir)).toStrictEqual(['a']);
  expect((await run({ force: true })).summary.events).toBe(200);
});

test('takes a folder with other files', async () => {
  await writeFile(path.join(dir, 'notes.txt'), '');
  expect((await run({})).summary.events).toBe(200);
});

test('refuses options that can not be before it looks at the folder', async () => {
  await expect(run({ events: -5 })).rejects.toMatchObject({ code: 'bad_generate_options' });
});

test('refuses a path that is no folder', async () => {
  const out = path.join(dir, 'file');
  await writeFile(out, '');
  await expect(run({ out })).rejects.toMatchObject({ code: 'bad_folder' });
});

test.runIf(process.platform === 'linux')(
  'refuses a folder that can not be made, and does not try for ever',
  async () => {
    await expect(run({ out: '/proc/sluice' })).rejects.toMatchObject({ code: 'bad_folder' });
  },
);

test('shows how far it is on a terminal, and takes the line back', () => {
  const shown: string[] = [];
  const terminal = { out() {}, err: (text: string) => shown.push(text), width: 80, color: false };
  const progress = generateProgress({ ...terminal, live: true }, 100);
  const later = performance.now() + 150;
  while (performance.now() < later);
  progress.written({ events: 25 });
  progress.end();
  expect(shown[0]).toContain('25%  25 events · ');
  expect(shown).toHaveLength(2);
  const silent = generateProgress({ ...terminal, live: false }, 100);
  silent.written({ events: 25 });
  silent.end();
  expect(shown).toHaveLength(2);
});

test('stops when it is interrupted', async () => {
  const signal = AbortSignal.abort(new Error('interrupted'));
  await expect(run({}, signal)).rejects.toThrow('interrupted');
});
