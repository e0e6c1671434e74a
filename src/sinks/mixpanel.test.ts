import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sinkContract } from '../../test/contracts/sink.ts';
import {
  json,
  type Reply,
  reset,
  type ScriptedServer,
  scriptedServer,
  stall,
  taken,
  text,
} from '../../test/support/scripted-server.ts';
import type { Answer } from '../core/sink.ts';
import { checkMixpanel, type MixpanelInput, mixpanelSink } from './mixpanel.ts';
import { readAnswer } from './mixpanel-answer.ts';
import { hostOf, scrubber } from './mixpanel-settings.ts';

const CREDENTIALS = {
  service: { kind: 'service-account', username: 'svc', secret: 's3cr3t-value', projectId: '77' },
  token: { kind: 'project-token', token: 'tok-0123456789' },
  api: { kind: 'api-secret', secret: 'api-s3cr3t-value' },
} as const;

function settingsFor(url: string, more: Partial<MixpanelInput> = {}) {
  return mixpanelSink.settings.parse({
    credentials: CREDENTIALS.token,
    region: 'us',
    url,
    timeoutMs: 5000,
    ...more,
  });
}

sinkContract('the Mixpanel sink', async () => {
  const server = await scriptedServer([taken]);
  return {
    sink: mixpanelSink.open(settingsFor(server.url)),
    arrived: () => server.received.flatMap(({ lines }) => lines),
    close: () => server.close(),
  };
});

async function answerTo(
  reply: Reply,
  events = 2,
  more: Partial<MixpanelInput> = {},
): Promise<{ answer: Answer; server: ScriptedServer }> {
  const server = await scriptedServer([reply]);
  const sink = mixpanelSink.open(settingsFor(server.url, more));
  try {
    const lines = Buffer.from('{"event":"e"}\n'.repeat(events));
    const answer = await sink.send(await sink.pack(lines, events), AbortSignal.timeout(20_000));
    return { answer, server };
  } finally {
    await sink.close();
    await server.close();
  }
}

describe('the request', () => {
  test.each([
    ['service', 'svc:s3cr3t-value', /[?&]project_id=77\b/],
    ['token', 'tok-0123456789:', /^(?!.*project_id)/],
    ['api', 'api-s3cr3t-value:', /^(?!.*project_id)/],
  ] as const)('signs in with %s', async (kind, pair, query) => {
    const { server } = await answerTo(taken, 1, { credentials: CREDENTIALS[kind] });
    const [request] = server.received;
    expect(request!.headers.authorization).toBe(`Basic ${Buffer.from(pair).toString('base64')}`);
    expect(request!.url).toMatch(query);
    expect(request!.url).toMatch(/^\/import\?/);
    expect(request!.url).toMatch(/[?&]strict=1\b/);
    expect(request!.url).toMatch(/[?&]ip=0\b/);
    expect(request!.headers).toMatchObject({
      'content-encoding': 'gzip',
      'content-type': 'application/x-ndjson',
    });
    expect(request!.url).not.toContain('s3cr3t');
  });

  test('every region has its own host, and a base URL goes before it', () => {
    const host = (region: 'us' | 'eu' | 'in') =>
      hostOf(mixpanelSink.settings.parse({ credentials: CREDENTIALS.token, region }));
    expect(host('us')).toBe('https://api.mixpanel.com');
    expect(host('eu')).toBe('https://api-eu.mixpanel.com');
    expect(host('in')).toBe('https://api-in.mixpanel.com');
    expect(hostOf(settingsFor('http://127.0.0.1:1/base/'))).toBe('http://127.0.0.1:1/base');
  });

  test('settings that are wrong are refused', () => {
    for (const wrong of [
      { url: 'ftp://x' },
      { url: 'https://user:pass@host' },
      { url: 'https://host/?key=s3cr3t' },
      { region: 'mars' },
    ])
      expect(
        mixpanelSink.settings.safeParse({ credentials: CREDENTIALS.token, region: 'us', ...wrong })
          .success,
      ).toBe(false);
    expect(mixpanelSink.settings.safeParse({ credentials: CREDENTIALS.token }).success).toBe(false);
    expect(mixpanelSink.settings.safeParse(mixpanelSink.example).error?.issues ?? []).toEqual([]);
  });

  test('the API secret comes with a warning of its end', () => {
    expect(
      mixpanelSink.warnings(settingsFor('http://x', { credentials: CREDENTIALS.api })).join(),
    ).toContain('3 March 2027');
    expect(mixpanelSink.warnings(settingsFor('http://x'))).toEqual([]);
    expect(
      mixpanelSink.warnings(settingsFor('http://x', { credentials: CREDENTIALS.service })).join(),
    ).toContain('token property');
    expect(
      mixpanelSink.warnings(
        settingsFor('http://x', { credentials: CREDENTIALS.service, token: 'tok' }),
      ),
    ).toEqual([]);
  });
});

