import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Inbox } from '../../src/core/inbox.ts';
import { readPushLog } from '../../src/formats/push-log.ts';
import { openInbox } from '../../src/state/inbox.ts';

const KILLS = Number(process.env['SLUICE_CRASH_KILLS'] ?? 20);
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sluice-push-crash-'));
});
afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

/** Lets a process append until it is killed after a while; gives what it said. */
async function appendUntilKilled(first: number, afterMs: number): Promise<string[]> {
  const program = join(import.meta.dirname, '../support/append-for-ever.ts');
  const child = spawn(process.execPath, [program, dir, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  const isReady = new Promise<void>((resolve) => {
    child.stdout.on('data', (part: Buffer) => {
      said += part.toString();
      if (said.startsWith('ready\n')) resolve();
    });
  });
  const isOver = new Promise<NodeJS.Signals | null>((resolve) => {
    child.on('close', (_code, signal) => resolve(signal));
  });
  await Promise.race([isReady, isOver]);
  await delay(afterMs);
  child.kill('SIGKILL');
  expect(await isOver).toBe('SIGKILL');
  // A line that was cut short was not said.
  return said.split('\n').slice(1, -1);
}

async function numbersIn(inbox: Inbox, which: 'waiting' | 'settled'): Promise<number[]> {
  const { signal } = new AbortController();
  const numbers: number[] = [];
  await inbox.seal('c');
  for (const slice of await inbox.segments('c', which))
    for await (const item of readPushLog(inbox.read('c', slice, 0, signal), 0)) {
      if (item.kind === 'damage') throw new Error(item.message);
      numbers.push(Number.parseInt(Buffer.from(item.body).toString(), 10));
    }
  return numbers;
}

test(`kill -9 at ${KILLS} random instants: every push that was acknowledged is there, once and in order`, async () => {
  const acknowledged = new Set<number>();
  let next = 0;
  let waits = 0;
  for (let round = 0; round < KILLS; round++) {
    const said = await appendUntilKilled(next, Math.random() * 250);
    const settledThen = new Set<number>();
    for (const line of said) {
      const n = Number(line.slice(1));
      if (line.startsWith('+')) acknowledged.add(n);
      else settledThen.add(n);
    }

    const inbox = await openInbox(dir);
    const waiting = await numbersIn(inbox, 'waiting');
    const settled = await numbersIn(inbox, 'settled');
    expect(inbox.depth('c').pushes).toBe(waiting.length);
    await inbox.close();
    const all = [...settled, ...waiting];
    expect(new Set(all).size).toBe(all.length);
    expect(waiting).toEqual(waiting.toSorted((a, b) => a - b));
    const there = new Set(all);
    expect([...acknowledged].filter((n) => !there.has(n))).toEqual([]);
    const stillWaits = new Set(waiting);
    expect([...settledThen].filter((n) => stillWaits.has(n))).toEqual([]);
    // What was written but not acknowledged may be there too: its sender sends it again under the same ids.
    next = Math.max(-1, ...all) + 1;
    waits += waiting.length;
  }
  expect(acknowledged.size).toBeGreaterThan(KILLS);
  expect(waits).toBeGreaterThan(0);
});
