import { describe, expect, test } from 'vitest';
import type { Sink } from '../../src/core/sink.ts';

export interface SinkUnderTest {
  readonly sink: Sink;
  /** The lines that have arrived at the destination. */
  arrived(): Promise<string[]> | string[];
  close(): Promise<void>;
}

/** What every sink promises. `open` gives one whose destination takes everything. */
export function sinkContract(name: string, open: () => Promise<SinkUnderTest>): void {
  const lines = [
    '{"event":"a","properties":{}}',
    '{"event":"é😀","properties":{"x":"\\n"}}',
    '{"event":"c"}',
  ];
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));

  const within = async (work: (under: SinkUnderTest) => Promise<void>): Promise<void> => {
    const under = await open();
    try {
      await work(under);
    } finally {
      await under.sink.close();
      await under.close();
    }
  };

  describe(`${name} keeps the contract of sinks`, () => {
    test('what was packed arrives, line by line', () =>
      within(async ({ sink, arrived }) => {
        const body = await sink.pack(bytes, lines.length);
        expect(body).toMatchObject({ events: 3, bytes: bytes.length });
        const answer = await sink.send(body, AbortSignal.timeout(10_000));
        expect(answer).toEqual({ kind: 'settled', rejections: [] });
        expect(await arrived()).toEqual(lines);
      }));

    test('a body outlives the bytes it was packed from, can be read back, and sent again', () =>
      within(async ({ sink, arrived }) => {
        const buffer = Buffer.from(bytes);
        const body = await sink.pack(buffer, lines.length);
        buffer.fill(0);
        expect(Buffer.from(await sink.unpack(body)).equals(bytes)).toBe(true);
        const signal = AbortSignal.timeout(10_000);
        await sink.send(body, signal);
        await sink.send(body, signal);
        expect(await arrived()).toEqual([...lines, ...lines]);
      }));

    test('an aborted signal rejects with its reason, and nothing is sent', () =>
      within(async ({ sink, arrived }) => {
        const body = await sink.pack(bytes, lines.length);
        const reason = new Error('stop');
        await expect(sink.send(body, AbortSignal.abort(reason))).rejects.toBe(reason);
        expect(await arrived()).toEqual([]);
      }));

    test('it has limits', () =>
      within(({ sink }) => {
        expect(sink.limits.events).toBeGreaterThan(0);
        expect(sink.limits.bytes).toBeGreaterThan(1_000_000);
        return Promise.resolve();
      }));
  });
}
