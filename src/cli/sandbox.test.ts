import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cohortReceiver } from '../../test/support/cohort-receiver.ts';
import { type MixpanelSandboxCommand, runMixpanelSandbox } from './sandbox.ts';

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
  stop: () => ReturnType<typeof runMixpanelSandbox>;
}

async function running(options: MixpanelSandboxCommand): Promise<Running> {
  const aborter = new AbortController();
  const lines: string[] = [];
  const done = runMixpanelSandbox(
    options,
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

async function send(url: string, token: string): Promise<number> {
  const event = {
    event: 'Open',
    properties: { time: Date.now() - 1000, distinct_id: 'u', $insert_id: 'i' },
  };
  const { statusCode, body } = await request(`${url}/import?strict=1`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${token}:`)}`, 'content-type': 'application/json' },
    body: JSON.stringify([event]),
  });
  await body.dump();
  return statusCode;
}

test('prints where it is, what opens it, what flows, and the final counts', async () => {
  const { lines, url, stop } = await running({});
  expect(lines[0]).toContain('sandbox-token');
  expect(lines[0]).toContain(`curl ${url}/sandbox/stats`);
  expect(await send(url, 'sandbox-token')).toBe(200);
  await expect.poll(() => lines[1], { timeout: 10_000 }).toContain('1 events/s, 1 ingested');
  const stats = await stop();
  expect(stats.ingested).toBe(1);
  expect(lines.at(-1)).toBe(
    'Stopped. 1 ingested, 1 distinct, 0 duplicates, 0 rejected\n  Open: 1 ingested, 1 distinct\n',
  );
});

test('with json every line is an object', async () => {
  const { lines, url, stop } = await running({ json: true, quiet: true });
  await send(url, 'sandbox-token');
  await stop();
  const objects = lines.map((line): unknown => JSON.parse(line));
  expect(objects).toMatchObject([
    { kind: 'ready', url, projectId: '1234567' },
    { kind: 'final', ingested: 1 },
  ]);
});

test('given credentials are used and not printed', async () => {
  const { lines, url, stop } = await running({ token: 'my-token', projectId: '7' });
  expect(await send(url, 'my-token')).toBe(200);
  expect(await send(url, 'sandbox-token')).toBe(401);
  await stop();
  expect(lines.join('')).not.toContain('my-token');
});

test('a fault script is read from a file', async () => {
  const faultsFile = join(folder, 'faults.json');
  await writeFile(faultsFile, '[{"kind":"status","status":503}]');
  const { url, stop } = await running({ faultsFile });
  expect(await send(url, 'sandbox-token')).toBe(503);
  await stop();
});

test('the example cohort is synced to a webhook, whose key and password stay unsaid', async () => {
  await using receiver = await cohortReceiver();
  const webhook = receiver.url.replace('http://', 'http://me:pass%20word@');
  const { lines, url, stop } = await running({ cohorts: { webhook, everySeconds: 1 } });
  await expect.poll(() => receiver.calls[0]?.authorization).toBe(`Basic ${btoa('me:pass word')}`);
  expect(receiver.nameOf('4242001')).toBe('Clicked an email, no purchase for 7 days');
  expect(lines[0]).toContain(`curl ${url}/sandbox/cohorts`);
  expect(lines[0]).toContain(new URL(receiver.url).origin);
  expect(lines[0]).not.toMatch(/secret-key|pass|me:/);
  await stop();
});

async function failure(options: MixpanelSandboxCommand): Promise<unknown> {
  const aborter = new AbortController();
  aborter.abort();
  return runMixpanelSandbox(options, { write: () => true }, aborter.signal).catch(
    (error: unknown) => error,
  );
}

describe('refused with what to do', () => {
  test('a fault script that is missing, no JSON, or no script', async () => {
    const bad = join(folder, 'bad.json');
    await writeFile(bad, '{');
    const wrong = join(folder, 'wrong.json');
    await writeFile(wrong, '[{"kind":"nonsense"}]');
    for (const faultsFile of [join(folder, 'missing.json'), bad, wrong])
      expect(await failure({ faultsFile })).toMatchObject({
        code: 'bad_fault_script',
        message: expect.stringContaining(faultsFile),
        hint: expect.stringContaining('JSON'),
      });
  });

  test('a port that is taken', async () => {
    const { url, stop } = await running({});
    const port = Number(new URL(url).port);
    expect(await failure({ port })).toMatchObject({ code: 'sandbox_not_started' });
    await stop();
  });

  test.each(['nowhere', 'ftp://x/', 'http:'])('a webhook at %s', async (webhook) => {
    const cohorts = { webhook, everySeconds: 1 };
    expect(await failure({ cohorts })).toMatchObject({ code: 'bad_webhook' });
  });

  test('a project id that is no number', async () => {
    expect(await failure({ projectId: 'x' })).toMatchObject({ code: 'bad_sandbox_options' });
  });
});
