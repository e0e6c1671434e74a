import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { createFormat } from '../format.ts';
import { en } from './en.ts';
import { createI18n, fill } from './i18n.tsx';
import { ptBr } from './pt-br.ts';

const SRC = resolve(import.meta.dirname, '..');
const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name) && !name.startsWith('i18n/') && !name.includes('.test.'))
  .map((name) => readFileSync(join(SRC, name), 'utf8'))
  .join('\n');
const i18n = createI18n('en', en, () => undefined);

const placesIn = (text: string): string[] =>
  [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!).toSorted();

test('both languages have every key, and the same places to fill in', () => {
  expect(Object.keys(ptBr)).toEqual(Object.keys(en));
  for (const [key, text] of Object.entries(en)) {
    const translated = ptBr[key as keyof typeof en];
    expect(translated.trim(), key).not.toBe('');
    // A singular may say its number in words.
    if (!key.endsWith('.one')) expect(placesIn(translated), key).toEqual(placesIn(text));
  }
});

test('no key is in two parts, of which one would hide the other', () => {
  const parts = readdirSync(join(SRC, 'i18n/en'));
  const keys = parts.flatMap((name) => [
    ...readFileSync(join(SRC, 'i18n/en', name), 'utf8').matchAll(/^  (?:'([^']+)'|(\w+)):/gm),
  ]);
  expect(keys.length).toBe(Object.keys(en).length);
});

test('every key is used', () => {
  const made = [...sources.matchAll(/`([a-zA-Z.]*)\$\{[^`]*?\}([a-zA-Z.]*)`/g)].map(
    ([, head, tail]) => [head!, tail!] as const,
  );
  const isUsed = (key: string): boolean => {
    const base = key.replace(/\.(one|other)$/, '');
    return (
      sources.includes(`'${key}'`) ||
      sources.includes(`'${base}'`) ||
      made.some(([head, tail]) => head.includes('.') && key.startsWith(head) && key.endsWith(tail))
    );
  };
  expect(Object.keys(en).filter((key) => !isUsed(key))).toEqual([]);
});

test('what counts has a form for one and for others', () => {
  const bases = Object.keys(en).filter((key) => key.endsWith('.one'));
  expect(bases.length).toBeGreaterThan(10);
  for (const key of bases) expect(en).toHaveProperty([key.replace(/one$/, 'other')]);
  expect(i18n.tn('currents.count', 1)).toBe('1 Current');
  expect(i18n.tn('currents.count', 1200)).toBe('1,200 Currents');
});

test('numbers are filled in as the language writes them, texts as they are', () => {
  const format = createFormat('pt-BR');
  expect(fill('{n} de {x}, {y}', { n: 1234.5, x: '{n}' }, format)).toBe('1.234,5 de {n}, {y}');
});

test('keys made from data fall back, and never reach the prototype', () => {
  expect(i18n.known('cause.rejected_by_mixpanel', '?')).toBe('Mixpanel refused the event');
  expect(i18n.known('cause.new_one', 'new_one')).toBe('new_one');
  expect(i18n.known('constructor', 'x')).toBe('x');
});

test('each action that the service notes in the audit log has words', () => {
  const server = resolve(SRC, '../../src/server');
  const actions = readdirSync(server, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .flatMap((name) => [
      ...readFileSync(join(server, name), 'utf8').matchAll(
        /\baudit\(\s*(?:\{[^}]*\}|[^,]+),\s*'([^']+)'/g,
      ),
    ])
    .map(([, action]) => action!);
  expect(actions.length).toBeGreaterThan(10);
  for (const action of actions) expect(en).toHaveProperty([`action.${action}`]);
});
