import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  alias,
  COHORT,
  cohortSinkContract,
  enter,
  external,
  leave,
  linesOf,
} from '../../test/contracts/cohort-sink.ts';
import { entering, sendOnce, withBraze } from '../../test/support/braze-lab.ts';
import {
  json,
  type Reply,
  reset,
  scriptedServer,
  text,
} from '../../test/support/scripted-server.ts';
import { type CohortSink, keyOfUser } from '../core/cohorts.ts';
import type { Answer } from '../core/sink.ts';
import { deliver } from '../pipeline/deliver.ts';
import { startBrazeSandbox } from '../sandbox/braze-rest/server.ts';
import { checkPartnerCohorts, partnerCohortsSink } from './partner-cohorts.ts';

const KEYS = { partnerApiKey: 'sandbox-partner-key', clientSecret: 'sandbox-data-import-key' };
const signal = (): AbortSignal => AbortSignal.timeout(20_000);

function settingsFor(instance: string, more: Record<string, unknown> = {}) {
  return partnerCohortsSink.settings.parse({
    instance,
    partner: 'sandbox',
    timeoutMs: 5000,
    ...KEYS,
    ...more,
  });
}

const open = (instance: string, more: Record<string, unknown> = {}): CohortSink =>
  partnerCohortsSink.open(settingsFor(instance, more));

cohortSinkContract('partner-cohorts', async () => {
  const sandbox = await startBrazeSandbox({ existing: 'all' });
  return {
    sink: open(sandbox.url),
    members: (id) => sandbox.members(id)!,
    close: () => sandbox.close(),
  };
});

async function answerTo(
  reply: Reply,
  act: (sink: CohortSink) => Promise<Answer> = (sink) => sendOnce(sink, entering(2)),
) {
  const server = await scriptedServer([reply]);
  const sink = open(server.url);
  try {
    const answer = await act(sink);
    const bodies = server.received.map(({ wire }) => JSON.parse(wire.toString()) as unknown);
    return { answer, bodies, received: server.received };
  } finally {
    await sink.close();
    await server.close();
  }
}

const created = json(201, {});

describe('the request', () => {
  test('additions and removals are two objects, ids and aliases two lists, empty ones left out', async () => {
    const changes = [enter(external('u1')), leave(external('u7')), enter(alias('a9'))];
    const { bodies, received } = await answerTo(created, (sink) => sendOnce(sink, changes));
    expect(bodies).toEqual([
      {
        partner_api_key: KEYS.partnerApiKey,
        client_secret: KEYS.clientSecret,
        cohort_id: COHORT.id,
        cohort_changes: [
          { user_ids: ['u1'], aliases: [{ alias_name: 'a9', alias_label: 'mixpanel' }] },
          { user_ids: ['u7'], should_remove: true },
        ],
      },
    ]);
    expect(received[0]).toMatchObject({ method: 'POST', url: '/partners/sandbox/cohorts/users' });
    expect(received[0]!.headers.authorization).toBeUndefined();
  });

  test('no user is in both directions', async () => {
    const a = external('a');
    const { bodies } = await answerTo(created, (sink) =>
      sendOnce(sink, [enter(a), leave(a), enter(a), leave(a)]),
    );
    expect(bodies).toMatchObject([{ cohort_changes: [{ user_ids: ['a'], should_remove: true }] }]);
    expect((bodies[0] as { cohort_changes: unknown[] }).cohort_changes).toHaveLength(1);
  });

  test('a cohort is announced by its name, and again when it is renamed', () =>
    withBraze(async (sandbox) => {
      const sink = open(sandbox.url);
      for (const name of ['First', 'Second', ' '])
        expect(await sink.announce!({ id: 'c', name }, signal())).toEqual({
          kind: 'settled',
          rejections: [],
        });
      await sink.close();
      expect(sandbox.stats().cohorts).toEqual({ c: { name: 'c', creations: 3, members: 0 } });
    }));

  test('users that these endpoints do not know are refused for good, the others sent', async () => {
    const odd = [
      enter({ kind: 'braze_id', id: 'b' }),
      enter(external('u')),
      leave({ kind: 'email', id: 'a@b' }),
    ];
    const { answer, bodies } = await answerTo(created, (sink) => sendOnce(sink, odd));
    expect(answer).toMatchObject({
      kind: 'settled',
      rejections: [
        { index: 0, cause: 'refused_for_good' },
        { index: 2, cause: 'refused_for_good' },
      ],
    });
    expect(bodies).toMatchObject([{ cohort_changes: [{ user_ids: ['u'] }] }]);
    const none = await answerTo(created, (sink) => sendOnce(sink, [odd[0]!]));
    expect(none.answer).toMatchObject({ rejections: [{ index: 0 }] });
    expect(none.received).toEqual([]);
  });

  test('settings that are wrong are refused', () => {
    for (const wrong of [{ partner: 'a/b' }, { clientSecret: '' }, { instance: 'nowhere' }])
      expect(
        partnerCohortsSink.settings.safeParse({ ...partnerCohortsSink.example, ...wrong }).success,
      ).toBe(false);
    expect(partnerCohortsSink.settings.safeParse(partnerCohortsSink.example).success).toBe(true);
  });
});

