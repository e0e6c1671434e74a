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
  stall,
  text,
} from '../../test/support/scripted-server.ts';
import { type CohortChange, type CohortSink, keyOfUser } from '../core/cohorts.ts';
import type { Answer } from '../core/sink.ts';
import { deliver } from '../pipeline/deliver.ts';
import { startBrazeSandbox } from '../sandbox/braze-rest/server.ts';
import { readAllowance } from './braze-client.ts';
import { readTrackAnswer } from './users-track-answer.ts';
import { checkUsersTrack, usersTrackSink } from './users-track.ts';

const KEY = 'sandbox-braze-key';
const BOOLEAN = `mp_cohort_${COHORT.id}`;
const FAST = { baseMs: 1, random: () => 0 };

function settingsFor(instance: string, more: Record<string, unknown> = {}) {
  return usersTrackSink.settings.parse({ instance, apiKey: KEY, timeoutMs: 5000, ...more });
}

const open = (instance: string, more: Record<string, unknown> = {}): CohortSink =>
  usersTrackSink.open(settingsFor(instance, more));

for (const kind of ['boolean', 'array'] as const)
  cohortSinkContract(`users-track (${kind})`, async () => {
    const sandbox = await startBrazeSandbox({ existing: 'all' });
    return {
      sink: open(sandbox.url, { attribute: { kind } }),
      members: (id) => {
        const name = kind === 'boolean' ? `mp_cohort_${id}` : 'mixpanel_cohorts';
        return [...sandbox.users(name)]
          .filter((user) => {
            const value = sandbox.attributes(user)![name];
            return kind === 'boolean' ? value === true : (value as string[]).includes(id);
          })
          .map(keyOfUser);
      },
      close: () => sandbox.close(),
    };
  });

async function requestOf(
  changes: readonly CohortChange[],
  more: Record<string, unknown> = {},
  base = '',
) {
  const server = await scriptedServer([json(201, { message: 'success' })]);
  const sink = open(server.url + base, more);
  try {
    await sendOnce(sink, changes);
    const [request] = server.received;
    return { request: request!, body: JSON.parse(request!.wire.toString()) as unknown };
  } finally {
    await sink.close();
    await server.close();
  }
}

describe('the request', () => {
  test('one object a user, which never makes a profile, with one identifier', async () => {
    const { request, body } = await requestOf([
      enter(external('u1')),
      leave(alias('a9')),
      enter({ kind: 'braze_id', id: 'b' }),
      enter({ kind: 'email', id: 'a@b.example' }),
    ]);
    const only = { _update_existing_only: true };
    expect(body).toEqual({
      attributes: [
        { external_id: 'u1', ...only, [BOOLEAN]: true },
        {
          user_alias: { alias_name: 'a9', alias_label: 'mixpanel' },
          ...only,
          [BOOLEAN]: false,
        },
        { braze_id: 'b', ...only, [BOOLEAN]: true },
        { email: 'a@b.example', ...only, [BOOLEAN]: true },
      ],
    });
    expect(request).toMatchObject({
      method: 'POST',
      url: '/users/track',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    });
  });

  test('an array attribute gains and loses the id of the cohort', async () => {
    const { body, request } = await requestOf(
      [enter(external('a')), leave(external('b'))],
      { attribute: { kind: 'array', name: 'cohorts' } },
      '/proxy/',
    );
    expect(body).toMatchObject({
      attributes: [{ cohorts: { add: ['4242'] } }, { cohorts: { remove: ['4242'] } }],
    });
    expect(request.url).toBe('/proxy/users/track');
  });

  test('settings that are wrong are refused', () => {
    for (const wrong of [
      { instance: 'http://rest.iad-01.braze.com' },
      { instance: 'https://key@rest.iad-01.braze.com' },
      { batchSize: 76 },
      { apiKey: '' },
      { attribute: { kind: 'array', name: 'email' } },
      { attribute: { kind: 'boolean', name: 'no_id' } },
    ])
      expect(
        usersTrackSink.settings.safeParse({ instance: 'US-01', apiKey: 'k', ...wrong }).success,
      ).toBe(false);
    expect(usersTrackSink.settings.parse(usersTrackSink.example).instance).toBe(
      'https://rest.fra-01.braze.eu',
    );
  });

  test.each(['email', 'x'.repeat(256), ' edge', '$sum'])(
    'a cohort whose attribute would be called %s is refused, and nothing is sent',
    (id) =>
      withBraze(async (sandbox) => {
        const sink = open(sandbox.url, { attribute: { kind: 'boolean', name: '{id}' } });
        const answer = await sendOnce(sink, [enter(external('a'))], { id, name: 'n' });
        await sink.close();
        expect(answer).toMatchObject({ rejections: [{ index: 0, cause: 'refused' }] });
        expect(sandbox.stats().requests.total).toBe(0);
      }),
  );

  test('profiles are never made, whatever the kind of user', () =>
    withBraze(
      async (sandbox) => {
        const sink = open(sandbox.url);
        const users = [external('a'), alias('x'), { kind: 'email', id: 'a@b' } as const];
        await sendOnce(sink, [...users.map(enter), ...users.map(leave)]);
        await sink.close();
        expect(sandbox.stats()).toMatchObject({ users: 0, created: 0, attributeWrites: 0 });
      },
      { existing: 'listed' },
    ));
});

