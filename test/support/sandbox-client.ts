import { gzipSync } from 'node:zlib';
import { request } from 'undici';
import type { MixpanelSandboxOptions } from '../../src/sandbox/mixpanel/sandbox.ts';
import { type MixpanelSandbox, startMixpanelSandbox } from '../../src/sandbox/mixpanel/server.ts';

/** The clock of every sandbox in these tests: 2026-03-01T12:00:00Z in milliseconds. */
export const NOW = Date.UTC(2026, 2, 1, 12);
export const TOKEN = { authorization: `Basic ${btoa('tok:')}` };
export const SECRET = { authorization: `Basic ${btoa('sec:')}` };
export const ACCOUNT = { authorization: `Basic ${btoa('svc:pass')}` };

/** A sandbox that ends with the block it is declared in. */
export async function testSandbox(
  options: MixpanelSandboxOptions = {},
): Promise<MixpanelSandbox & AsyncDisposable> {
  const sandbox = await startMixpanelSandbox({
    clock: () => NOW,
    credentials: {
      projectId: '42',
      token: 'tok',
      apiSecret: 'sec',
      serviceAccounts: [{ username: 'svc', secret: 'pass', projectId: '42' }],
    },
    ...options,
  });
  return { ...sandbox, [Symbol.asyncDispose]: () => sandbox.close() };
}

export interface TestEvent {
  event: unknown;
  properties: Record<string, unknown>;
}

/** A valid event. Properties given as undefined are left out. */
export function anEvent(
  properties: Record<string, unknown> = {},
  event: unknown = 'Open',
): TestEvent {
  const time = NOW / 1000 - 60;
  return { event, properties: { time, distinct_id: 'u1', $insert_id: 'i-1', ...properties } };
}

/** `n` valid events that differ in their `$insert_id`: `i-0`, `i-1` and so on. */
export function someEvents(n: number): TestEvent[] {
  return Array.from({ length: n }, (_, index) => anEvent({ $insert_id: `i-${index}` }));
}

export interface TestAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  /** The answer as JSON; undefined when it is none. */
  // oxlint-disable-next-line typescript/no-explicit-any -- what a server answers is what the tests look into
  json: any;
}

export async function call(
  url: string,
  options: {
    method?: 'GET' | 'POST' | 'DELETE';
    headers?: Record<string, string>;
    body?: string | Buffer;
    signal?: AbortSignal;
  } = {},
): Promise<TestAnswer> {
  const { statusCode, headers, body } = await request(url, options);
  const text = await body.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: statusCode, headers, text, json };
}

/** Imports as Sluice does: gzipped JSON lines with the project token, unless told otherwise. */
export async function importTo(
  sandbox: MixpanelSandbox,
  events: readonly unknown[] | Buffer,
  options: { query?: string; headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<TestAnswer> {
  const body = Buffer.isBuffer(events)
    ? events
    : Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  return call(`${sandbox.url}/import?${options.query ?? 'strict=1&ip=0'}`, {
    method: 'POST',
    headers: {
      ...TOKEN,
      'content-type': 'application/x-ndjson',
      'content-encoding': 'gzip',
      ...options.headers,
    },
    body: options.headers?.['content-encoding'] === 'identity' ? body : gzipSync(body),
    ...(options.signal && { signal: options.signal }),
  });
}
