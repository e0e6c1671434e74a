import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CLICK, clicks, currentsFile, put } from '../../test/support/currents-file.ts';
import { scriptedServer, taken } from '../../test/support/scripted-server.ts';
import { totalOf } from '../core/counts.ts';
import { parseMappingSettings } from '../mapping/settings.ts';
import { openState } from '../state/state.ts';
import { type ExportEvents, exportFolder, type ExportResult } from './export.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sluice-export-'));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

/** Exports the folder `currents` below the root; its books are in `data`. */
async function exportAll(events: Partial<ExportEvents> = {}): Promise<ExportResult> {
  const server = await scriptedServer([taken]);
  try {
    return await exportFolder(
      {
        from: join(root, 'currents'),
        dataDir: join(root, 'data'),
        connection: 'c',
        destination: {
          credentials: { kind: 'project-token', token: 'tok' },
          region: 'us',
          url: server.url,
        },
        settings: parseMappingSettings({}),
        salt: undefined,
        concurrency: 2,
      },
      { signal: new AbortController().signal, ...events },
    );
  } finally {
    await server.close();
  }
}

test.each([
  ['without a terminal', {}],
  ['on a terminal', { onStart: () => undefined }],
])('what can be listed is delivered when the listing breaks off, %s', async (_name, events) => {
  await put(root, 'currents/a.avro', currentsFile(clicks('a', 10)));
  await mkdir(Buffer.concat([Buffer.from(`${root}/currents/z`), Buffer.of(0xe9)]));
  await expect(exportAll(events)).rejects.toMatchObject({ code: 'illegible_name' });
  const state = openState(join(root, 'data'), { readonly: true });
  const [run] = await state.ledger.runs({ limit: 1 });
  expect(run).toMatchObject({ state: 'failed', read: 10, delivered: 10 });
  state.close();
});

test('new fields are counted by any name, also by one that every object has', async () => {
  const names = ['constructor', '__proto__', 'toString'];
  const schema = {
    ...CLICK,
    fields: [...CLICK.fields, ...names.map((name) => ({ name, type: 'string' }))],
  };
  const values = Object.fromEntries(names.map((name) => [name, 'x']));
  const records = clicks('a', 3).map((record) => ({ ...record, ...values }));
  await put(root, 'currents/a.avro', currentsFile(records, { schema }));
  const result = await exportAll();
  expect(result).toMatchObject({ state: 'finished', balanced: true });
  const { newFields } = totalOf(result.counts);
  expect(new Map(Object.entries(newFields))).toEqual(new Map(names.map((name) => [name, 3])));
});