async function answerTo(reply: Reply, changes = entering(3), timeoutMs = 5000): Promise<Answer> {
  const server = await scriptedServer([reply]);
  const sink = open(server.url, { timeoutMs });
  try {
    return await sendOnce(sink, changes);
  } finally {
    await sink.close();
    await server.close();
  }
}

const error = (index: unknown, type = 'some reason', input_array: unknown = 'attributes') => ({
  type,
  input_array,
  index,
});
const success = (errors?: unknown) =>
  json(201, { message: 'success', attributes_processed: 3, ...(errors ? { errors } : {}) });

describe('the answer table', () => {
  const INVALID = { message: "Valid data must be provided in the 'attributes' field." };

  test.each<[string, Reply, unknown]>([
    ['success', success(), { kind: 'settled', rejections: [] }],
    ['success with 200', json(200, { message: 'success' }), { kind: 'settled', rejections: [] }],
    [
      'errors by index',
      success([error(2), error(0, "'external_id' must be fewer than 988 bytes")]),
      {
        kind: 'settled',
        rejections: [
          {
            index: 0,
            cause: 'refused_for_good',
            detail: "'external_id' must be fewer than 988 bytes",
          },
          { index: 2, cause: 'refused', detail: 'some reason' },
        ],
      },
    ],
    [
      'codes of identity errors',
      success([error(0, 'EXTERNAL_USER_ID_TOO_LARGE'), error(1, 'BLACKLISTED_EXTERNAL_USER_ID')]),
      { rejections: [{ cause: 'refused_for_good' }, { cause: 'refused_for_good' }] },
    ],
    ['an error without an index', success([error(undefined)]), { kind: 'retry' }],
    ['an error that is a text', success(['minor error']), { kind: 'retry' }],
    ['an index outside', success([error(3)]), { kind: 'retry' }],
    ['an error of another array', success([error(0, 'x', 'events')]), { kind: 'retry' }],
    ['errors with and without an index', success([error(0), error(null)]), { kind: 'retry' }],
    [
      'every object named',
      success([error(0), error(1), error(2), error(undefined)]),
      { kind: 'settled', rejections: [{ index: 0 }, { index: 1 }, { index: 2 }] },
    ],
    ['no word of success', json(201, { message: 'queued' }), { kind: 'retry' }],
    [
      'success that is not Braze',
      text(200, '<html>welcome</html>'),
      { kind: 'retry', detail: expect.stringContaining("not Braze's answer") },
    ],
    [
      '400 that names every object',
      json(400, { ...INVALID, errors: [error(0), error(1), error(2)] }),
      { kind: 'settled', rejections: [{ index: 0 }, { index: 1 }, { index: 2 }] },
    ],
    [
      '400 that names one',
      json(400, { ...INVALID, errors: [error(1)] }),
      { kind: 'split', cause: 'refused' },
    ],
    [
      '400 about the size',
      json(400, { message: 'Max Input Length Exceeded' }),
      { kind: 'split', cause: 'refused', detail: 'HTTP 400: Max Input Length Exceeded.' },
    ],
    ['400 in HTML', text(400, '<html><p>bad</p></html>'), { kind: 'split' }],
    [
      '401',
      json(401, { message: 'Invalid API Key' }),
      {
        kind: 'halt',
        detail: expect.stringMatching(/^HTTP 401: Invalid API Key\. Wrong key or wrong instance/),
      },
    ],
    [
      '403',
      json(403, { message: 'no' }),
      { kind: 'halt', detail: expect.stringContaining('permission users.track') },
    ],
    ['404', text(404, ''), { kind: 'halt', detail: expect.stringContaining('endpoint') }],
    ['307', text(307, ''), { kind: 'halt', detail: expect.stringContaining('redirects') }],
    ['410', text(410, ''), { kind: 'halt' }],
    ['413', text(413, ''), { kind: 'split' }],
    ['408', text(408, ''), { kind: 'retry' }],
    ['423', json(423, {}), { kind: 'retry' }],
    ['429', json(429, { message: 'Rate limit exceeded' }), { kind: 'retry' }],
    ['429 with seconds', json(429, {}, { 'retry-after': '7' }), { kind: 'retry', afterMs: 7000 }],
    ['500', text(500, 'oops'), { kind: 'retry', detail: 'HTTP 500: oops.' }],
    ['503 with seconds', text(503, '', { 'retry-after': '7' }), { kind: 'retry', afterMs: 7000 }],
    ['a reset connection', reset, { kind: 'retry' }],
  ])('%s', async (_name, reply, expected) => {
    expect(await answerTo(reply)).toMatchObject(expected as object);
  });

  test('an answer that never comes', async () => {
    const answer = await answerTo(stall, entering(1), 150);
    expect(answer).toMatchObject({ kind: 'retry', detail: expect.stringContaining('in time') });
  });

  test('an index is that of the object; the rejection is that of the line', async () => {
    const a = external('a');
    const changes = [enter(a), enter(external('b')), leave(a)];
    const answer = await answerTo(success([error(1)]), changes);
    expect(answer).toMatchObject({ kind: 'settled', rejections: [{ index: 2 }] });
  });
});

