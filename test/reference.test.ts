import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { anchorOf } from '../scripts/reference/markdown.ts';
import { pages } from '../scripts/reference/pages.ts';

const all = pages();

function committed(path: string): string {
  return readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
}

test.each(Object.keys(all))('%s is up to date', (path) => {
  expect(committed(path) === all[path], `${path} is stale: run \`npm run reference\``).toBe(true);
});

test('every link of the reference leads to a heading', () => {
  const anchors = new Map(
    Object.entries(all).map(([path, text]) => [
      path.replace('docs/reference/', ''),
      new Set([...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading!))),
    ]),
  );
  const broken = [...anchors.keys()].flatMap((page) =>
    [...all[`docs/reference/${page}`]!.matchAll(/\]\(([^)#]*)#([^)]+)\)/g)]
      .filter(([, file, anchor]) => !anchors.get(file || page)?.has(anchor!))
      .map(([link]) => `${page}: ${link}`),
  );
  expect(broken).toEqual([]);
});
