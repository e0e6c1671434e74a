import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  alias,
  COHORT,
  cohortSinkContract,
  enter,
  external,
  leave,
} from '../../test/contracts/cohort-sink.ts';
import { sendOnce } from '../../test/support/braze-lab.ts';
import { type CohortLine, type CohortSink, keyOfUser } from '../core/cohorts.ts';
import { checkCohortFile, cohortFileSink } from './cohort-file.ts';

async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'cohort-file-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const open = (path: string, format: 'csv' | 'ndjson' = 'csv'): CohortSink =>
  cohortFileSink.open(cohortFileSink.settings.parse({ path, format }));

/** Rows of a CSV text, by RFC 4180. */
function rowsOf(csv: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/g)) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain!);
    if (end === '\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

/** What a file says: of which cohort who enters or leaves. */
function changesIn(name: string, content: string): { cohort: string; key: string; in: boolean }[] {
  if (name.endsWith('.ndjson'))
    return content
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as CohortLine)
      .map(({ cohort, user, member }) => ({ cohort: cohort.id, key: keyOfUser(user), in: member }));
  const cohort = /^cohort-(\w+)-/.exec(name)![1]!;
  const [header, ...rows] = rowsOf(content);
  return rows.map(([id = '', label = '']) => ({
    cohort,
    key: keyOfUser(header![0] === 'user_alias_name' ? alias(id, label) : external(id)),
    in: name.endsWith('-add.csv'),
  }));
}

for (const format of ['csv', 'ndjson'] as const)
  cohortSinkContract(`file (${format})`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cohort-file-'));
    const members = new Map<string, Set<string>>();
    const seen = new Map<string, bigint>();
    const sink = open(folder, format);

    /** Takes up what was written since the last time, as whoever imports it would. */
    async function takeUp(): Promise<void> {
      for (const name of await readdir(folder)) {
        const { ino } = await stat(join(folder, name), { bigint: true });
        if (seen.get(name) === ino) continue;
        seen.set(name, ino);
        for (const change of changesIn(name, await readFile(join(folder, name), 'utf8'))) {
          const set = members.get(change.cohort) ?? new Set();
          members.set(change.cohort, set);
          set[change.in ? 'add' : 'delete'](change.key);
        }
      }
    }

    return {
      sink: {
        ...sink,
        async send(body, signal) {
          const answer = await sink.send(body, signal);
          await takeUp();
          return answer;
        },
      },
      members: (id) => members.get(id) ?? [],
      close: () => rm(folder, { recursive: true }),
    };
  });

describe('the files', () => {
  test('one column of ids, those who enter and those who leave apart', () =>
    withFolder(async (folder) => {
      await sendOnce(open(folder), [
        enter(external('u1')),
        leave(external('u,"2')),
        enter(external('=1+1')),
        enter({ kind: 'braze_id', id: 'b1' }),
        leave(alias('x', 'mixpanel')),
      ]);
      const names = (await readdir(folder)).toSorted();
      const parts = names.map((name) => /^cohort-4242-[0-9a-f]{16}-(.*)$/.exec(name)?.[1]);
      expect(parts).toEqual([
        'braze_id-add.csv',
        'external_id-add.csv',
        'external_id-remove.csv',
        'user_alias-remove.csv',
      ]);
      const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
      expect(texts).toEqual([
        'braze_id\nb1\n',
        'external_id\nu1\n"=1+1"\n',
        'external_id\n"u,""2"\n',
        'user_alias_name,user_alias_label\nx,mixpanel\n',
      ]);
    }));

  test('a body that is sent again writes the same files; another body, others', () =>
    withFolder(async (folder) => {
      const sink = open(folder, 'ndjson');
      for (let i = 0; i < 3; i++) await sendOnce(sink, [enter(external('a'))]);
      expect(await readdir(folder)).toHaveLength(1);
      await sendOnce(sink, [leave(external('a'))]);
      await sendOnce(sink, [enter(external('a'))], { id: '43', name: COHORT.name });
      expect(await readdir(folder)).toHaveLength(3);
    }));

  test('whatever the id of a cohort, the files stay in the folder, and apart', () =>
    withFolder(async (folder) => {
      const inner = join(folder, 'inner');
      await mkdir(inner);
      const ids = ['../../x', '__/__/x', '.', '', 'é'.repeat(300), 'a\0b'];
      for (const id of ids)
        await sendOnce(open(inner, 'ndjson'), [enter(external('a'))], { id, name: 'n' });
      expect(await readdir(inner)).toHaveLength(ids.length);
      expect(await readdir(folder)).toEqual(['inner']);
    }));

  test('what a crash left behind of a file is written over', () =>
    withFolder(async (folder) => {
      const sink = open(folder, 'ndjson');
      await sendOnce(sink, [enter(external('a'))]);
      const [name] = await readdir(folder);
      const whole = await readFile(join(folder, name!));
      await rm(join(folder, name!));
      await writeFile(join(folder, `.${name}.part`), Buffer.concat([whole, whole]));
      await sendOnce(sink, [enter(external('a'))]);
      expect(await readdir(folder)).toEqual([name]);
      expect(await readFile(join(folder, name!))).toEqual(whole);
    }));

  test('users known by email alone are refused for good in a CSV file', () =>
    withFolder(async (folder) => {
      const changes = [enter({ kind: 'email', id: 'a@b' } as const), enter(external('a'))];
      expect(await sendOnce(open(folder), changes)).toMatchObject({
        kind: 'settled',
        rejections: [{ index: 0, cause: 'refused_for_good' }],
      });
      expect(await sendOnce(open(folder, 'ndjson'), changes)).toMatchObject({ rejections: [] });
    }));
});

describe('faults', () => {
  test('a folder that is not there, or is none, halts', () =>
    withFolder(async (folder) => {
      await writeFile(join(folder, 'file'), '');
      for (const path of [join(folder, 'none'), join(folder, 'file')]) {
        const answer = await sendOnce(open(path), [enter(external('a'))]);
        expect(answer).toMatchObject({ kind: 'halt', detail: expect.stringContaining(path) });
      }
    }));

  test('a file that can not be written this time is tried again', () =>
    withFolder(async (folder) => {
      const sink = open(folder, 'ndjson');
      await sendOnce(sink, [enter(external('a'))]);
      const [name] = await readdir(folder);
      await rm(join(folder, name!));
      // A folder in its place: EISDIR.
      await mkdir(join(folder, `.${name}.part`));
      expect(await sendOnce(sink, [enter(external('a'))])).toMatchObject({ kind: 'retry' });
      await rm(join(folder, `.${name}.part`), { recursive: true });
      expect(await sendOnce(sink, [enter(external('a'))])).toMatchObject({ kind: 'settled' });
    }));

  test('the check tells a folder from what is none', () =>
    withFolder(async (folder) => {
      const check = (path: string) =>
        checkCohortFile({ path, format: 'csv' }, AbortSignal.timeout(1000));
      await writeFile(join(folder, 'file'), '');
      expect(await check(folder)).toMatchObject({ ok: true });
      expect(await check(join(folder, 'file'))).toMatchObject({ ok: false });
      expect(await check(join(folder, 'none'))).toMatchObject({
        ok: false,
        detail: expect.stringContaining('ENOENT'),
      });
      expect(await readdir(folder)).toEqual(['file']);
    }));
});
