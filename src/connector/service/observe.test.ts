import { type Span, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api';
import { afterEach, expect, test } from 'vitest';
import type { Answer, Sink } from '../../core/sink.ts';
import { observedSink, traced } from './observe.ts';

interface Seen {
  readonly name: string;
  readonly attributes: Record<string, unknown>;
  status?: unknown;
  ended: boolean;
}

/** What an operator's SDK would be given. */
function listen(): Seen[] {
  const spans: Seen[] = [];
  const tracer = {
    startActiveSpan(
      name: string,
      options: { attributes: object },
      _context: unknown,
      work: (span: Span) => unknown,
    ) {
      const seen: Seen = { name, attributes: { ...options.attributes }, ended: false };
      spans.push(seen);
      const span = {
        setAttribute: (key: string, value: unknown) => void (seen.attributes[key] = value),
        setStatus: (status: unknown) => void (seen.status = status),
        end: () => void (seen.ended = true),
      };
      return work(span as unknown as Span);
    },
  };
  trace.setGlobalTracerProvider({ getTracer: () => tracer as unknown as Tracer });
  return spans;
}

afterEach(() => trace.disable());

const sinkThat = (answer: Answer): Sink => ({
  name: 'scripted',
  limits: { events: 1, bytes: 1 },
  rates: { eventsPerSecond: 1, bytesPerMinute: 1 },
  pack: () => Promise.reject(new Error('not packed here')),
  unpack: () => Promise.reject(new Error('not unpacked here')),
  send: () => Promise.resolve(answer),
  close: () => Promise.resolve(),
});

test('every request is told with its answer and traced', async () => {
  const spans = listen();
  const told: unknown[] = [];
  const sink = observedSink(sinkThat({ kind: 'retry', detail: '503' }), 'c', {
    settled: () => undefined,
    sent: (connection, outcome, seconds) => told.push([connection, outcome, seconds >= 0]),
  });
  const body = { events: 3, bytes: 30, wire: Buffer.alloc(10) };
  await sink.send(body, new AbortController().signal);
  expect(told).toEqual([['c', 'retry', true]]);
  expect(spans).toEqual([
    {
      name: 'sluice.send',
      attributes: { connection: 'c', events: 3, bytes: 10, outcome: 'retry' },
      ended: true,
    },
  ]);
});

test('a span that fails says so, ends, and the error goes on', async () => {
  const spans = listen();
  const work = traced('sluice.pass', { connection: 'c' }, () =>
    Promise.reject(new Error('broken')),
  );
  await expect(work).rejects.toThrow('broken');
  expect(spans[0]).toMatchObject({
    ended: true,
    status: { code: SpanStatusCode.ERROR, message: 'broken' },
  });
});

test('without an SDK everything works', async () => {
  expect(await traced('sluice.pass', {}, () => Promise.resolve(7))).toBe(7);
});
