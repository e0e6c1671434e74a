import { expect, test } from 'vitest';
import { DAY, HOUR, MINUTE, START } from '../../test/support/alerts.ts';
import type { AlertKind } from '../core/connections.ts';
import { type Ended, type Message, messageOf, type Told } from './message.ts';

const told = (kind: AlertKind, detail: string, more: Partial<Told> = {}): Told => ({
  connection: 'prod-email',
  kind,
  detail,
  since: START,
  ...more,
});

const HALTED = told('halted', 'Mixpanel refuses the credentials (HTTP 401).', {
  hint: 'Put the new secret into the connection and apply it.',
});

const EACH: readonly Told[] = [
  HALTED,
  told('retrying', 'Mixpanel does not take events: HTTP 503.'),
  told('dead_letters', '1,212 dead letters within an hour; the bound is 100.'),
  told('lag', 'The oldest data not delivered yet are 3 h 10 min old; the bound is 2 h.'),
  told('nothing_received', 'Nothing new has come for 1 day.'),
  told('credentials_expire', 'The Mixpanel API secret ends on 3 March 2027, in 90 days.'),
  told('unreadable', "2 files or bodies can't be read to the end."),
];

const over = (of: Told, more: Partial<Ended> = {}): Ended => ({
  ...of,
  until: START + 3 * HOUR + 5 * MINUTE,
  now: 'idle',
  ...more,
});

const named = (connection: string, of: Told, more: Partial<Told> = {}): Told => ({
  ...of,
  connection,
  ...more,
});

function letter({ subject, text }: Message): string {
  return `Subject: ${subject}\n\n${text}`;
}

test('the messages read as in the golden file', async () => {
  const all: [string, Message][] = [
    ...EACH.map((each): [string, Message] => [`${each.kind} begins`, messageOf([each], [])]),
    ...EACH.map((each): [string, Message] => [`${each.kind} is over`, messageOf([], [over(each)])]),
    [
      'a reminder',
      messageOf(
        [
          told('credentials_expire', 'The Mixpanel API secret ends on 3 March 2027, in 14 days.', {
            again: true,
          }),
        ],
        [],
      ),
    ],
    [
      'three with the same fault',
      messageOf(
        ['prod-email', 'prod-push', 'test'].map((name, n) =>
          named(name, HALTED, { since: START + n * MINUTE }),
        ),
        [],
      ),
    ],
    [
      'several kinds, some over',
      messageOf(
        [
          HALTED,
          named('prod-push', EACH[3]!),
          named('prod-sms', EACH[3]!, {
            detail: 'The oldest data not delivered yet are 1 day 2 h old; the bound is 2 h.',
          }),
        ],
        [
          over(named('test', EACH[1]!)),
          over(named('old', EACH[4]!), { until: START + 3 * DAY, now: 'deleted' }),
          over(named('older', EACH[4]!), { until: START + DAY, now: 'paused' }),
        ],
      ),
    ],
  ];
  const text = all.map(([title, message]) => `### ${title}\n\n${letter(message)}`).join('\n\n');
  await expect(text).toMatchFileSnapshot('../../test/golden/alerts.txt');
});

test('long lists and long texts are cut', () => {
  const many = Array.from({ length: 300 }, (_, n) => named(`connection-${n}`, HALTED));
  const { subject, text } = messageOf(many, []);
  expect(subject).toContain('300 connections halted');
  expect(text).toContain('… and 260 more');
  const long = messageOf(
    [told('halted', 'x'.repeat(100_000), { connection: 'n'.repeat(300) })],
    [],
  );
  expect(long.subject.length).toBeLessThanOrEqual(140);
  expect(long.text.length).toBeLessThan(2000);
});

test('a name can not break out of its line, nor out of the command that is shown', () => {
  const { subject, text } = messageOf(
    [
      told('halted', 'a\r\nBcc: b@example.com\u2028c', {
        connection: "it's\n\nNow: $(reboot)\u202e",
      }),
    ],
    [],
  );
  expect(subject).toBe("[Sluice] it's Now: $(reboot) halted: a Bcc: b@example.com c");
  expect(text).toContain(`sluice get 'it'\\''s Now: $(reboot)'`);
  expect(text).not.toMatch(/^(Bcc|Now):/m);
});
