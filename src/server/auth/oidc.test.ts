import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Answer, type Browser, type Door, openDoor } from '../../../test/support/door.ts';
import {
  CLIENT,
  type OidcProvider,
  startOidcProvider,
} from '../../../test/support/oidc-provider.ts';
import { oidcSettings } from '../../connector/oidc-settings.ts';
import { roleOf } from './oidc.ts';

let provider: OidcProvider;

beforeAll(async () => {
  provider = await startOidcProvider();
});
afterAll(() => provider.close());
beforeEach(() => {
  provider.claims = { sub: 'maria-1', email: 'maria@example.com', groups: ['data'] };
  provider.faults = {};
  provider.refused.length = 0;
});

const open = (more: Record<string, unknown> = {}): Promise<Door> =>
  openDoor({
    oidc: oidcSettings.parse({
      issuer: provider.issuer,
      clientId: CLIENT.id,
      clientSecret: CLIENT.secret,
      rolesClaim: 'groups',
      roles: { admin: ['owners'], editor: ['data'], viewer: ['all'] },
      allowHttp: true,
      ...more,
    }),
  });

/** From the button to where the provider sends the browser back to. */
async function toCallback(browser: Browser): Promise<string> {
  const start = await browser.ask('GET', '/oidc/start');
  expect(start.status).toBe(302);
  const at = await fetch(start.headers.get('location')!, { redirect: 'manual' });
  return at.headers.get('location')!;
}

async function through(browser: Browser): Promise<Answer> {
  return browser.ask('GET', await toCallback(browser));
}

const placeOf = (answer: Answer): string => answer.headers.get('location')!;

test('somebody whom the provider knows is let in with the role it says', async () => {
  await using door = await open();
  const browser = door.browser();
  expect((await browser.ask('GET', '/session')).json).toMatchObject({ oidc: true });
  const back = await through(browser);
  expect(back.status).toBe(302);
  expect(placeOf(back)).toBe(`${door.url}/`);
  const session = await browser.ask('GET', '/session');
  expect(session.json).toMatchObject({
    ...{ state: 'signed-in', passwordNeeded: false },
    user: { name: 'maria@example.com', role: 'editor' },
  });
  expect(await door.access.users.get('maria@example.com')).toMatchObject({ signIn: 'oidc' });
  expect(browser.cookies.has('sluice_oidc')).toBe(false);
  expect(door.log.join('\n')).not.toContain(CLIENT.secret);

  // Another role and another name the next time; still the same user, and older sessions end.
  provider.claims = { sub: 'maria-1', email: 'm.silva@example.com', groups: ['all'] };
  const again = door.browser();
  await through(again);
  expect((await again.ask('GET', '/session')).json?.['user']).toEqual({
    ...{ name: 'maria@example.com', role: 'viewer' },
  });
  expect((await browser.ask('GET', '/session')).json?.['state']).toBe('signed-out');
});

test('an answer that belongs to no sign-in of this browser is refused', async () => {
  await using door = await open();
  const [victim, attacker] = [door.browser(), door.browser()];
  const stolen = await toCallback(attacker);
  for (const prepare of [
    // Never began one.
    async () => undefined,
    // Began its own.
    async () => toCallback(victim),
  ]) {
    await prepare();
    expect(placeOf(await victim.ask('GET', stolen))).toBe(`${door.url}/#error=oidc_failed`);
    expect(victim.cookies.has('sluice_session')).toBe(false);
  }
  // One answer is good once.
  const url = await toCallback(attacker);
  const flow = attacker.cookies.get('sluice_oidc')!;
  expect(placeOf(await attacker.ask('GET', url))).toBe(`${door.url}/`);
  attacker.cookies.set('sluice_oidc', flow);
  expect(placeOf(await attacker.ask('GET', url))).toContain('oidc_failed');
});

test('a code is worth nothing without the verifier of its sign-in', async () => {
  await using door = await open();
  const browser = door.browser();
  const url = await toCallback(browser);
  const [state, nonce] = browser.cookies.get('sluice_oidc')!.split('.');
  browser.cookies.set('sluice_oidc', `${state}.${nonce}.${'x'.repeat(43)}`);
  expect(placeOf(await browser.ask('GET', url))).toContain('oidc_failed');
  expect(provider.refused).toEqual(['invalid_grant']);
});

test.each<[string, OidcProvider['faults']]>([
  ['another nonce', { token: (claims) => ({ ...claims, nonce: 'other' }) }],
  ['no nonce', { token: (claims) => ({ ...claims, nonce: undefined }) }],
  ['another audience', { token: (claims) => ({ ...claims, aud: 'other' }) }],
  ['another issuer', { token: (claims) => ({ ...claims, iss: 'https://evil.example' }) }],
  ['an end in the past', { token: (claims) => ({ ...claims, exp: 1 }) }],
  ['the signature of another', { foreignKey: true }],
])('an ID token with %s is refused', async (_what, faults) => {
  await using door = await open();
  provider.faults = faults;
  const browser = door.browser();
  expect(placeOf(await through(browser))).toBe(`${door.url}/#error=oidc_failed`);
  expect(browser.cookies.has('sluice_session')).toBe(false);
  expect(await door.access.users.list()).toHaveLength(3);
});

