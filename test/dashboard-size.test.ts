import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const DIST = resolve(import.meta.dirname, '../dashboard/dist');

interface Chunk {
  readonly file: string;
  readonly imports?: readonly string[];
}

const manifest = JSON.parse(readFileSync(resolve(DIST, 'manifest.json'), 'utf8')) as Readonly<
  Record<string, Chunk>
>;

/** Scripts that a page needs before it can be used: those it imports, all the way down. */
function scriptsOf(...entries: readonly string[]): Set<string> {
  const files = new Set<string>();
  const visit = (name: string): void => {
    const chunk = manifest[name]!;
    if (files.has(chunk.file)) return;
    files.add(chunk.file);
    for (const each of chunk.imports ?? []) visit(each);
  };
  for (const entry of entries) visit(entry);
  return files;
}

function gzipped(files: Iterable<string>): number {
  return [...files].reduce(
    (sum, file) => sum + gzipSync(readFileSync(resolve(DIST, file)), { level: 9 }).length,
    0,
  );
}

const ENTRY = 'index.html';
const PAGES = Object.keys(manifest).filter((name) => name.startsWith('src/pages/'));

test('the first page loads less than 300 kB of gzipped script', () => {
  const size = gzipped(scriptsOf(ENTRY, 'src/pages/currents/currents.tsx'));
  expect(size).toBeGreaterThan(100_000);
  expect(size).toBeLessThan(300_000);
});

test('so does every other page; what draws charts comes after it', () => {
  expect(PAGES.length).toBeGreaterThan(7);
  for (const page of PAGES.filter((each) => !each.endsWith('/charts.tsx')))
    expect(gzipped(scriptsOf(ENTRY, page)), page).toBeLessThan(300_000);
  const charts = manifest['src/pages/current/charts.tsx']!.file;
  expect(scriptsOf(ENTRY, 'src/pages/current/current.tsx')).not.toContain(charts);
});

test('every script lies there compressed, for whoever can unpack it', () => {
  for (const { file } of Object.values(manifest).filter((each) => each.file.endsWith('.js')))
    for (const packed of [`${file}.gz`, `${file}.br`])
      expect(existsSync(resolve(DIST, packed)), packed).toBe(true);
});

test('the page holds no script of its own, and nothing of other hosts', () => {
  const page = readFileSync(resolve(DIST, 'index.html'), 'utf8');
  expect(page).toMatch(/<script type="module"[^>]* src="\/assets\/[^"]+"><\/script>/);
  expect(page.replaceAll(/<script[^>]* src="[^"]*"[^>]*><\/script>/g, '')).not.toContain('<script');
  expect(page).not.toMatch(/ on[a-z]+=|style="|https?:\/\//);
});
