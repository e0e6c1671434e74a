import { expect, test } from 'vitest';
import { createFormat } from './format.ts';

const en = createFormat('en');
const pt = createFormat('pt-BR');

/** Intl puts spaces that do not break where it likes. */
const plain = (text: string): string => text.replace(/[\u00a0\u202f]/g, ' ');

test('numbers are written as the language does', () => {
  expect(en.number(1_234_567.25)).toBe('1,234,567.3');
  expect(pt.number(1_234_567.25)).toBe('1.234.567,3');
  expect(en.compact(104_751)).toBe('105K');
  expect(plain(pt.compact(104_751))).toBe('105 mil');
});

test('a few of very many are not shown as none', () => {
  expect(en.percent(0)).toBe('0%');
  expect(en.percent(0.000_02)).toBe('<0.1%');
  expect(en.percent(0.97)).toBe('97%');
});

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [999, '999 bytes'],
  [1_000, '1 kB'],
  [41_300_000, '41.3 MB'],
  [4_300_000_000_000_000, '4,300 TB'],
])('%i bytes are %s', (value, text) => {
  expect(plain(en.bytes(value))).toBe(text);
});

test.each([
  [0, '0 sec'],
  [59.6, '1 min'],
  [61, '1 min 1 sec'],
  [5_400, '1 hr 30 min'],
  [86_400 + 59, '1 day'],
  [3 * 86_400 + 7 * 3_600 + 120, '3 days 7 hr'],
])('%d seconds are %s', (seconds, text) => {
  expect(en.duration(seconds)).toBe(text);
});

test('how long ago is told in the largest unit', () => {
  const now = Date.parse('2026-11-24T12:00:00Z');
  expect(en.ago('2026-11-24T11:57:00Z', now)).toBe('3 minutes ago');
  expect(en.ago('2026-11-21T11:00:00Z', now)).toBe('3 days ago');
  expect(en.ago(now, now)).toBe('now');
  expect(pt.ago('2026-11-24T11:57:00Z', now)).toBe('há 3 minutos');
});
