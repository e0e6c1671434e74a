import { identification } from '../../cohorts/identity.ts';
import type { ImportTracker } from '../../cohorts/status.ts';
import type { ImportParts } from '../../cohorts/work.ts';
import type { Cohorts, CohortSink } from '../../core/cohorts.ts';
import type { Answer } from '../../core/sink.ts';
import { sharedRateLimit } from '../../pipeline/rate-limit.ts';
import { type Backoff, DEFAULT_BACKOFF } from '../../pipeline/retry.ts';
import { limitOf, openDestination, placeOf, roomOf } from './destination.ts';
import type { CohortImportSpec } from './spec.ts';

/** Told of what happens, for metrics. */
export interface ImportObserver {
  /** One request to the destination. */
  sent(name: string, outcome: Answer['kind'], seconds: number): void;
  /** Users that the destination took, or refused. */
  written(name: string, adds: number, removes: number, refused: number): void;
}

export interface OpenImportOptions {
  readonly spec: CohortImportSpec;
  readonly cohorts: Cohorts;
  readonly tracker: ImportTracker;
  readonly observer: ImportObserver;
  readonly backoffMs?: number;
}

/** Opens everything that an import is made of. Throws UsageError. */
export function openImport(options: OpenImportOptions): ImportParts {
  const { spec, cohorts, tracker, observer } = options;
  const { name, destination, guard } = spec;
  const sink = observed(openDestination(destination), name, observer);
  const backoff: Backoff = {
    ...DEFAULT_BACKOFF,
    baseMs: options.backoffMs ?? DEFAULT_BACKOFF.baseMs,
  };
  const room = roomOf(destination);
  return {
    ...{ name, cohorts, sink, guard, tracker, now: Date.now },
    settings: {
      identification: identification(spec.identity),
      destination: placeOf(destination),
      announces: sink.announce !== undefined,
    },
    spacingMs: spec.spacing * 1000,
    expireMs: spec.expire * 1000,
    ...(room === undefined ? {} : { room }),
    delivery: { rateLimit: sharedRateLimit(limitOf(destination), sink.rates), backoff },
    onWritten: (...figures) => observer.written(name, ...figures),
  };
}

function observed(sink: CohortSink, name: string, observer: ImportObserver): CohortSink {
  return {
    ...sink,
    async send(body, signal) {
      const started = performance.now();
      const answer = await sink.send(body, signal);
      observer.sent(name, answer.kind, (performance.now() - started) / 1000);
      return answer;
    },
  };
}
