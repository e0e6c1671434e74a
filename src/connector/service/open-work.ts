import type { Inbox } from '../../core/inbox.ts';
import type { Log } from '../../core/log.ts';
import { createMapping } from '../../mapping/mapping.ts';
import { createUnpack } from '../../mapping/unpack.ts';
import type { InFlight } from '../../pipeline/in-flight.ts';
import type { Work } from '../../pipeline/loop.ts';
import { sharedRateLimit } from '../../pipeline/rate-limit.ts';
import { DEFAULT_BACKOFF } from '../../pipeline/retry.ts';
import type { Tracker } from '../../pipeline/tracker.ts';
import { mixpanelSink } from '../../sinks/mixpanel.ts';
import type { State } from '../../state/state.ts';
import { type ConnectionSpec, destinationOf, hourOf } from '../connection.ts';
import { keyFingerprint } from '../fingerprint.ts';
import { lookBackOf } from '../look-back.ts';
import { projectOf, tokenOf } from '../project.ts';
import { openSettled, openSource } from '../sources.ts';
import { type Observer, observedSink } from './observe.ts';
import { createWork } from './work.ts';

/** What comes within this time goes into one pass. */
const GATHER_MS = 300;

export interface OpenWorkOptions {
  readonly spec: ConnectionSpec;
  readonly state: State;
  readonly inbox: Inbox;
  readonly tracker: Tracker;
  readonly observer: Observer;
  readonly inFlight: InFlight;
  readonly log: Log;
  readonly bytesPerBatch: () => number;
  readonly backoffMs?: number;
}

/** Opens everything that a stored connection is made of. Throws UsageError. */
export function openWork(options: OpenWorkOptions): Work {
  const { spec, state, inbox, tracker, observer, inFlight, log, bytesPerBatch } = options;
  const destination = destinationOf(spec);
  const mapping = createMapping(spec.settings, { token: tokenOf(destination), salt: spec.salt });
  const sink = observedSink(mixpanelSink.open(destination), spec.name, observer);
  const source = openSource(spec.name, spec.source, inbox);
  const isPushed = spec.source.kind === 'inbox';
  return createWork(
    {
      connection: spec.name,
      source,
      settled: openSettled(spec.name, spec.source, inbox) ?? source,
      unpack: (from) => createUnpack(from, mapping),
      sink,
      ledger: state.ledger,
      jobs: state.jobs,
      tracker,
      observer,
      inFlight,
      log,
      delivery: {
        rateLimit: sharedRateLimit(projectOf(destination), sink.rates),
        backoff: { ...DEFAULT_BACKOFF, baseMs: options.backoffMs ?? DEFAULT_BACKOFF.baseMs },
      },
      mapping: keyFingerprint(spec),
      events: spec.settings.events,
      ...(spec.since === undefined ? {} : { since: hourOf(spec.since)! }),
      lookBack: lookBackOf(spec.source.kind),
      pollMs: spec.poll * 1000,
      concurrency: spec.concurrency,
      bytesPerBatch,
      now: Date.now,
    },
    isPushed ? { gatherMs: GATHER_MS, onArrival: (wake) => inbox.onArrival(spec.name, wake) } : {},
  );
}
