import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BrazeSandboxCommand, runBrazeSandbox } from './sandbox-braze.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-sandbox-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

interface Running {
  lines: string[];
  url: string;
  stop: () => ReturnType<typeof runBrazeSandbox>;
}

async function running(options: BrazeSandboxCommand): Promise<Running> {
  const aborter = new AbortController();
  const lines: string[] = [];
  const done = runBrazeSandbox(
    { port: 0, ...options },
    { write: (text: string) => lines.push(text) },
    aborter.signal,
  );
  await expect.poll(() => lines.length).toBeGreaterThan(0);
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(lines.join(''))?.[0] ?? '';
  return {
    lines,
    url,
    stop: async () => {
      aborter.abort();
      return done;
    },
  };
}

async function track(url: string, key: string, ids: readonly string[]): Promise<number> {
  const attributes = ids.map((id) => ({ external_id: id, _update_existing_only: true, vip: true }));
  const answer = await fetch(`${url}/users/track`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ attributes }),
  });
  return answer.status;
}

test('prints where it is, what opens it, what is written, and the final counts', async () => {
  const { lines, url, stop } = await running({});
  expect(lines[0]).toContain('sandbox-braze-key');
  expect(lines[0]).toContain('sandbox-data-import-key');
  expect(lines[0]).toContain(`open ${url}/`);
  expect(await track(url, 'sandbox-braze-key', ['u1', 'u2'])).toBe(201);
  await expect.poll(() => lines[1], { timeout: 10_000 }).toContain('2 attributes/s, 2 users');
  expect(await (await fetch(url)).text()).toContain('<td>vip = true</td>');
  expect((await stop()).attributes).toEqual({ vip: { held: 2, false: 0 } });
  expect(lines.at(-1)).toBe(
    'Stopped. 2 users, 2 attributes written, 0 ids of partner cohorts, 1 requests\n  vip: 2 users, false for 0\n',
  );
});

test('the call that it says to try is taken', async () => {
  const { lines, url, stop } = await running({});
  const [, headers, body] = /-H '(.*)' \S+\/users\/track -d '(.*)'/.exec(lines.join(''))!;
  const [name, value] = headers!.split(': ');
  const answer = await fetch(`${url}/users/track`, {
    method: 'POST',
    headers: { [name!]: value! },
    body: body!,
  });
  expect(answer.status).toBe(201);
  expect((await stop()).attributes).toEqual({ vip: { held: 1, false: 0 } });
});

test('with json every line is an object', async () => {
  const { lines, url, stop } = await running({ json: true, quiet: true });
  await track(url, 'sandbox-braze-key', ['u1']);
  await stop();
  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
    { kind: 'ready', url },
    { kind: 'final', attributeWrites: 1, attributes: { vip: { held: 1 } } },
  ]);
});

test('a given key is used and not printed, and given users are all that there are', async () => {
  const usersFile = join(folder, 'users.txt');
  await writeFile(usersFile, 'u1\r\n\n u2 \n');
  const { lines, url, stop } = await running({ apiKey: 'my-key', usersFile });
  expect(await track(url, 'my-key', ['u1', 'u2', 'u3'])).toBe(201);
  expect(await track(url, 'sandbox-braze-key', ['u1'])).toBe(401);
  expect(await stop()).toMatchObject({ users: 2, attributeWrites: 2 });
  expect(lines.join('')).not.toContain('my-key');
});

test('a fault script is read from a file', async () => {
  const faultsFile = join(folder, 'faults.json');
  await writeFile(faultsFile, '[{"kind":"status","status":503}]');
  const { url, stop } = await running({ faultsFile });
  expect(await track(url, 'sandbox-braze-key', ['u1'])).toBe(503);
  await stop();
});

test.each([
  [{ faultsFile: '/nowhere/faults.json' }, 'bad_fault_script'],
  [{ usersFile: '/nowhere/users.txt' }, 'bad_users'],
  [{ host: 'nowhere.invalid' }, 'sandbox_not_started'],
])('%j is refused with what to do', async (options, code) => {
  const failed = runBrazeSandbox(
    { port: 0, ...options },
    { write: () => true },
    AbortSignal.abort(),
  );
  await expect(failed).rejects.toMatchObject({ code, hint: expect.any(String) });
});
