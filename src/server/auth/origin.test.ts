import { expect, test } from 'vitest';
import { isExposed } from './origin.ts';

test('who listens beyond this machine without https is told so', () => {
  for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '::1'])
    expect([host, isExposed(host, undefined)]).toEqual([host, false]);
  for (const host of ['0.0.0.0', '::', '192.168.1.5', '127.evil.example']) {
    expect([host, isExposed(host, undefined)]).toEqual([host, true]);
    expect(isExposed(host, 'http://sluice.example.com')).toBe(true);
    expect(isExposed(host, 'https://sluice.example.com')).toBe(false);
  }
});
