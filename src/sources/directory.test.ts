import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { bytesOf, listOf, sourceContract } from '../../test/contracts/source.ts';
import { directorySource } from './directory.ts';

async function open() {
  const path = await mkdtemp(join(tmpdir(), 'sluice-directory-'));
  let puts = 0;
  return {
    path,
    source: directorySource.open({ path }),
    async put(id: string, bytes: Uint8Array) {
      const file = join(path, id);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, bytes);
      // Two writes within one tick of the file system's clock must still differ.
      await utimes(file, 1_780_000_000, 1_780_000_000 + ++puts);
    },
    remove: (id: string) => rm(join(path, id), { recursive: true }),
    close: () => rm(path, { recursive: true, force: true }),
  };
}

sourceContract('the folder source', open);

test('a folder that is not there is named, with what to check', async () => {
  const source = directorySource.open({ path: '/nowhere/at/all' });
  await expect(listOf(source)).rejects.toMatchObject({
    code: 'no_folder',
    message: expect.stringContaining('/nowhere/at/all'),
  });
});

test('one file can be given in place of a folder', async () => {
  const { path, put, close } = await open();
  try {
    await put('dir/f.avro', Buffer.from('bytes'));
    const source = directorySource.open({ path: join(path, 'dir/f.avro') });
    const [slice] = await listOf(source);
    expect(slice).toMatchObject({ id: 'f.avro', bytes: 5 });
    expect((await bytesOf(source, slice!)).toString()).toBe('bytes');
  } finally {
    await close();
  }
});

test('links are followed once, hidden and half-written files are left out', async () => {
  const { path, source, put, close } = await open();
  try {
    await put('real/f.avro', Buffer.from('x'));
    await put('.hidden.avro', Buffer.from('x'));
    await put('f.avro~', Buffer.from('x'));
    await symlink(join(path, 'real'), join(path, 'linked'));
    await symlink(path, join(path, 'real/loop'));
    await symlink(join(path, 'gone'), join(path, 'dangling.avro'));
    expect((await listOf(source)).map(({ id }) => id)).toEqual(['linked/f.avro', 'real/f.avro']);
  } finally {
    await close();
  }
});

test('a folder that goes while the others are listed is passed over', async () => {
  const { source, put, remove, close } = await open();
  try {
    await put('a/f.avro', Buffer.from('x'));
    await put('b/f.avro', Buffer.from('x'));
    await put('c/f.avro', Buffer.from('x'));
    const ids: string[] = [];
    for await (const { id } of source.list(new AbortController().signal)) {
      ids.push(id);
      if (id === 'a/f.avro') {
        await remove('b/f.avro');
        await remove('b');
      }
    }
    expect(ids).toEqual(['a/f.avro', 'c/f.avro']);
  } finally {
    await close();
  }
});

test('any name is read, and one that is no valid UTF-8 is named, never passed over', async () => {
  const { path, source, put, close } = await open();
  const illegible = (name: string): Buffer =>
    Buffer.concat([Buffer.from(`${path}/`), Buffer.from(name, 'latin1')]);
  try {
    const names = ['a\nb.avro', 'folder.avro/f.avro', 'ü #?%20.avro', '\uFFFD.avro', '😀.avro'];
    for (const name of names) await put(name, Buffer.from(name));
    await writeFile(illegible('caf\u00e9.avro'), 'x');
    const slices = await listOf(source);
    expect(slices.map(({ id }) => id)).toEqual([
      names[0],
      'caf\uFFFD.avro',
      names[1],
      names[2],
      names[4],
      names[3],
    ]);
    for (const slice of slices) {
      if (slice.id.startsWith('caf'))
        await expect(bytesOf(source, slice)).rejects.toMatchObject({ code: 'illegible_name' });
      else expect((await bytesOf(source, slice)).toString()).toBe(slice.id);
    }
    await mkdir(illegible('caf\u00e9'));
    await expect(listOf(source)).rejects.toMatchObject({ code: 'illegible_name' });
  } finally {
    await close();
  }
});

test('folders outside the window are not looked into, but for slices that are asked for', async () => {
  const { path, source, put, close } = await open();
  const type = 'event_type=users.messages.email.Open';
  const old = `${type}/date=2026-06-01-00/f.avro`;
  const young = `${type}/date=2026-06-01-01/f.avro`;
  try {
    await put(old, Buffer.from('x'));
    await put(young, Buffer.from('x'));
    // Looking into a folder of such a name fails.
    const illegible = Buffer.from(`${path}/${type}/date=2026-06-01-00/caf\u00e9`, 'latin1');
    await mkdir(illegible);
    const since = '2026-06-01-01';
    await expect(listOf(source)).rejects.toMatchObject({ code: 'illegible_name' });
    expect((await listOf(source, { since })).map(({ id }) => id)).toEqual([young]);
    expect(await listOf(source, { wants: () => false })).toEqual([]);
    const both = await listOf(source, { since, again: [old] });
    expect(both.map(({ id }) => id)).toEqual([old, young]);
  } finally {
    await close();
  }
});
