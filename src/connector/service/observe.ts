import { context, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Advance } from '../../core/batch.ts';
import type { Answer, Sink } from '../../core/sink.ts';

/** Told of what happens, for metrics. */
export interface Observer {
  settled(connection: string, advances: readonly Advance[]): void;
  /** One request to the destination. */
  sent(connection: string, outcome: Answer['kind'], seconds: number): void;
}

/** The same sink, with every request told to the observer and traced. */
export function observedSink(sink: Sink, connection: string, observer: Observer): Sink {
  return {
    ...sink,
    send: (body, signal) =>
      traced(
        'sluice.send',
        { connection, events: body.events, bytes: body.wire.length },
        async (span) => {
          const started = performance.now();
          const answer = await sink.send(body, signal);
          observer.sent(connection, answer.kind, (performance.now() - started) / 1000);
          span.setAttribute('outcome', answer.kind);
          return answer;
        },
      ),
  };
}

/**
 * Does something inside an OpenTelemetry span. Without an SDK, which the operator loads by `node --import`, this
 * costs next to nothing.
 */
export function traced<T>(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const tracer = trace.getTracer('sluice');
  return tracer.startActiveSpan(name, { attributes }, context.active(), async (span) => {
    try {
      return await work(span);
    } catch (error) {
      span.setStatus({
        code: SpanStatusCode.ERROR,
        message: error instanceof Error ? error.message : String(error),
      });
      throw error;
    } finally {
      span.end();
    }
  });
}
