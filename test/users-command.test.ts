import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openScene } from './support/scene.ts';
import { startService } from './support/service.ts';

const PASSWORD = 'correct horse battery';

async function post(url: string, path: string, body: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, ...((await response.json()) as Record<string, unknown>) };
}

const tokenIn = (text: string): string => /#token=([\w-]{43})/.exec(text)![1]!;

test('a first start prints a link to standard error alone, and it makes the admin', async () => {
  await using scene = await openScene();
  const nobody = { env: { SLUICE_ADMIN_PASSWORD: '' } };
  const service = await startService(scene, [], nobody);
  const asked = await fetch(`${service.url}/api/v1/session`);
  expect(await asked.json()).toMatchObject({ state: 'setup-needed' });
  const stopped = await service.stop();
  expect(stopped.stderr).toContain(`${service.url}/#token=`);
  const token = tokenIn(stopped.stderr);
  expect(stopped.stdout).not.toContain(token);

  // The link of an earlier start is good for nothing once there is a newer one.
  const next = await startService(scene, [], nobody);
  const stale = await post(next.url, '/setup', { token, name: 'admin', password: PASSWORD });
  expect(stale).toMatchObject({ status: 401, code: 'wrong_link' });
  await next.stop();
});

test('the environment can give the first password, and gives none later', async () => {
  await using scene = await openScene();
  const file = join(scene.root, 'password');
  await writeFile(file, `${PASSWORD}\n`);
  const service = await startService(scene, [], {
    env: { SLUICE_ADMIN_PASSWORD: '', SLUICE_ADMIN_PASSWORD_FILE: file },
  });
  const signIn = (url: string, password: string) =>
    post(url, '/session', { name: 'admin', password });
  expect(await signIn(service.url, PASSWORD)).toMatchObject({
    status: 200,
    user: { role: 'admin' },
  });
  const { stdout, stderr } = await service.stop();
  expect(stderr).toBe('');
  expect(stdout).not.toContain(PASSWORD);

  const env = { SLUICE_ADMIN_PASSWORD: 'another password' };
  const again = await startService(scene, [], { env });
  expect(await signIn(again.url, 'another password')).toMatchObject({ status: 401 });
  expect(await signIn(again.url, PASSWORD)).toMatchObject({ status: 200 });
  await again.stop();

  const weak = await scene.run(['serve', '--port', '0', '--data-dir', join(scene.root, 'other')], {
    env: { SLUICE_ADMIN_PASSWORD: 'short' },
  });
  expect(weak.code).toBe(2);
  expect(weak.stderr).toContain('at least 12 characters');
  expect(weak.stderr).not.toContain('short');
});

test('users are made, reset and disabled beside the running service', async () => {
  await using scene = await openScene();
  const users = (...args: string[]) => scene.run(['users', ...args, '--data-dir', scene.data]);
  const password = join(scene.root, 'password');
  await writeFile(password, PASSWORD);
  // Before the first start too.
  const first = await users('add', 'boss', '--role', 'admin', '--password-file', password);
  expect(first).toMatchObject({ code: 0, stdout: 'boss may sign in now.\n' });
  const service = await startService(scene, []);

  const added = await users(
    'add',
    'maria',
    '--role',
    'editor',
    '--url',
    'https://sluice.example.com/',
  );
  expect(added.code).toBe(0);
  expect(added.stdout).toMatch(/^https:\/\/sluice\.example\.com\/#token=[\w-]{43}\n$/);
  const link = { token: tokenIn(added.stdout) };
  const signedIn = await post(service.url, '/session/link', link);
  expect(signedIn).toMatchObject({ status: 200, user: { name: 'maria', role: 'editor' } });
  expect(await post(service.url, '/session/link', link)).toMatchObject({ status: 401 });

  const signIn = () => post(service.url, '/session', { name: 'boss', password: PASSWORD });
  expect(await signIn()).toMatchObject({ status: 200 });
  const reset = await users('reset', 'boss');
  expect(await signIn()).toMatchObject({ status: 401 });
  expect(await post(service.url, '/session/link', { token: tokenIn(reset.stdout) })).toMatchObject({
    ...{ status: 200, passwordNeeded: true },
  });

  expect((await users('disable', 'maria')).code).toBe(0);
  expect((await users('list')).stdout).toMatch(/^maria +editor +password +\S+ +disabled$/m);
  expect((await users('enable', 'MARIA')).code).toBe(0);
  for (const [args, words] of [
    [['disable', 'boss'], 'last admin'],
    [['reset', 'nobody'], 'no user nobody'],
    [['add', 'maria', '--role', 'viewer'], 'a user maria already'],
    [['add', 'a b', '--role', 'viewer'], 'letters, digits'],
    [['add', 'x', '--role', 'root'], 'Allowed choices'],
  ] as const) {
    const { code, stderr } = await users(...args);
    expect([args, code === 0]).toEqual([args, false]);
    expect(stderr).toContain(words);
  }
  expect((await users('list', '--json')).stdout).not.toContain('argon2');
  await service.stop();
});
