import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { WebhookBody } from './cohort-plan.ts';
import { type CallOutcome, callWebhook } from './cohort-webhook.ts';

const BODY: WebhookBody = {
  action: 'add_members',
  parameters: {
    mixpanel_project_id: '1',
    mixpanel_cohort_id: '7',
    mixpanel_cohort_name: 'Ä',
    mixpanel_cohort_description: '',
    mixpanel_session_id: 's',
    page_info: { total_pages: 1, page_count: 1 },
    members: [],
  },
};
const SUCCESS = '{"action":"add_members","status":"success"}';
const failure = (code: number): string =>
  `{"action":"add_members","status":"failure","error":{"message":"not so","code":${code}}}`;

let answers: [number, string][] = [];
let requests: { authorization: string | undefined; text: string }[] = [];
let url: string;
const server = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  request.on('end', () => {
    requests.push({ authorization: request.headers.authorization, text });
    const [status, body] = answers.length > 1 ? answers.shift()! : answers[0]!;
    response.writeHead(status, { location: '/elsewhere' }).end(body);
  });
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/cohorts/secret-key`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  requests = [];
});

async function callOf(to = url): Promise<CallOutcome> {
  const options = { timeoutMs: 30_000, timeScale: 0, signal: new AbortController().signal };
  return callWebhook({ url: to, username: 'müller', password: 'p:w' }, BODY, options);
}

test.each([
  [200, SUCCESS],
  [201, SUCCESS],
])('%i %s is success', async (status, body) => {
  answers = [[status, body]];
  expect(await callOf()).toEqual({ kind: 'taken' });
  expect(requests).toEqual([
    {
      authorization: `Basic ${Buffer.from('müller:p:w').toString('base64')}`,
      text: JSON.stringify(BODY),
    },
  ]);
});

test.each([
  [400, failure(400)],
  [401, ''],
  [403, 'no'],
  [404, '{}'],
  [200, failure(403)],
])('%i %s pauses the sync at once', async (status, body) => {
  answers = [[status, body]];
  expect(await callOf()).toMatchObject({ kind: 'refused' });
  expect(requests).toHaveLength(1);
});

test("the receiver's words are told", async () => {
  answers = [[400, failure(400)]];
  expect(await callOf()).toEqual({ kind: 'refused', why: 'HTTP 400: not so' });
});

test.each([
  [429, ''],
  [500, ''],
  [503, failure(503)],
  [302, SUCCESS],
  [200, failure(503)],
  [200, '{"action":"add_members","status":"failure"}'],
  [200, ''],
  [200, '{"action":"add_members"}'],
  [200, '{"action":"add_members","status":"ok"}'],
  [200, '{"action":"members","status":"success"}'],
  [200, '[]'],
])('%i %s is tried six times in all', async (status, body) => {
  answers = [[status, body]];
  expect(await callOf()).toMatchObject({ kind: 'failed', why: expect.any(String) });
  expect(requests).toHaveLength(6);
});

test('a try that succeeds ends the tries', async () => {
  answers = [
    [503, ''],
    [503, ''],
    [200, SUCCESS],
  ];
  expect(await callOf()).toEqual({ kind: 'taken' });
  expect(requests).toHaveLength(3);
});

test('no connection fails without naming the address', async () => {
  const gone = createServer();
  await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
  const { port } = gone.address() as AddressInfo;
  await new Promise((resolve) => gone.close(resolve));
  const outcome = await callOf(`http://127.0.0.1:${port}/cohorts/secret-key`);
  expect(outcome).toEqual({ kind: 'failed', why: 'no answer: ECONNREFUSED' });
});

test('an abort ends the waits', async () => {
  answers = [[503, '']];
  const aborter = new AbortController();
  const options = { timeoutMs: 30_000, timeScale: 1, signal: aborter.signal };
  const outcome = callWebhook({ url }, BODY, options);
  await expect.poll(() => requests.length).toBe(1);
  aborter.abort();
  await expect(outcome).rejects.toThrow('abort');
  expect(requests[0]!.authorization).toBeUndefined();
});
