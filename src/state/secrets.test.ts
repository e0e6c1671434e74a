import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readKeys } from './key-file.ts';
import { rotationSteps } from './rotate-keys.ts';
import { createKeyring, type KeySource, keySource } from './secrets.ts';
import { type Control, openControl, openState } from './state.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-secrets-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const SPEC = { name: 'shop', salt: 'a-secret-that-must-not-lie-there-plain' };
const newKey = () => randomBytes(32).toString('base64');

async function store(keys: KeySource, name = 'shop'): Promise<void> {
  await using control = await opened(keys);
  await control.connections.put(name, { ...SPEC, name }, 1);
}

async function specs(keys: KeySource): Promise<unknown[]> {
  await using control = await opened(keys);
  return (await control.connections.list()).map(({ spec }) => spec);
}

async function opened(keys: KeySource): Promise<Control & AsyncDisposable> {
  const control = await openControl(folder, keys, { make: true });
  return {
    ...control,
    [Symbol.asyncDispose]() {
      control.close();
      return Promise.resolve();
    },
  };
}

test('nothing of a spec lies in the data folder as it is', async () => {
  await store({});
  for (const file of await readdir(folder))
    expect((await readFile(join(folder, file))).includes(SPEC.salt), file).toBe(false);
  expect(await specs({})).toEqual([SPEC]);
});

test('the key that Sluice makes is readable by its user alone, and is made once', async () => {
  await Promise.all(['a', 'b', 'c', 'd'].map((name) => store({}, name)));
  expect((await stat(join(folder, 'key'))).mode & 0o777).toBe(0o600);
  expect(await specs({})).toHaveLength(4);
  expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
});

test('a key from the environment, as base64, as hex or in a file, and none is made then', async () => {
  const bytes = randomBytes(32);
  await store(keySource({ SLUICE_KEY: bytes.toString('base64') }));
  await expect(stat(join(folder, 'key'))).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await specs({ key: bytes.toString('hex') })).toEqual([SPEC]);
  const file = join(folder, 'mine');
  await writeFile(file, `# mine\n${bytes.toString('base64url')}\n`);
  expect(await specs(keySource({ SLUICE_KEY_FILE: file }))).toEqual([SPEC]);
});

test('a wrong key, a lost key and a key that is none are told apart, and none shows in the error', async () => {
  const key = newKey();
  const other = newKey();
  await store({ key });
  const wrong = await specs({ key: other }).catch((error: unknown) => error);
  expect(wrong).toMatchObject({
    name: 'StateError',
    code: 'wrong_key',
    message: expect.stringContaining('shop'),
    hint: expect.stringContaining('SLUICE_KEY'),
  });
  expect(JSON.stringify([wrong, String(wrong)])).not.toContain(other);
  const broken = await specs({ key: 'abc-secret' }).catch((error: unknown) => error);
  expect(broken).toMatchObject({ code: 'bad_key', hint: expect.stringContaining('openssl') });
  expect(String(broken)).not.toContain('abc-secret');
  await expect(specs({ keyFile: join(folder, 'none') })).rejects.toMatchObject({ code: 'no_key' });
});

test('a lost key file is never replaced by a new one while something is sealed by the old', async () => {
  await store({});
  await rm(join(folder, 'key'));
  await expect(specs({})).rejects.toMatchObject({ code: 'wrong_key' });
  await expect(store({}, 'second')).rejects.toMatchObject({ code: 'wrong_key' });
  await expect(stat(join(folder, 'key'))).rejects.toMatchObject({ code: 'ENOENT' });
  {
    await using control = await opened({});
    await control.connections.remove('shop', 2);
  }
  await store({}, 'second');
  expect(await specs({})).toHaveLength(1);
});

test('a sealed spec that was moved to another row or changed by a bit is not opened', async () => {
  await store({}, 'a');
  await store({}, 'b');
  const db = new Database(join(folder, 'sluice.db'));
  db.exec(
    "UPDATE connections SET sealed = (SELECT sealed FROM connections WHERE name = 'a') WHERE name = 'b'",
  );
  await expect(specs({})).rejects.toMatchObject({ code: 'sealed_damaged' });
  const sealed = db
    .prepare<[], Buffer>("SELECT sealed FROM connections WHERE name = 'a'")
    .pluck()
    .get()!;
  const put = db.prepare('UPDATE connections SET sealed = ?');
  for (let i = 0; i < sealed.length; i++) {
    const changed = Buffer.from(sealed);
    changed[i]! ^= 1;
    put.run(changed);
    await expect(specs({}), `byte ${i}`).rejects.toMatchObject({
      code: i >= 1 && i <= 4 ? 'wrong_key' : 'sealed_damaged',
    });
  }
  put.run(sealed.subarray(0, 10));
  await expect(specs({})).rejects.toMatchObject({ code: 'sealed_damaged' });
  db.close();
});

test('after a rotation the old key opens nothing, and a service that has it goes on', async () => {
  await store({}, 'a');
  await store({}, 'b');
  const [old] = readKeys(join(folder, 'key'))!;
  const service = openState(folder);
  expect(await service.connections.list()).toHaveLength(2);
  {
    await using control = await opened({});
    expect(control.rotateKeys()).toEqual({ made: true, resealed: 2 });
  }
  expect(await service.connections.list()).toHaveLength(2);
  await service.connections.put('c', SPEC, 3);
  service.close();
  expect(await specs({})).toHaveLength(3);
  expect(readKeys(join(folder, 'key'))).toHaveLength(1);
  expect((await stat(join(folder, 'key'))).mode & 0o777).toBe(0o600);
  await expect(specs({ key: old!.toString('base64') })).rejects.toMatchObject({
    code: 'wrong_key',
  });
});

test.each([0, 1, 2, 3])(
  'a rotation that dies after step %i leaves everything to be opened, and the next one ends it',
  async (done) => {
    await store({}, 'a');
    await store({}, 'b');
    const db = new Database(join(folder, 'sluice.db'));
    const keys = createKeyring(folder, {}, () => false);
    for (const step of rotationSteps(db, keys).slice(0, done)) step();
    db.close();
    expect(await specs({})).toHaveLength(2);
    await store({}, 'c');
    expect(await specs({})).toHaveLength(3);
    {
      await using control = await opened({});
      control.rotateKeys();
    }
    expect(readKeys(join(folder, 'key'))).toHaveLength(1);
    expect(await specs({})).toHaveLength(3);
  },
);

test('what is sealed while keys are rotated can be opened afterwards', async () => {
  await store({}, 'a');
  const db = new Database(join(folder, 'sluice.db'));
  const keys = createKeyring(folder, {}, () => false);
  for (const [i, step] of rotationSteps(db, keys).entries()) {
    await store({}, `before-${i}`);
    step();
  }
  db.close();
  expect(await specs({})).toHaveLength(4);
});

test('a key from the environment is changed with the one before beside it', async () => {
  const [old, key] = [newKey(), newKey()];
  await store({ key: old });
  await expect(specs({ key })).rejects.toMatchObject({ code: 'wrong_key' });
  const both = keySource({ SLUICE_KEY: key, SLUICE_OLD_KEY: old });
  expect(await specs(both)).toEqual([SPEC]);
  {
    await using control = await opened(both);
    expect(control.rotateKeys()).toEqual({ made: false, resealed: 1 });
    expect(control.rotateKeys()).toEqual({ made: false, resealed: 0 });
  }
  expect(await specs({ key })).toEqual([SPEC]);
});
