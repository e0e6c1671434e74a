import { describe, expect, test } from 'vitest';
import {
  ACCOUNT,
  anEvent,
  call,
  importTo,
  SECRET,
  testSandbox,
  TOKEN,
} from '../../../test/support/sandbox-client.ts';

const PROJECT = 'strict=1&project_id=42';
const UNAUTHORIZED = { code: 401, error: 'Invalid credentials', status: 'Unauthorized' };

function basic(value: string): Record<string, string> {
  return { authorization: `Basic ${btoa(value)}` };
}

describe('who may import', () => {
  const cases: [string, Record<string, string>, string, number][] = [
    ['a service account with its project', ACCOUNT, PROJECT, 200],
    ['a service account in plain text', { authorization: 'Basic svc:pass' }, PROJECT, 200],
    ['the token', TOKEN, 'strict=1', 200],
    ['the token with its project', TOKEN, PROJECT, 200],
    ['the API secret', SECRET, 'strict=1', 200],
    ['not a service account without a project', ACCOUNT, 'strict=1', 401],
    ['not a service account of another project', ACCOUNT, 'strict=1&project_id=43', 401],
    ['not a wrong secret', basic('svc:wrong'), PROJECT, 401],
    ['not an unknown token', basic('other:'), 'strict=1', 401],
    ['not the token as a password', basic(':tok'), 'strict=1', 401],
    ['not the token with a password', basic('tok:x'), 'strict=1', 401],
    ['not the token for another project', TOKEN, 'strict=1&project_id=43', 401],
    ['not a bearer token', { authorization: 'Bearer tok' }, 'strict=1', 401],
    ['not an empty user', basic(':'), 'strict=1', 401],
  ];
  test.each(cases)('%s', async (_name, headers, query, status) => {
    await using sandbox = await testSandbox();
    const answer = await importTo(sandbox, [anEvent()], { headers, query });
    expect(answer.status).toBe(status);
    expect(sandbox.stats().ingested).toBe(status === 200 ? 1 : 0);
    if (status === 401) expect(answer.json).toEqual(UNAUTHORIZED);
  });

  test('nobody without credentials', async () => {
    await using sandbox = await testSandbox();
    const answer = await call(`${sandbox.url}/import?strict=1`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([anEvent()]),
    });
    expect(answer.json).toEqual(UNAUTHORIZED);
  });

  test('a service account of another project than the sandbox has no access', async () => {
    await using sandbox = await testSandbox({
      credentials: {
        projectId: '42',
        serviceAccounts: [{ username: 'svc', secret: 'pass', projectId: '43' }],
      },
    });
    for (const query of ['strict=1&project_id=42', 'strict=1&project_id=43']) {
      const answer = await importTo(sandbox, [anEvent()], { headers: ACCOUNT, query });
      expect(answer.status).toBe(401);
    }
  });
});

test('only a service account learns who it is', async () => {
  await using sandbox = await testSandbox();
  const statuses = [];
  for (const headers of [ACCOUNT, TOKEN, SECRET, basic('svc:wrong')]) {
    const answer = await call(`${sandbox.url}/api/app/me`, { headers });
    statuses.push([answer.status, answer.json.status]);
  }
  expect(statuses).toEqual([
    [200, 'ok'],
    [401, 'Unauthorized'],
    [401, 'Unauthorized'],
    [401, 'Unauthorized'],
  ]);
});

test('credentials change at run time', async () => {
  await using sandbox = await testSandbox();
  sandbox.setCredentials({ projectId: '42', token: 'new' });
  expect((await importTo(sandbox, [anEvent()])).status).toBe(401);
  const changed = await call(`${sandbox.url}/sandbox/credentials`, {
    method: 'POST',
    body: JSON.stringify({ projectId: '42', token: 'tok' }),
  });
  expect(changed.status).toBe(200);
  expect((await importTo(sandbox, [anEvent()])).status).toBe(200);
});
