/**
 * Pushes for a while, in a process of its own. Argument: {@link Load} as JSON. Sends {@link LoadReport}.
 * With a rate the schedule is fixed beforehand, and latency counts from the instant a push was due: a server that
 * stalls does not slow the others down. Without one, every connection pushes as soon as its last push is answered.
 */
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { customHttpBatch } from '../src/sandbox/braze/custom-http.ts';
import { type GeneratedRecord, records } from '../src/sandbox/braze/records.ts';

export interface Load {
  readonly port: number;
  readonly token: string;
  /** Pushes a second; none: as many as there can be. */
  readonly rate: number | undefined;
  readonly seconds: number;
  readonly events: number;
  readonly connections: number;
}

export interface LoadReport {
  readonly pushes: number;
  readonly failures: number;
  readonly bytes: number;
  /** From the first push to the last answer. */
  readonly seconds: number;
  /** Of a push, in milliseconds. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** So many different bodies, again and again. */
const BODIES = 200;

function makeBodies(events: number): Buffer[] {
  const bodies: Buffer[] = [];
  let batch: GeneratedRecord[] = [];
  for (const record of records({ events: BODIES * events, seed: 1 })) {
    batch.push(record);
    if (batch.length < events) continue;
    bodies.push(Buffer.from(JSON.stringify(customHttpBatch(batch))));
    batch = [];
  }
  return bodies;
}

const load = JSON.parse(process.argv[2]!) as Load;
const bodies = makeBodies(load.events);
const agent = new Agent({ keepAlive: true, maxSockets: load.connections });
const headers = {
  authorization: `Bearer ${load.token}`,
  'content-type': 'application/json',
  'braze-currents-version': '1',
};

let [failures, bytes] = [0, 0];
const latencies: number[] = [];

function push(n: number, due: number): Promise<void> {
  const body = bodies[n % bodies.length]!;
  return new Promise((resolve) => {
    const fail = (): void => {
      failures++;
      resolve();
    };
    const call = request(
      {
        ...{ host: '127.0.0.1', port: load.port, path: '/currents/bench', method: 'POST', agent },
        headers: { ...headers, 'content-length': body.length },
      },
      (response) => {
        response.resume();
        response.on('error', fail);
        response.on('end', () => {
          if (response.statusCode !== 200) return fail();
          bytes += body.length;
          latencies.push(performance.now() - due);
          resolve();
        });
      },
    );
    call.on('error', fail);
    call.end(body);
  });
}

async function onSchedule(rate: number): Promise<void> {
  const total = rate * load.seconds;
  const begun = performance.now();
  const answers: Promise<void>[] = [];
  for (let n = 0; n < total;) {
    const now = performance.now();
    for (; n < total && begun + (n * 1000) / rate <= now; n++)
      answers.push(push(n, begun + (n * 1000) / rate));
    await delay(1);
  }
  await Promise.all(answers);
}

async function asFastAsPossible(): Promise<void> {
  const until = performance.now() + load.seconds * 1000;
  let n = 0;
  const pusher = async (): Promise<void> => {
    while (performance.now() < until) await push(n++, performance.now());
  };
  await Promise.all(Array.from({ length: load.connections }, pusher));
}

const started = performance.now();
await (load.rate === undefined ? asFastAsPossible() : onSchedule(load.rate));
const seconds = (performance.now() - started) / 1000;
agent.destroy();
latencies.sort((a, b) => a - b);
const at = (part: number): number =>
  latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? Infinity;
const report: LoadReport = {
  ...{ pushes: latencies.length, failures, bytes, seconds },
  ...{ p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) },
};
process.send!(report);
process.disconnect();
