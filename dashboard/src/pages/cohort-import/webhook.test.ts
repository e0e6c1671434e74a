import { expect, test } from 'vitest';
import { isReachable, urlWithKey } from './webhook.ts';

test('a key stands in the place of the name', () => {
  expect(urlWithKey('https://sluice.example.com/cohorts/crm', 'k1')).toBe(
    'https://sluice.example.com/cohorts/k1',
  );
  expect(urlWithKey('https://example.com/a/cohorts/my%20crm', 'k1')).toBe(
    'https://example.com/a/cohorts/k1',
  );
});

test('Mixpanel gets to no address of this machine alone, and to none without https', () => {
  expect(isReachable('https://sluice.example.com/cohorts/crm')).toBe(true);
  expect(isReachable('http://sluice.example.com/cohorts/crm')).toBe(false);
  for (const host of ['localhost', '127.0.0.1:8377', '[::1]'])
    expect(isReachable(`https://${host}/cohorts/crm`)).toBe(false);
});
