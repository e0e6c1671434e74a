import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createEmail, type EmailSettings, emailSettings } from '../../src/alerts/email.ts';
import { messageOf } from '../../src/alerts/message.ts';
import {
  aConnection,
  haltedState,
  HOUR,
  MINUTE,
  START,
  statusOf,
  watched,
} from '../support/alerts.ts';
import { startMailServer } from '../support/mail-server.ts';

const ACCOUNT = { user: 'sluice', password: 'the-mail-password' };
const signal = new AbortController().signal;

function settingsFor(port: number, more: Partial<EmailSettings> = {}): EmailSettings {
  return emailSettings.parse({
    host: '127.0.0.1',
    port,
    from: 'Sluice <sluice@example.com>',
    allowPlain: true,
    ...more,
  });
}

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

test('a mail arrives as plain text, from and to whom it should', async () => {
  await using server = await startMailServer({ account: ACCOUNT });
  const email = createEmail(settingsFor(server.port, ACCOUNT));
  await email.send('team@example.com', HALTED, signal);
  expect(server.mails).toHaveLength(1);
  const [mail] = server.mails;
  expect(mail).toMatchObject({
    from: 'sluice@example.com',
    to: ['team@example.com'],
    text: HALTED.text,
  });
  expect(mail!.headers.get('subject')).toBe(
    '[Sluice] prod-email halted: Mixpanel refuses the credentials.',
  );
  expect(mail!.headers.get('content-type')).toMatch(/^text\/plain; charset=utf-8/i);
  expect(mail!.headers.get('auto-submitted')).toBe('auto-generated');
});

test("the contact is the connection's own, else that of the service", () => {
  const email = createEmail(settingsFor(25), 'ops@example.com');
  expect(email.addressOf(aConnection('c', { email: 'own@example.com' }))).toBe('own@example.com');
  expect(email.addressOf(aConnection('c'))).toBe('ops@example.com');
  expect(createEmail(settingsFor(25)).addressOf(aConnection('c'))).toBeUndefined();
});

test('what names, details and contacts hold can add no header and no recipient', async () => {
  await using server = await startMailServer();
  const email = createEmail(settingsFor(server.port));
  const evil = 'x\r\nBcc: victim@example.com\r\nX-Evil: 1\r\n\r\nbody';
  const message = messageOf([{ connection: evil, kind: 'halted', detail: evil, since: START }], []);
  await email.send('ops@example.com', message, signal);
  await email.send('ops@example.com', { subject: evil, text: 'x' }, signal);
  await email
    .send('a@example.com>, <victim@example.com', HALTED, signal)
    .catch((error: unknown) => expect(error).toMatchObject({ code: 'mail_not_sent' }));
  await email
    .send('a@example.com\r\nBcc: victim@example.com', HALTED, signal)
    .catch((error: unknown) => expect(error).toMatchObject({ code: 'mail_not_sent' }));
  expect(server.mails.length).toBeGreaterThanOrEqual(2);
  for (const { to, headers } of server.mails) {
    expect(to).not.toContain('victim@example.com');
    expect(to).toHaveLength(1);
    expect([...headers.keys()]).not.toEqual(expect.arrayContaining(['bcc']));
    expect([...headers.keys()]).not.toEqual(expect.arrayContaining(['x-evil']));
  }
});

test.each([
  { code: 421, at: 'recipient', text: 'try again later' },
  { code: 451, at: 'data', text: 'greylisted' },
  { code: 550, at: 'recipient', text: 'no such mailbox' },
  { code: 554, at: 'data', text: 'looks like spam' },
  { code: 535, at: 'auth', text: `wrong: ${ACCOUNT.password}` },
] as const)(
  'a refusal by $code at the $at is an error in its words, without the password',
  async (refuse) => {
    await using server = await startMailServer({ account: ACCOUNT });
    server.refuse = refuse;
    const email = createEmail(settingsFor(server.port, ACCOUNT));
    const error: unknown = await email
      .send('ops@example.com', HALTED, signal)
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'mail_not_sent' });
    const { message } = error as Error;
    expect(message).toContain(String(refuse.code));
    expect(message).toContain(refuse.text.replace(ACCOUNT.password, '***'));
    expect(message).not.toContain(ACCOUNT.password);
  },
);

test('a server that is not there, and one that never speaks, are errors', async () => {
  const silent = createServer();
  await new Promise<void>((resolve) => {
    silent.listen(0, '127.0.0.1', resolve);
  });
  const { port } = silent.address() as AddressInfo;
  await expect(
    createEmail(settingsFor(port, { timeoutMs: 50 })).send('ops@example.com', HALTED, signal),
  ).rejects.toMatchObject({ code: 'mail_not_sent' });
  await new Promise((resolve) => silent.close(resolve));
  await expect(
    createEmail(settingsFor(port)).send('ops@example.com', HALTED, signal),
  ).rejects.toThrow('ECONNREFUSED');
});

test('a password does not cross the network readable unless that was allowed', async () => {
  await using server = await startMailServer({ account: ACCOUNT });
  const email = createEmail(settingsFor(server.port, { ...ACCOUNT, allowPlain: false }));
  await expect(email.send('ops@example.com', HALTED, signal)).rejects.toMatchObject({
    code: 'mail_not_sent',
  });
  expect(server.mails).toEqual([]);
});

test('a certificate that nobody vouches for is refused', async () => {
  await using server = await startMailServer({ tls: true });
  const email = createEmail(settingsFor(server.port, { allowPlain: false }));
  await expect(email.send('ops@example.com', HALTED, signal)).rejects.toThrow(/certificate/);
  expect(server.mails).toEqual([]);
});

test('settings that make no sense are refused', () => {
  const wrong = (more: object) =>
    emailSettings.safeParse({ host: 'h', from: 'a@example.com', ...more }).success;
  expect(wrong({})).toBe(true);
  expect(wrong({ user: 'x' })).toBe(false);
  expect(wrong({ from: 'a@example.com\r\nBcc: b@example.com' })).toBe(false);
  expect(wrong({ contact: 'nobody' })).toBe(false);
});

test('a mail server that is away for a while gets each alert once when it is back', async () => {
  await using server = await startMailServer();
  const self = watched(() => [createEmail(settingsFor(server.port), 'ops@example.com')]);
  server.refuse = { code: 451, at: 'data', text: 'not now' };
  const names = ['a', 'b', 'c'];
  await self.look(20 * MINUTE, (now) =>
    names.map((name) => statusOf(name, now, { state: haltedState(START) })),
  );
  expect(server.mails).toEqual([]);
  server.refuse = undefined;
  await self.look(HOUR, (now) =>
    names.map((name) => statusOf(name, now, { state: haltedState(START) })),
  );
  await self.restart();
  await self.look(HOUR, (now) => names.map((name) => statusOf(name, now)));
  expect(server.mails.map(({ headers }) => headers.get('subject'))).toEqual([
    '[Sluice] 3 connections halted: Mixpanel refuses the credentials (HTTP 401).',
    '[Sluice] 3 connections are no longer halted',
  ]);
});