test('whoever has no role, or is disabled, is not let in', async () => {
  await using door = await open();
  provider.claims = { sub: 'x', email: 'x@example.com', groups: ['others'] };
  expect(placeOf(await through(door.browser()))).toContain('#error=oidc_no_role');
  expect(await door.access.users.list()).toHaveLength(3);
  provider.claims = { sub: 'maria-1', email: 'maria@example.com', groups: ['data'] };
  await through(door.browser());
  await door.access.users.change('maria@example.com', { disabled: true });
  expect(placeOf(await through(door.browser()))).toContain('#error=oidc_disabled');
});

test('a name chosen at the provider opens no account that is there', async () => {
  await using door = await open();
  for (const claims of [
    { preferred_username: 'admin' },
    { email: 'ADMIN' },
    // Whose mail address is not proven is called by something else.
    { email: 'maria@example.com', email_verified: false, preferred_username: 'Admin' },
  ]) {
    provider.claims = { sub: 'mallory', groups: ['all'], ...claims };
    const browser = door.browser();
    expect(placeOf(await through(browser))).toContain('#error=oidc_name_taken');
    expect(browser.cookies.has('sluice_session')).toBe(false);
  }
  provider.claims = { sub: 'joão silva/1', groups: ['all'] };
  await through(door.browser());
  expect(await door.access.users.get('joao-silva-1')).toMatchObject({ signIn: 'oidc' });
});

test('who signs in through the provider has no password here', async () => {
  await using door = await open();
  const browser = door.browser();
  await through(browser);
  browser.csrf = String((await browser.ask('GET', '/session')).json!['csrf']);
  const put = await browser.ask('PUT', '/session/password', { body: { new: 'another password' } });
  expect(put).toMatchObject({ status: 409, json: { code: 'no_password' } });
  const admin = await door.signedIn('admin');
  const body = { password: 'another password' };
  const patch = await admin.ask('PATCH', '/users/maria@example.com', { body });
  expect(patch).toMatchObject({ status: 409, json: { code: 'no_password' } });
  expect((await door.browser().signIn('maria@example.com', '')).status).toBe(401);
});

test('without a claim for roles the default is only the one to begin with', async () => {
  await using door = await open({ rolesClaim: undefined, defaultRole: 'viewer' });
  await through(door.browser());
  await door.access.users.change('maria@example.com', { role: 'editor' });
  const browser = door.browser();
  await through(browser);
  expect((await browser.ask('GET', '/session')).json).toMatchObject({ user: { role: 'editor' } });
});

test('a provider that was down is asked again', async () => {
  await using door = await open();
  provider.faults = { down: true };
  const start = await door.browser().ask('GET', '/oidc/start');
  expect(placeOf(start)).toBe(`${door.url}/#error=oidc_failed`);
  expect(door.log.join('\n')).toContain('sign-in by OIDC failed');
  provider.faults = {};
  expect(placeOf(await through(door.browser()))).toBe(`${door.url}/`);
});

test('where it is not set up there is nothing', async () => {
  await using door = await openDoor();
  for (const path of ['/oidc/start', '/oidc/callback?code=x&state=y']) {
    const admin = await door.signedIn('admin');
    expect((await admin.ask('GET', path)).status).toBe(404);
  }
});

test('the strongest role counts; claims are found by name or by the way to them', () => {
  const roles = { admin: ['a'], editor: ['e'], viewer: ['v'] };
  const at = (rolesClaim: string, claims: Record<string, unknown>) =>
    roleOf(claims, { rolesClaim, roles, defaultRole: undefined });
  expect(at('groups', { groups: ['v', 'a', 'e'] })).toBe('admin');
  expect(at('groups', { groups: 'e' })).toBe('editor');
  expect(at('realm_access.roles', { realm_access: { roles: ['v'] } })).toBe('viewer');
  expect(at('https://example.com/roles', { 'https://example.com/roles': ['e'] })).toBe('editor');
  for (const claims of [
    {},
    { groups: [] },
    { groups: null },
    { groups: { a: true } },
    { groups: ['x', 1] },
  ])
    expect(at('groups', claims)).toBeUndefined();
  expect(at('constructor.name', {})).toBeUndefined();
});

test('settings by which nobody could come in, or anybody could listen, are refused', () => {
  const good = {
    issuer: 'https://id.example.com',
    clientId: 'x',
    clientSecret: 'y',
    defaultRole: 'viewer',
  };
  expect(oidcSettings.safeParse(good).success).toBe(true);
  for (const wrong of [
    { issuer: 'http://id.example.com' },
    { defaultRole: undefined },
    { defaultRole: 'root' },
    { scopes: ['email'] },
    { roles: { owner: ['x'] } },
  ])
    expect([wrong, oidcSettings.safeParse({ ...good, ...wrong }).success]).toEqual([wrong, false]);
});