describe('the rate limit as answers tell it', () => {
  const NOW = Date.UTC(2026, 5, 1);
  const of = (headers: Record<string, string>) => readAllowance(headers, NOW);
  const epoch = (ms: number) => String((NOW + ms) / 1000);

  test.each([
    [{}, { isUsedUp: false, retryAfterMs: undefined, resetMs: undefined }],
    [
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': epoch(3000) },
      { isUsedUp: true, resetMs: 3000 },
    ],
    [{ 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': 'soon' }, { isUsedUp: false }],
    [{ 'x-ratelimit-reset': epoch(3_600_000) }, { resetMs: 600_000 }],
    [{ 'x-ratelimit-reset': epoch(-5000) }, { resetMs: 0 }],
    // This machine's clock is an hour behind.
    [
      {
        'x-ratelimit-reset': epoch(3_602_000),
        date: new Date(NOW + 3_600_000).toUTCString(),
      },
      { resetMs: 2000 },
    ],
    [{ 'retry-after': '7' }, { retryAfterMs: 7000 }],
  ])('%o', (headers, expected) => {
    expect(of(headers)).toMatchObject(expected);
  });

  const soon = () => ({
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': String(Math.floor(Date.now() / 1000) + 1),
  });
  const inAnHour = () => ({
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': String(Math.floor(Date.now() / 1000) + 3600),
  });

  test('once it is used up, nothing is sent before it is renewed', async () => {
    const times: number[] = [];
    const server = await scriptedServer([
      (response, request) => {
        times.push(Date.now());
        json(201, { message: 'success' }, soon())(response, request);
      },
    ]);
    const sink = open(server.url);
    try {
      for (let i = 0; i < 2; i++) await sendOnce(sink, entering(1));
      expect(Math.floor(times[1]! / 1000)).toBeGreaterThan(Math.floor(times[0]! / 1000));
    } finally {
      await sink.close();
      await server.close();
    }
  });

  test.each([
    ['a success', json(201, { message: 'success' }, inAnHour())],
    ['a 429', json(429, {}, inAnHour())],
  ])(
    'a long wait that %s asks for is given back, bounded, and nothing is sent',
    async (_, reply) => {
      const server = await scriptedServer([reply]);
      const sink = open(server.url);
      try {
        await sendOnce(sink, entering(1));
        const answer = await sendOnce(sink, entering(1));
        expect(answer).toMatchObject({ kind: 'retry', detail: expect.stringContaining('used up') });
        const { afterMs } = answer as { afterMs: number };
        expect(afterMs).toBeGreaterThan(500_000);
        expect(afterMs).toBeLessThanOrEqual(600_000);
        expect(server.received).toHaveLength(1);
      } finally {
        await sink.close();
        await server.close();
      }
    },
  );

  test('a wait ends when the signal is aborted', async () => {
    const server = await scriptedServer([
      json(201, { message: 'success' }, { 'retry-after': '4' }),
      json(429, {}, { 'retry-after': '4' }),
    ]);
    const sink = open(server.url);
    try {
      await sendOnce(sink, entering(1));
      await sendOnce(sink, entering(1));
      const body = await sink.pack(linesOf(entering(1)), 1);
      const aborter = new AbortController();
      const sent = sink.send(body, aborter.signal);
      const reason = new Error('stop');
      aborter.abort(reason);
      await expect(sent).rejects.toBe(reason);
      expect(server.received).toHaveLength(2);
    } finally {
      await sink.close();
      await server.close();
    }
  });
});

describe('against a workspace that fails', () => {
  const deliverTo = async (sink: CohortSink, changes: readonly CohortChange[]) => {
    const signal = AbortSignal.timeout(20_000);
    return deliver(sink, linesOf(changes), changes.length, { signal, backoff: FAST });
  };

  test('statuses, resets before and after, stalls: everybody ends where they belong', () =>
    withBraze(async (sandbox) => {
      sandbox.faults.set([
        { kind: 'status', status: 500, match: { requests: 1 } },
        { kind: 'reset', match: { requests: 1 } },
        { kind: 'reset', when: 'after', match: { requests: 1 } },
        { kind: 'stall', when: 'after', match: { requests: 1 } },
        { kind: 'status', status: 503, when: 'after', match: { requests: 1 } },
        { kind: 'status', status: 429, match: { requests: 3 } },
        { kind: 'slow', delayMs: 20, match: { requests: 1 } },
      ]);
      const sink = open(sandbox.url, { timeoutMs: 500 });
      const delivery = await deliverTo(sink, entering(20));
      await sink.close();
      expect(delivery).toMatchObject({ kind: 'settled', rejections: [], requests: 9 });
      expect(sandbox.stats().attributes).toEqual({ [BOOLEAN]: { held: 20, false: 0 } });
    }));

  test('a contract that allows fewer objects: the body goes in halves', () =>
    withBraze(
      async (sandbox) => {
        const sink = open(sandbox.url, { batchSize: 75 });
        const delivery = await deliverTo(sink, entering(75));
        await sink.close();
        expect(delivery).toMatchObject({ kind: 'settled', rejections: [], requests: 3 });
        expect(sandbox.stats().attributeWrites).toBe(75);
      },
      { switches: { objects: '50-combined' } },
    ));

  test('one user that fails the whole request is found, the others are written', () =>
    withBraze(async (sandbox) => {
      sandbox.faults.set([
        { kind: 'status', status: 400, body: { message: 'bad' }, match: { contains: '"u7"' } },
      ]);
      const sink = open(sandbox.url);
      const delivery = await deliverTo(sink, entering(20));
      await sink.close();
      expect(delivery).toMatchObject({
        rejections: [{ index: 7, cause: 'refused', detail: 'HTTP 400: bad.' }],
      });
      expect(sandbox.stats().attributeWrites).toBe(19);
    }));

  test('one user whose error never names it does not hold up the others', () =>
    withBraze(async (sandbox) => {
      sandbox.faults.set([
        { kind: 'errors', every: 75, indexed: false, match: { contains: '"u0"' } },
      ]);
      const sink = open(sandbox.url);
      const delivery = await deliverTo(sink, entering(8));
      await sink.close();
      expect(delivery).toMatchObject({ rejections: [{ index: 0, cause: 'refused' }] });
      expect(sandbox.stats().attributes[BOOLEAN]!.held).toBe(7);
    }));

  test('an id that is too long is refused for good, the others are written', () =>
    withBraze(async (sandbox) => {
      const sink = open(sandbox.url);
      const long = external('x'.repeat(988));
      const mixed = await deliverTo(sink, [enter(external('a')), enter(long)]);
      const alone = await deliverTo(sink, [enter(long)]);
      await sink.close();
      expect(mixed).toMatchObject({ rejections: [{ index: 1, cause: 'refused_for_good' }] });
      expect(alone).toMatchObject({ rejections: [{ index: 0, cause: 'refused_for_good' }] });
      expect(sandbox.stats().attributeWrites).toBe(1);
    }));
});

describe('secrets', () => {
  // As long as keys are; shorter ones would also hide words of the answer itself.
  const secret = fc
    .string({ minLength: 8, maxLength: 40, unit: 'grapheme-ascii' })
    .filter((key) => key.trim() === key && !/\s\s/.test(key));

  test('are in no word of an answer, whatever the other side sends back', () =>
    withBraze((sandbox) =>
      fc.assert(
        fc.asyncProperty(
          secret,
          fc.constantFrom('text', 'json', 'html'),
          fc.constantFrom(200, 201, 302, 400, 401, 403, 404, 413, 429, 500),
          async (apiKey, form, status) => {
            sandbox.faults.set([{ kind: 'echo', status, form }]);
            const sink = open(sandbox.url, { apiKey });
            const answer = await sendOnce(sink, [enter(external('u')), enter(external('v'))]);
            await sink.close();
            const check = await checkUsersTrack(
              settingsFor(sandbox.url, { apiKey }),
              AbortSignal.timeout(10_000),
            );
            const { detail = '', rejections = [] } = answer as {
              detail?: string;
              rejections?: { detail: string }[];
            };
            for (const words of [detail, check.detail, ...rejections.map((each) => each.detail)])
              expect(words).not.toContain(apiKey);
          },
        ),
        { numRuns: 60 },
      ),
    ));

  test('are taken out before a text is cut', () => {
    const scrub = (words: string) => words.replaceAll('SECRETKEY', '***');
    for (let before = 480; before < 500; before++) {
      const body = JSON.stringify({ message: 'x'.repeat(before) + 'SECRETKEY' });
      const reply = { kind: 'reply', status: 401, body, afterMs: undefined } as const;
      expect(JSON.stringify(readTrackAnswer(reply, [0], scrub))).not.toContain('SECR');
    }
  });
});

describe('checking the key', () => {
  const check = (url: string, apiKey = KEY) =>
    checkUsersTrack(settingsFor(url, { apiKey }), AbortSignal.timeout(10_000));

  test('good, wrong, not permitted, wrong instance; nothing is written', () =>
    withBraze(async (sandbox) => {
      expect(await check(sandbox.url)).toMatchObject({ ok: true });
      expect(await check(sandbox.url, 'other')).toMatchObject({
        ok: false,
        detail: expect.stringContaining('Wrong key or wrong instance'),
      });
      sandbox.setCredentials({
        apiKeys: { k: [] },
        partner: { name: 'p', apiKey: 'k', clientSecret: 's' },
      });
      expect(await check(sandbox.url, 'k')).toMatchObject({
        ok: false,
        detail: expect.stringContaining('permission'),
      });
      sandbox.faults.set([{ kind: 'status', status: 503 }]);
      expect((await check(sandbox.url)).ok).toBe(false);
      expect(sandbox.stats().attributeWrites).toBe(0);
    }));

  test('nobody there', async () => {
    expect(await check('http://127.0.0.1:1')).toMatchObject({
      ok: false,
      detail: expect.stringContaining('refuses connections'),
    });
  });
});