describe('the answer table', () => {
  const bad = {
    code: 400,
    error: 'some data points in the request failed validation',
    status: 'Bad Request',
    num_records_imported: 1,
  };
  const SETTLED = { kind: 'settled', rejections: [] };
  const failed = (records: unknown[]) => json(400, { ...bad, failed_records: records });

  test.each([
    ['200', taken, { kind: 'settled', rejections: [] }],
    ['200 with another body', text(200, '<html>welcome</html>'), { kind: 'retry' }],
    [
      '200 that took fewer',
      json(200, { code: 200, num_records_imported: 1, status: 'OK' }),
      { kind: 'split', cause: 'not_taken_by_mixpanel' },
    ],
    [
      '200 that names failed records',
      json(200, { code: 200, status: 'OK', failed_records: [{ index: 1, message: 'm' }] }),
      { kind: 'settled', rejections: [{ index: 1, detail: 'm' }] },
    ],
    [
      '200 with failed records of no use',
      json(200, { code: 200, status: 'OK', failed_records: ['identity events'] }),
      { kind: 'split', cause: 'rejected_by_mixpanel' },
    ],
    [
      '200 that says no in the older form',
      json(200, { status: 0, error: 'some reason' }),
      { kind: 'split', cause: 'rejected_by_mixpanel', detail: 'HTTP 200: some reason.' },
    ],
    ['200 that says yes in the older form', json(200, { status: 1, error: null }), SETTLED],
    [
      '400 that took fewer than it did not name',
      json(400, { ...bad, num_records_imported: 0, failed_records: [{ index: 1 }] }),
      { kind: 'split', cause: 'not_taken_by_mixpanel' },
    ],
    [
      '204',
      text(204, ''),
      { kind: 'halt', detail: 'HTTP 204. Mixpanel documents no such answer.' },
    ],
    [
      '400 with failed records',
      failed([{ index: 1, insert_id: 'x', field: 'properties.time', message: 'is bad' }]),
      {
        kind: 'settled',
        rejections: [
          { index: 1, cause: 'rejected_by_mixpanel', detail: 'properties.time: is bad' },
        ],
      },
    ],
    [
      '400 with failed records under $insert_id',
      failed([{ index: 0, $insert_id: 'x', field: 'event', message: 'm' }]),
      { kind: 'settled', rejections: [{ index: 0 }] },
    ],
    [
      '400 with records as texts',
      failed(['identity events are not allowed']),
      { kind: 'split', cause: 'rejected_by_mixpanel' },
    ],
    ['400 with an index outside', failed([{ index: 2, message: 'm' }]), { kind: 'split' }],
    ['400 without records', json(400, { ...bad, failed_records: [] }), { kind: 'split' }],
    ['400 in HTML', text(400, '<html>bad</html>'), { kind: 'split' }],
    [
      '413',
      json(413, { code: 413, error: 'request exceeds max limit of 2097152 bytes' }),
      { kind: 'split', cause: 'too_large_for_mixpanel' },
    ],
    [
      '401',
      json(401, { code: 401, error: 'Invalid credentials' }),
      { kind: 'halt', detail: expect.stringContaining('Invalid credentials') },
    ],
    ['403', json(403, { code: 403, error: 'Forbidden' }), { kind: 'halt' }],
    ['404', text(404, 'not found'), { kind: 'halt', detail: expect.stringContaining('base URL') }],
    [
      '307',
      text(307, '', { location: 'https://elsewhere' }),
      { kind: 'halt', detail: expect.stringContaining('redirects') },
    ],
    ['429', json(429, { code: 429, error: 'Project exceeded rate limits.' }), { kind: 'retry' }],
    ['429 with seconds', json(429, {}, { 'retry-after': '7' }), { kind: 'retry', afterMs: 7000 }],
    [
      '500',
      text(500, '<html><style>p{}</style><p>oops</p></html>'),
      { kind: 'retry', detail: 'HTTP 500: oops.' },
    ],
    ['502', text(502, 'upstream connect error'), { kind: 'retry' }],
    ['503', json(503, {}), { kind: 'retry' }],
    ['408', text(408, ''), { kind: 'retry' }],
    ['a reset connection', reset, { kind: 'retry' }],
  ] as const)('%s', async (_name, reply, expected) => {
    const { answer } = await answerTo(reply);
    expect(answer).toMatchObject(expected);
  });

  test('an answer that never comes', async () => {
    const { answer } = await answerTo(stall, 1, { timeoutMs: 150 });
    expect(answer).toMatchObject({ kind: 'retry', detail: expect.stringContaining('in time') });
  });

  test('an answer that never ends', async () => {
    const { answer } = await answerTo(
      (response) => {
        response.writeHead(200);
        response.write('{"code":200,');
      },
      1,
      { timeoutMs: 150 },
    );
    expect(answer.kind).toBe('retry');
  });

  test('Retry-After as a date, in the past, and nonsense', () => {
    const now = Date.parse('2026-06-01T00:00:00Z');
    const after = (retryAfter: string) => readAnswer({ status: 429, retryAfter, body: '' }, 1, now);
    expect(after('Mon, 01 Jun 2026 00:00:30 GMT')).toMatchObject({ afterMs: 30_000 });
    expect(after('Mon, 01 Jun 2020 00:00:30 GMT')).toMatchObject({ afterMs: 0 });
    expect(after('99999999')).toMatchObject({ afterMs: 600_000 });
    expect(after('soon')).not.toHaveProperty('afterMs');
  });

  test('a record named twice is one rejection, and they come in order', () => {
    const body = JSON.stringify({
      failed_records: [{ index: 3 }, { index: 1 }, { index: 3, message: 'again' }],
    });
    const answer = readAnswer({ status: 400, retryAfter: undefined, body }, 5, 0);
    expect(answer).toMatchObject({
      kind: 'settled',
      rejections: [{ index: 1 }, { index: 3, detail: 'again' }],
    });
  });

  test('whatever comes back, an answer is read and no secret stays in it', () => {
    const settings = settingsFor('http://x', {
      credentials: CREDENTIALS.service,
      token: 'tok-abc',
    });
    const scrub = scrubber(settings);
    const secrets = ['s3cr3t-value', 'tok-abc', Buffer.from('svc:s3cr3t-value').toString('base64')];
    fc.assert(
      fc.property(
        fc.integer({ min: 200, max: 599 }),
        fc.string(),
        fc.constantFrom(...secrets),
        fc.nat(3),
        (status, noise, secret, events) => {
          const body = JSON.stringify({
            error: `${noise}${secret}${noise}`,
            failed_records: [{ index: 0, message: secret }],
          });
          const answer = readAnswer({ status, retryAfter: undefined, body }, events + 1, 0);
          const words =
            answer.kind === 'settled'
              ? answer.rejections.map(({ detail }) => detail).join()
              : answer.detail;
          for (const each of secrets) expect(scrub(words)).not.toContain(each);
        },
      ),
    );
  });

  test('the sink scrubs what it hands out', async () => {
    for (const status of [400, 401, 500]) {
      const { answer } = await answerTo((response, { headers }) =>
        text(status, `you sent ${headers.authorization} tok-0123456789`)(response, {} as never),
      );
      expect(JSON.stringify(answer)).not.toContain('tok-0123456789');
      expect(JSON.stringify(answer)).not.toContain(
        Buffer.from('tok-0123456789:').toString('base64'),
      );
    }
  });
});

