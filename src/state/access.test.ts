import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Access, Role } from '../core/access.ts';
import { openControl, openState, type State } from './state.ts';

const NOW = Date.UTC(2026, 5, 30, 12);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const digest = (text: string): Uint8Array => Buffer.from(text.padEnd(32, '.'));

let folder: string;
let state: State;
let access: Access;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-access-'));
  state = openState(folder);
  ({ access } = state);
});
afterEach(async () => {
  state.close();
  await rm(folder, { recursive: true });
});

const add = (name: string, role: Role, subject?: string): Promise<void> =>
  access.users.add(
    { name, role, passwordHash: `hash of ${name}`, ...(subject === undefined ? {} : { subject }) },
    NOW,
  );

test('names are one without regard to case', async () => {
  await add('Maria', 'admin');
  await expect(add('maria', 'viewer')).rejects.toMatchObject({ code: 'user_exists' });
  await expect(
    add('other', 'viewer', 'issuer 1').then(() => add('third', 'viewer', 'issuer 1')),
  ).rejects.toMatchObject({
    code: 'user_exists',
  });
  expect(await access.users.get('MARIA')).toEqual({
    ...{ name: 'Maria', role: 'admin', signIn: 'password', disabled: false },
    ...{ createdAt: NOW, lastSeenAt: null },
  });
  expect(await access.users.bySubject('issuer 1')).toMatchObject({ name: 'other', signIn: 'oidc' });
  expect(await access.users.passwordHash('mARIA')).toBe('hash of Maria');
  await expect(access.users.change('nobody', {})).rejects.toMatchObject({ code: 'no_such_user' });
  await expect(access.users.remove('nobody')).rejects.toMatchObject({ code: 'no_such_user' });
});

test('one enabled admin always stays, once there was one', async () => {
  expect(await access.users.hasAdmin()).toBe(false);
  await add('viewer', 'viewer');
  // Nothing to protect yet.
  await access.users.change('viewer', { disabled: true });
  await add('one', 'admin');
  await add('two', 'admin');
  expect(await access.users.hasAdmin()).toBe(true);
  await access.users.change('two', { disabled: true });
  const lastAdmin = { code: 'last_admin', hint: expect.any(String) as string };
  await expect(access.users.change('one', { role: 'editor' })).rejects.toMatchObject(lastAdmin);
  await expect(access.users.change('one', { disabled: true })).rejects.toMatchObject(lastAdmin);
  await expect(access.users.remove('one')).rejects.toMatchObject(lastAdmin);
  expect(await access.users.get('one')).toMatchObject({ role: 'admin', disabled: false });
  await access.users.change('two', { disabled: false });
  await access.users.remove('one');
});

test('a session is found until it is idle, old, ended, or its user changes', async () => {
  await add('maria', 'editor');
  const id = digest('a');
  const begin = () => access.sessions.begin(id, 'MARIA', 'password', NOW);
  const find = (at: number, touch?: boolean) => access.sessions.find(id, at, touch);
  await begin();
  expect(await find(NOW + 11 * HOUR)).toEqual({ user: 'maria', role: 'editor', start: 'password' });
  expect(await access.users.get('maria')).toMatchObject({ lastSeenAt: NOW + 11 * HOUR });
  // A look that does not count as use.
  expect(await find(NOW + 22 * HOUR, false)).toBeDefined();
  expect(await find(NOW + 23 * HOUR)).toBeUndefined();

  await access.sessions.end(id);
  await begin();
  await access.sessions.end(id);
  expect(await find(NOW)).toBeUndefined();

  for (const change of [{ role: 'viewer' }, { passwordHash: null }, { disabled: true }] as const) {
    await access.users.change('maria', { role: 'editor', disabled: false });
    await begin();
    await access.users.change('maria', {});
    expect(await find(NOW)).toBeDefined();
    await access.users.change('maria', change);
    expect(await find(NOW)).toBeUndefined();
  }
});

test('a token does what the weaker of itself and its owner may', async () => {
  await add('maria', 'admin');
  await add('boss', 'admin');
  const token = { name: 'ci', role: 'editor', createdBy: 'maria', expiresAt: NOW + DAY } as const;
  const added = await access.tokens.add(digest('t'), token, NOW);
  expect(added).toEqual({ id: added.id, ...token, createdAt: NOW, lastUsedAt: null });
  const find = (at = NOW) => access.tokens.find(digest('t'), at);
  expect(await find()).toMatchObject({ role: 'editor' });
  expect(await access.tokens.list('maria')).toMatchObject([{ lastUsedAt: NOW }]);
  await access.users.change('maria', { role: 'viewer' });
  expect(await find()).toMatchObject({ role: 'viewer' });
  expect(await find(NOW + DAY)).toBeUndefined();
  await access.users.change('maria', { disabled: true });
  expect(await find()).toBeUndefined();
  await expect(access.tokens.remove(added.id, 'boss')).rejects.toMatchObject({
    code: 'no_such_token',
  });
  await access.users.remove('maria');
  expect(await access.tokens.list()).toEqual([]);
});

test('what has ended is forgotten', async () => {
  await add('maria', 'admin');
  await access.sessions.begin(digest('s'), 'maria', 'oidc', NOW);
  await access.links.add(digest('l'), 'maria', NOW + HOUR);
  const token = { name: 'ci', role: 'viewer', createdBy: 'maria', expiresAt: NOW + HOUR } as const;
  await access.tokens.add(digest('t'), token, NOW);
  await access.audit.add({ at: NOW, actor: 'a', action: 'b', target: 'c', detail: null });
  await access.prune(400, NOW + HOUR - 1);
  expect(await access.tokens.list()).toHaveLength(1);
  expect(await access.sessions.find(digest('s'), NOW)).toBeDefined();
  await access.prune(400, NOW + 13 * HOUR);
  expect(await access.tokens.list()).toEqual([]);
  // Looked for with a clock by which they would still be good.
  expect(await access.sessions.find(digest('s'), NOW)).toBeUndefined();
  expect(await access.links.use(digest('l'), NOW)).toBeUndefined();
  expect(await access.audit.list({ limit: 10 })).toHaveLength(1);
  await access.prune(400, NOW + 400 * DAY);
  expect(await access.audit.list({ limit: 10 })).toEqual([]);
});

test('what another process changes counts at once', async () => {
  await add('maria', 'admin');
  await add('boss', 'admin');
  await access.sessions.begin(digest('s'), 'maria', 'password', NOW);
  const beside = await openControl(folder, {});
  await beside.access.users.change('maria', { disabled: true });
  beside.close();
  expect(await access.sessions.find(digest('s'), NOW)).toBeUndefined();
});
