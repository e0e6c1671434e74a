import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
// Two parts of undici: loading the whole takes three times as long, at every start of a command.
import request from 'undici/lib/api/api-request.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import type { Answer, Body, Sink } from '../core/sink.ts';
import { sharedGzip } from './gzip.ts';
import { isNetworkFault, networkDetail, readBounded } from './http.ts';
import { readAnswer } from './mixpanel-answer.ts';
import {
  authorizationOf,
  hostOf,
  importQuery,
  type MixpanelInput,
  type MixpanelSettings,
  mixpanelSettings,
  scrubber,
  settingsWarnings,
} from './mixpanel-settings.ts';

export type { MixpanelInput, MixpanelSettings };

const zlibCompress = promisify(gzip);
const decompress = promisify(gunzip);

/** Mixpanel takes 2,000 events and 10 MB of uncompressed JSON a request. */
const LIMITS = { events: 2000, bytes: 9_500_000 } as const;
/** What Mixpanel documents for a project: about 30,000 events a second or 2 GB of JSON a minute, over a minute. */
const RATES = { eventsPerSecond: 30_000, bytesPerMinute: 2_000_000_000 } as const;

/** Mixpanel's import API, in strict mode, as newline-delimited JSON. */
export const mixpanelSink = {
  name: 'mixpanel',
  title: 'Mixpanel',
  summary: "Events into a Mixpanel project, by Mixpanel's import API",
  settings: mixpanelSettings,
  example: {
    credentials: {
      kind: 'service-account',
      username: 'sluice.1a2b3c.mp-service-account',
      secret: '…',
      projectId: '1234567',
    },
    region: 'eu',
  } satisfies MixpanelInput,
  warnings: settingsWarnings,
  open: openMixpanel,
};

function openMixpanel(settings: MixpanelSettings): Sink {
  const host = new URL(hostOf(settings));
  const pool = new Pool(host.origin, {
    connections: settings.connections,
    pipelining: 1,
    keepAliveTimeout: 30_000,
    headersTimeout: settings.timeoutMs,
    bodyTimeout: settings.timeoutMs,
    connect: { timeout: settings.timeoutMs },
  });
  const path = `${host.pathname.replace(/\/$/, '')}/import?${importQuery(settings)}`;
  const headers = {
    authorization: authorizationOf(settings),
    'content-type': 'application/x-ndjson',
    'content-encoding': 'gzip',
  };
  const scrub = scrubber(settings);
  const compress = sharedGzip();

  return {
    name: 'mixpanel',
    limits: LIMITS,
    rates: RATES,
    async pack(lines, events): Promise<Body> {
      const wire =
        settings.gzipLevel === undefined
          ? compress(lines)
          : await zlibCompress(lines, { level: settings.gzipLevel, memLevel: 9 });
      return { events, bytes: lines.length, wire };
    },
    unpack: (body) => decompress(body.wire),
    async send(body, signal): Promise<Answer> {
      signal.throwIfAborted();
      try {
        const answer = await request.call(pool, {
          method: 'POST',
          path,
          headers,
          body: body.wire,
          signal,
        });
        const retryAfter = answer.headers['retry-after'];
        const text = await readBounded(answer.body);
        return readAnswer(
          {
            status: answer.statusCode,
            retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
            body: text,
          },
          body.events,
          Date.now(),
          scrub,
        );
      } catch (error) {
        signal.throwIfAborted();
        if (!isNetworkFault(error)) throw error;
        return { kind: 'retry', detail: scrub(networkDetail(error, host.host)) };
      }
    },
    close: () => pool.destroy(),
  };
}

/** Tries the credentials without writing anything. */
export async function checkMixpanel(
  settings: MixpanelSettings,
  signal: AbortSignal,
): Promise<{ ok: boolean; detail: string }> {
  const host = hostOf(settings);
  const pool = new Pool(new URL(host).origin, {
    headersTimeout: settings.timeoutMs,
    bodyTimeout: settings.timeoutMs,
  });
  const path = new URL(host).pathname.replace(/\/$/, '');
  const scrub = scrubber(settings);
  try {
    // Strict validation refuses the empty event for certain, so that good credentials answer 400 and nothing is written.
    const answer = await request.call(pool, {
      method: 'POST',
      path: `${path}/import?${importQuery(settings)}`,
      headers: { authorization: authorizationOf(settings), 'content-type': 'application/json' },
      body: '[{"event":"","properties":{}}]',
      signal,
    });
    const text = await readBounded(answer.body);
    if (answer.statusCode === 400) return { ok: true, detail: 'Mixpanel accepts the credentials.' };
    const read = readAnswer(
      { status: answer.statusCode, retryAfter: undefined, body: text },
      1,
      Date.now(),
      scrub,
    );
    return { ok: false, detail: 'detail' in read ? read.detail : `HTTP ${answer.statusCode}.` };
  } catch (error) {
    signal.throwIfAborted();
    if (!isNetworkFault(error)) throw error;
    return { ok: false, detail: scrub(networkDetail(error, new URL(host).host)) };
  } finally {
    await pool.destroy();
  }
}
