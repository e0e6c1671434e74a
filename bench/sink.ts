/**
 * Where every contender sends to: an HTTPS server in a process of its own that counts what arrives and answers as
 * Mixpanel's `/import` does. Speaks with bench/run.ts by IPC.
 */
import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** Sets all counts to 0. `verify`: parse every event and take a digest of it. */
export interface ResetOrder {
  readonly order: 'reset';
  readonly verify: boolean;
}
export type SinkOrder = ResetOrder | { readonly order: 'report' };

export interface SinkReport {
  readonly requests: number;
  readonly wireBytes: number;
  readonly jsonBytes: number;
  readonly events: number;
  /** By event name: how many, and the sum of their digests. Only when verifying. */
  readonly byName: Readonly<Record<string, { n: number; digest: string }>>;
}
export type SinkMessage = { readonly port: number } | { readonly report: SinkReport };

interface Counts {
  verify: boolean;
  requests: number;
  wireBytes: number;
  jsonBytes: number;
  events: number;
  byName: Map<string, { n: number; digest: bigint }>;
}

const EVENT_START = Buffer.from('{"event":');
const FAILED = 500;

function zero(verify: boolean): Counts {
  return { verify, requests: 0, wireBytes: 0, jsonBytes: 0, events: 0, byName: new Map() };
}

/** Events in a body, by the text that starts each; a key `event` deeper down would be counted too. */
function countFast(json: Buffer): number {
  let n = 0;
  for (let at = json.indexOf(EVENT_START); at >= 0; at = json.indexOf(EVENT_START, at + 9)) n++;
  return n;
}

interface SentEvent {
  readonly event: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Events of a JSON array or of JSON lines, read in full. */
function parseEvents(json: Buffer): SentEvent[] {
  const text = json.toString('utf8');
  if (text.startsWith('[')) return JSON.parse(text) as SentEvent[];
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as SentEvent]));
}

/** The same for the same properties in any order; 32-bit floats the same however many digits were written. */
function digestOf({ event, properties }: SentEvent): bigint {
  const pairs = Object.entries(properties)
    .map(([key, value]) => [
      key,
      typeof value === 'number' && !Number.isInteger(value) ? Math.fround(value) : value,
    ])
    .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  return BigInt(`0x${hash('sha1', JSON.stringify([event, pairs]), 'hex').slice(0, 16)}`);
}

function verify(json: Buffer, counts: Counts): number {
  const events = parseEvents(json);
  for (const event of events) {
    let found = counts.byName.get(event.event);
    if (!found) counts.byName.set(event.event, (found = { n: 0, digest: 0n }));
    found.n++;
    found.digest = BigInt.asUintN(64, found.digest + digestOf(event));
  }
  return events.length;
}

async function receive(request: IncomingMessage, response: ServerResponse, counts: Counts) {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const wire = Buffer.concat(chunks);
  const json = request.headers['content-encoding'] === 'gzip' ? gunzipSync(wire) : wire;
  const events = counts.verify ? verify(json, counts) : countFast(json);
  counts.requests++;
  counts.wireBytes += wire.length;
  counts.jsonBytes += json.length;
  counts.events += events;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ code: 200, num_records_imported: events, status: 'OK' }));
}

function reportOf({ byName, requests, wireBytes, jsonBytes, events }: Counts): SinkReport {
  const names = [...byName].map(([name, { n, digest }]) => [
    name,
    { n, digest: digest.toString(16) },
  ]);
  return {
    requests,
    wireBytes,
    jsonBytes,
    events,
    byName: Object.fromEntries(names) as SinkReport['byName'],
  };
}

function tell(message: SinkMessage): void {
  process.send!(message);
}

function main([keyFile, certificateFile]: readonly string[]): void {
  let counts = zero(false);
  const server = createServer({
    key: readFileSync(keyFile!),
    cert: readFileSync(certificateFile!),
  });
  server.keepAliveTimeout = 60_000;
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    receive(request, response, counts).catch((error: unknown) => {
      process.stderr.write(`sink: ${String(error)}\n`);
      response.statusCode = FAILED;
      response.end();
    });
  });
  process.on('message', (order: SinkOrder) => {
    if (order.order === 'reset') counts = zero(order.verify);
    tell({ report: reportOf(counts) });
  });
  process.on('disconnect', () => process.exit());
  server.listen(0, '127.0.0.1', () => tell({ port: (server.address() as { port: number }).port }));
}

main(process.argv.slice(2));