describe('a secret that an answer carries back', () => {
  const secret = 'p"ss/w\\rd+1234567';
  const credentials = { ...CREDENTIALS.service, secret };
  const scrub = scrubber(settingsFor('http://x', { credentials }));
  const wordsOf = (body: string, status = 500): string =>
    JSON.stringify(readAnswer({ status, retryAfter: undefined, body }, 1, 0, scrub));

  test('is not cut in half before it is looked for', () => {
    for (let before = 480; before < 500; before++) {
      const filler = 'x'.repeat(before);
      const texts = [
        wordsOf(filler + secret),
        wordsOf(JSON.stringify({ error: filler + secret })),
        wordsOf(JSON.stringify({ failed_records: [{ index: 0, message: filler + secret }] }), 400),
      ];
      for (const words of texts) expect(words).not.toContain('p\\"s');
    }
    expect(wordsOf('x'.repeat(3990) + secret)).not.toContain('ss/w');
  });

  test('is found in JSON, in URLs and in base64 without padding', () => {
    const pair = Buffer.from(`svc:${secret}`).toString('base64');
    expect(wordsOf(JSON.stringify({ message: secret }))).not.toContain('1234567');
    expect(wordsOf(`<p>/login?secret=${encodeURIComponent(secret)}</p>`)).not.toContain('1234567');
    expect(wordsOf(`Basic ${pair.replace(/=+$/, '')}`)).toBe(wordsOf('Basic ***'));
  });
});

describe('checking credentials', () => {
  const check = async (reply: Reply, credentials: MixpanelInput['credentials']) => {
    const server = await scriptedServer([reply]);
    try {
      const settings = settingsFor(server.url, { credentials });
      return {
        result: await checkMixpanel(settings, AbortSignal.timeout(10_000)),
        request: server.received[0]!,
      };
    } finally {
      await server.close();
    }
  };

  test.each(['token', 'api', 'service'] as const)(
    'an event is sent that strict validation refuses, so that nothing is written (%s)',
    async (kind) => {
      const { result, request } = await check(
        json(400, { failed_records: [{ index: 0 }] }),
        CREDENTIALS[kind],
      );
      expect(result.ok).toBe(true);
      expect(request.lines).toEqual(['[{"event":"","properties":{}}]']);
      // A service account is good for some projects only.
      expect(request.url.includes('project_id=')).toBe(kind === 'service');
    },
  );

  test('wrong credentials are told from right ones', async () => {
    const { result } = await check(json(401, { error: 'Invalid credentials' }), CREDENTIALS.token);
    expect(result).toMatchObject({
      ok: false,
      detail: expect.stringContaining('Invalid credentials'),
    });
  });
});
