import { expect, test } from 'vitest';
import { idsIn } from './ids-in.ts';

test('ids are pasted by the line, each once', () => {
  expect(idsIn(' u1\r\nu2\n\nu1\n')).toEqual(['u1', 'u2']);
  expect(idsIn('')).toEqual([]);
});

test('of a table the first column counts', () => {
  expect(idsIn('u1,ana@example.com\nu2;x\nu3\tx')).toEqual(['u1', 'u2', 'u3']);
  expect(idsIn('"a,""b""",x\n"u2"')).toEqual(['a,"b"', 'u2']);
});
