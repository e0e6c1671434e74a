import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, normalize, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { anchorOf } from '../scripts/reference/markdown.ts';
import { pages } from '../scripts/reference/pages.ts';
import { allSettings } from '../scripts/reference/settings.ts';

const ROOT = resolve(import.meta.dirname, '..');
const generated = pages();

function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

function docs(): string[] {
  return readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name));
}

test.each(Object.keys(generated))('%s is up to date', (path) => {
  expect(textOf(path) === generated[path], `${path} is stale: run \`npm run reference\``).toBe(
    true,
  );
});

test('the guide explains every setting', () => {
  const guide = textOf('docs/guides/settings.md');
  const missing = allSettings().filter(
    ({ path }) => !guide.includes(`## ${path}\n`) && !guide.includes(`\`${path}\` `),
  );
  expect(missing.map(({ path }) => path)).toEqual([]);
});

test('every link in docs leads to a file, and within docs to a heading', () => {
  const anchors = new Map(
    docs().map((path) => [
      path,
      new Set([...textOf(path).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading!))),
    ]),
  );
  const broken = [...anchors.keys()].flatMap((path) =>
    [...textOf(path).matchAll(/\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)/g)]
      .filter(([, file, anchor]) => {
        const target = file === '' ? path : normalize(join(path, '..', file!));
        if (!existsSync(join(ROOT, target))) return true;
        return anchor !== '' && anchors.get(target)?.has(anchor!) === false;
      })
      .map(([link]) => `${path}: ${link}`),
  );
  expect(broken).toEqual([]);
});
