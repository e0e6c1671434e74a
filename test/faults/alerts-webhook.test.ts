import { expect, test } from 'vitest';
import { messageOf } from '../../src/alerts/message.ts';
import { createWebhook, webhookSettings } from '../../src/alerts/webhook.ts';
import {
  aConnection,
  haltedState,
  HOUR,
  MINUTE,
  START,
  statusOf,
  watched,
} from '../support/alerts.ts';
import {
  reset,
  type Reply,
  type ScriptedServer,
  scriptedServer,
  stall,
  text,
} from '../support/scripted-server.ts';

const signal = new AbortController().signal;
const PATH = '/services/T000/B000/very-secret';

const HALTED = messageOf(
  [
    {
      connection: 'prod-email',
      kind: 'halted',
      detail: 'Mixpanel refuses the credentials.',
      since: START,
    },
  ],
  [],
);

async function withServer(
  replies: readonly Reply[],
  act: (url: string, server: ScriptedServer) => Promise<void>,
): Promise<void> {
  const server = await scriptedServer(replies);
  try {
    await act(server.url + PATH, server);
  } finally {
    await server.close();
  }
}

const webhook = (more: { url?: string; timeoutMs?: number } = {}) =>
  createWebhook(webhookSettings.parse(more));

test('a message is posted as Slack takes it', () =>
  withServer([text(200, 'ok')], async (url, { received }) => {
    await webhook().send(url, HALTED, signal);
    const [request] = received;
    expect(request).toMatchObject({ method: 'POST', url: PATH });
    expect(request!.headers['content-type']).toBe('application/json');
    expect(JSON.parse(request!.wire.toString())).toEqual({
      text: `*[Sluice] prod-email halted: Mixpanel refuses the credentials.*\n${HALTED.text}`,
    });
  }));

test('a name can not call everybody', () =>
  withServer([text(200, 'ok')], async (url, { received }) => {
    const message = messageOf(
      [{ connection: '<!channel>', kind: 'halted', detail: 'a & <@U1>', since: START }],
      [],
    );
    await webhook().send(url, message, signal);
    const { text: posted } = JSON.parse(received[0]!.wire.toString()) as { text: string };
    expect(posted).toContain('&lt;!channel&gt; halted: a &amp; &lt;@U1&gt;');
    expect(posted).not.toMatch(/[<>]/);
  }));

test.each<[string, Reply, string | RegExp, number?]>([
  ['too many requests', text(429, 'rate_limited', { 'retry-after': '1' }), 'HTTP 429'],
  ['a server error', text(503, PATH), 'HTTP 503'],
  ['a revoked webhook', text(404, 'no_service'), 'HTTP 404'],
  ['a redirect', text(302, '', { location: 'http://127.0.0.1:1/' }), 'HTTP 302'],
  ['a connection that breaks off', reset, /UND_ERR_SOCKET|ECONNRESET/],
  ['no answer', stall, 'did not answer within 60 ms', 60],
])('%s is an error, and no error says the address', (_what, reply, words, timeoutMs = 10_000) =>
  withServer([reply], async (url, { received }) => {
    const error: unknown = await webhook({ timeoutMs })
      .send(url, HALTED, signal)
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'webhook_not_sent' });
    const said = JSON.stringify([
      (error as Error).message,
      (error as Error).stack,
      (error as Error).cause ?? null,
    ]);
    expect(said).toMatch(words);
    expect(said).not.toContain('very-secret');
    expect(received).toHaveLength(1);
  }),
);

test('an address that can not be called is an error that does not say it', async () => {
  for (const url of [
    'http://127.0.0.1:1/very-secret',
    'http://a:b@127.0.0.1/very-secret',
    'very-secret',
  ]) {
    const error: unknown = await webhook()
      .send(url, HALTED, signal)
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'webhook_not_sent' });
    expect(`${(error as Error).stack}`).not.toContain('very-secret');
    expect((error as Error).cause).toBeUndefined();
  }
});

test("the address is the connection's own, else that of the service; only http and https are any", () => {
  const url = 'https://hooks.example.com/x';
  expect(webhook({ url }).addressOf(aConnection('c', { webhook: 'https://own' }))).toBe(
    'https://own',
  );
  expect(webhook({ url }).addressOf(aConnection('c'))).toBe(url);
  expect(webhook().addressOf(aConnection('c'))).toBeUndefined();
  const isTaken = (wanted: string) => webhookSettings.safeParse({ url: wanted }).success;
  expect(isTaken(url)).toBe(true);
  expect(isTaken('ftp://hooks.example.com/x')).toBe(false);
  expect(isTaken('https://user:secret@hooks.example.com/x')).toBe(false);
});

test('a webhook that is out of order for a while is told once, and what is logged keeps its secret', () =>
  withServer(
    [text(503, PATH), text(429, PATH), reset, text(200, 'ok')],
    async (url, { received }) => {
      const self = watched(() => [webhook({ url })]);
      await self.look(HOUR, (now) => [statusOf('c', now, { state: haltedState(START) })]);
      expect(received).toHaveLength(4);
      await self.look(20 * MINUTE, (now) => [statusOf('c', now)]);
      expect(received).toHaveLength(5);
      expect(self.logged.filter(({ text }) => text === 'an alert could not be sent')).toHaveLength(
        3,
      );
      expect(JSON.stringify(self.logged)).not.toContain('very-secret');
    },
  ));
