import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Control, openControl } from './state.ts';

let folder: string;
let control: Control;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-drafts-'));
  control = await openControl(folder, {}, { make: true });
});
afterEach(() => {
  control.close();
  rmSync(folder, { recursive: true, force: true });
});

const draft = (id: string, updatedAt = 1) => ({
  ...{ id, step: 'source', spec: { secret: 'a-secret-of-a-draft' }, updatedAt },
});

test('a draft comes back whole, is sealed at rest, and goes', async () => {
  await control.drafts.put(draft('a'));
  await control.drafts.put(draft('b', 2));
  expect(await control.drafts.get('a')).toEqual(draft('a'));
  expect((await control.drafts.list()).map(({ id }) => id)).toEqual(['b', 'a']);
  for (const file of ['sluice.db', 'sluice.db-wal'])
    expect(readFileSync(join(folder, file)).includes('a-secret-of-a-draft')).toBe(false);
  await control.drafts.put({ ...draft('a', 3), step: 'events' });
  expect(await control.drafts.get('a')).toMatchObject({ step: 'events', updatedAt: 3 });
  await control.drafts.remove('a');
  expect(await control.drafts.get('a')).toBeUndefined();
});

test('beyond a hundred the oldest are dropped', async () => {
  for (let i = 0; i < 103; i++) await control.drafts.put(draft(`d${i}`, i));
  const ids = (await control.drafts.list()).map(({ id }) => id);
  expect(ids).toHaveLength(100);
  expect(ids.at(-1)).toBe('d3');
});

test('drafts alone keep a lost key from being replaced, and can be read after a rotation', async () => {
  await control.drafts.put(draft('a'));
  control.rotateKeys();
  control.rotateKeys();
  expect(await control.drafts.get('a')).toEqual(draft('a'));
  rmSync(join(folder, 'key'));
  await expect(control.drafts.put(draft('b'))).rejects.toMatchObject({ code: 'wrong_key' });
});