describe('the answer table', () => {
  const SETTLED = { kind: 'settled', rejections: [] };

  test.each<[string, Reply, unknown, unknown]>([
    ['201 with nothing', text(201, ''), SETTLED, SETTLED],
    ['200 with a message', json(200, { message: 'success' }), SETTLED, SETTLED],
    ['200 of a web page', text(200, '<html>hi</html>'), { kind: 'retry' }, { kind: 'retry' }],
    [
      '400',
      json(400, { message: 'cohort_id is invalid' }),
      { kind: 'split', cause: 'refused', detail: 'HTTP 400: cohort_id is invalid.' },
      { kind: 'halt', detail: 'HTTP 400: cohort_id is invalid.' },
    ],
    [
      '401',
      json(401, { message: 'no' }),
      { kind: 'halt', detail: expect.stringContaining('wrong instance') },
      { kind: 'halt' },
    ],
    ['403', json(403, {}), { kind: 'halt' }, { kind: 'halt' }],
    [
      '404',
      text(404, ''),
      { kind: 'halt', detail: expect.stringContaining("partner's name") },
      { kind: 'halt' },
    ],
    ['413', text(413, ''), { kind: 'split' }, { kind: 'halt' }],
    ['423', json(423, { message: 'locked' }), { kind: 'retry' }, { kind: 'retry' }],
    [
      '423 with seconds',
      json(423, {}, { 'retry-after': '3' }),
      { kind: 'retry', afterMs: 3000 },
      { kind: 'retry', afterMs: 3000 },
    ],
    ['429', json(429, {}), { kind: 'retry' }, { kind: 'retry' }],
    ['500', text(500, ''), { kind: 'retry' }, { kind: 'retry' }],
    ['a reset connection', reset, { kind: 'retry' }, { kind: 'retry' }],
  ])('%s', async (_name, reply, toChange, toAnnounce) => {
    expect((await answerTo(reply)).answer).toMatchObject(toChange as object);
    const announced = await answerTo(reply, (sink) => sink.announce!(COHORT, signal()));
    expect(announced.answer).toMatchObject(toAnnounce as object);
  });
});

describe('against a workspace that fails', () => {
  test('locks, storms, resets before and after: everybody ends where they belong', () =>
    withBraze(async (sandbox) => {
      const sink = open(sandbox.url);
      await sink.announce!(COHORT, signal());
      sandbox.faults.set([
        { kind: 'status', status: 423, match: { requests: 2 } },
        { kind: 'reset', match: { requests: 1 } },
        { kind: 'reset', when: 'after', match: { requests: 1 } },
        { kind: 'status', status: 429, match: { requests: 3 } },
        { kind: 'status', status: 502, when: 'after', match: { requests: 1 } },
      ]);
      const changes = entering(1000);
      const delivery = await deliver(sink, linesOf(changes), changes.length, {
        signal: signal(),
        backoff: { baseMs: 1, random: () => 0 },
      });
      await sink.close();
      expect(delivery).toMatchObject({ kind: 'settled', rejections: [], requests: 9 });
      expect(sandbox.members(COHORT.id)!.size).toBe(1000);
      expect(sandbox.members(COHORT.id)!.has(keyOfUser(external('u999')))).toBe(true);
    }));
});

describe('secrets', () => {
  const secret = fc
    .string({ minLength: 8, maxLength: 40, unit: 'grapheme' })
    .filter((key) => key.trim() === key);

  test('are in no word of an answer, whatever the other side sends back', () =>
    withBraze((sandbox) =>
      fc.assert(
        fc.asyncProperty(
          secret,
          secret,
          fc.constantFrom('text', 'json', 'html'),
          fc.constantFrom(200, 201, 302, 400, 401, 403, 404, 413, 423, 429, 500),
          async (partnerApiKey, clientSecret, form, status) => {
            sandbox.faults.set([{ kind: 'echo', status, form }]);
            const keys = { partnerApiKey, clientSecret };
            const sink = open(sandbox.url, keys);
            const answers = [
              await sendOnce(sink, entering(2)),
              await sink.announce!(COHORT, signal()),
              await checkPartnerCohorts(settingsFor(sandbox.url, keys), signal()),
            ];
            await sink.close();
            for (const answer of answers) {
              const { detail = '' } = answer as { detail?: string };
              expect(detail).not.toContain(partnerApiKey);
              expect(detail).not.toContain(clientSecret);
            }
          },
        ),
        { numRuns: 60 },
      ),
    ));

  test('are not in the text of the answer that is known to carry one', () =>
    withBraze(async (sandbox) => {
      const { partnerApiKey: apiKey, clientSecret } = KEYS;
      sandbox.setCredentials({
        apiKeys: {},
        partner: { name: 'sandbox', apiKey, clientSecret, enabled: false },
      });
      const sink = open(sandbox.url);
      const answer = await sendOnce(sink, entering(1));
      await sink.close();
      expect(answer).toMatchObject({
        kind: 'halt',
        detail: expect.stringContaining('not enabled for the client ***'),
      });
    }));
});

describe('checking the keys', () => {
  const check = (url: string, more: Record<string, unknown> = {}) =>
    checkPartnerCohorts(settingsFor(url, more), signal());

  test('good, wrong, of another partner; nothing is written', () =>
    withBraze(async (sandbox) => {
      expect(await check(sandbox.url)).toMatchObject({ ok: true });
      for (const wrong of [
        { partnerApiKey: 'other-key' },
        { clientSecret: 'other-secret' },
        { partner: 'other' },
      ])
        expect(await check(sandbox.url, wrong)).toMatchObject({
          ok: false,
          detail: expect.stringContaining('Wrong partner key'),
        });
      expect(sandbox.stats()).toMatchObject({ cohorts: {}, partnerIds: 0 });
    }));

  test('a refusal that is not about the keys is none of success', async () => {
    const server = await scriptedServer([json(400, { message: 'bad' })]);
    const result = await check(server.url);
    await server.close();
    expect(result).toEqual({ ok: false, detail: 'HTTP 400: bad.' });
  });
});
