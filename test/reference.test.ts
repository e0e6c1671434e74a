import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, normalize, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { anchorOf } from '../scripts/reference/markdown.ts';
import { pages } from '../scripts/reference/pages.ts';
import { allSettings } from '../scripts/reference/settings.ts';
import { parseCohortImport } from '../src/connector/cohorts/spec.ts';
import { allCommands, callsOfPage, wrongCall } from './support/command-lines.ts';

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

test('the examples of the guide to cohorts are valid settings', () => {
  const guide = textOf('docs/guides/cohorts.md');
  const [file, ...parts] = [...guide.matchAll(/```yaml\n(.*?)```/gs)].map(
    ([, text]) => parseYaml(text!) as Record<string, object>,
  );
  const [crm] = file!['cohortImports'] as unknown as { destination: object }[];
  const destination = { ...crm!.destination, apiKey: 'k' };
  expect(parts.map((part) => Object.keys(part))).toEqual([['attribute'], ['identity']]);
  for (const { attribute, ...rest } of [{}, ...parts] as Record<string, object>[])
    expect(() =>
      parseCohortImport({
        ...{ ...crm, ...rest },
        destination: attribute ? { ...destination, attribute } : destination,
      }),
    ).not.toThrow();
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

test('every command and option that a guide names exists', async () => {
  const commands = await allCommands();
  const calls = [...docs(), 'README.md'].flatMap((path) =>
    callsOfPage(textOf(path)).map((words) => ({ path, words })),
  );
  const wrong = calls.flatMap(({ path, words }) => {
    const what = wrongCall(words, commands);
    return what === undefined ? [] : [`${path}: ${what}`];
  });
  expect(wrong).toEqual([]);
  const named = new Set(calls.map(({ words: [name] }) => name));
  // People start the demo by npm.
  const unnamed = commands.commands.map((each) => each.name()).filter((name) => !named.has(name));
  expect(unnamed).toEqual(['demo']);
});

test.each([
  ['sluice aply -f x', 'there is no command aply'],
  ['sluice dead-letters rety', 'there is no command rety'],
  ['sudo -u sluice env A=b /opt/sluice/bin/sluice get --jsn', 'there is no option --jsn'],
  ['docker compose exec sluice sluice serve --prot=1 < x', 'there is no option --prot'],
])('a command that does not exist is found in: %s', async (line, problem) => {
  const [words] = callsOfPage(`\`\`\`sh\n${line}\n\`\`\`\n`);
  expect(wrongCall(words!, await allCommands())).toContain(problem);
});
