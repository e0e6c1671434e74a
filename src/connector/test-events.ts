import { randomUUID } from 'node:crypto';
import {
  allEvents,
  type CatalogueEvent,
  findEvent,
  selectEvents,
  storageOnly,
  storageOnlyEvents,
  unconfirmedEvents,
} from '../catalogue/catalogue.ts';
import { mapRecord, type Outcome } from '../mapping/mapper.ts';
import { createMapping, type Mapping } from '../mapping/mapping.ts';
import { sampleRecord } from '../mapping/sample.ts';
import type { MappingSettings } from '../mapping/settings.ts';
import { deliver } from '../pipeline/deliver.ts';
import { sharedRateLimit } from '../pipeline/rate-limit.ts';
import { DEFAULT_BACKOFF } from '../pipeline/retry.ts';
import { type MixpanelInput, mixpanelSink } from '../sinks/mixpanel.ts';
import type { KeySource } from '../state/state.ts';
import { destinationOf } from './connection.ts';
import { parseDestination } from './destination.ts';
import { type ExportEvents, warningsFor } from './export.ts';
import { projectOf, tokenOf } from './project.ts';
import { storedConnection } from './stored.ts';

/** The property that marks a test event. */
const TEST_MARK = 'sluice_test';

export interface TestEventsOptions {
  readonly destination: MixpanelInput;
  readonly settings: MappingSettings;
  readonly salt: string | undefined;
  /** Milliseconds since the epoch; the time of the events. */
  readonly now: number;
  /** First wait after a failed request, in milliseconds. */
  readonly backoffMs?: number;
}

/** What became of the test event of one type. */
export interface TestResult {
  readonly type: string;
  /** Mixpanel event name; null when there is none. */
  readonly event: string | null;
  /** `not-sent`: sending was halted, so that nothing says it was taken. */
  readonly outcome: 'sent' | 'rejected' | 'skipped' | 'not-sent';
  /** Why, unless it was sent; of a rejection the words of Mixpanel, or of the rule of ours that it breaks. */
  readonly detail?: string;
}

export interface TestReport {
  /** In order of the catalogue. */
  readonly results: readonly TestResult[];
  /** Why sending stopped. */
  readonly halted?: string;
}

/** The same for a stored connection, by its own settings. Throws UsageError. */
export async function sendStoredTestEvents(
  options: Pick<TestEventsOptions, 'now' | 'backoffMs'> & {
    readonly connection: string;
    readonly dataDir: string;
    readonly keys: KeySource;
  },
  signal: AbortSignal,
  events: Pick<ExportEvents, 'onWarning' | 'onRetry'> = {},
): Promise<TestReport> {
  const spec = await storedConnection(options.connection, options.dataDir, options.keys);
  const { settings, salt } = spec;
  return sendTestEvents(
    { ...options, destination: destinationOf(spec), settings, salt },
    signal,
    events,
  );
}

/**
 * Sends one made-up event of each selected type, mapped by the settings as any record is and marked by
 * `sluice_test: true`. Retries like an export; rejects only when the signal is aborted. Throws UsageError.
 */
export async function sendTestEvents(
  options: TestEventsOptions,
  signal: AbortSignal,
  events: Pick<ExportEvents, 'onWarning' | 'onRetry'> = {},
): Promise<TestReport> {
  const destination = parseDestination(options.destination);
  for (const text of warningsFor(destination, options.settings)) events.onWarning?.(text);
  const settings = {
    ...options.settings,
    static: { ...options.settings.static, [TEST_MARK]: true },
  };
  const mapping = createMapping(settings, {
    token: tokenOf(options.destination),
    salt: options.salt,
  });
  const results = chosen(settings).map((event) => mapSample(event, mapping, options.now));
  const sending = results.filter(({ json }) => json !== undefined);
  const sink = mixpanelSink.open(destination);
  try {
    const lines = Buffer.from(sending.map(({ json }) => `${json}\n`).join(''));
    const delivery = await deliver(sink, lines, sending.length, {
      signal,
      rateLimit: sharedRateLimit(projectOf(options.destination), sink.rates),
      backoff: { ...DEFAULT_BACKOFF, baseMs: options.backoffMs ?? DEFAULT_BACKOFF.baseMs },
      ...(events.onRetry ? { onRetry: events.onRetry } : {}),
    });
    const refused = new Map(
      delivery.kind === 'halt'
        ? []
        : delivery.rejections.map((each) => [sending[each.index], each]),
    );
    const finished = results.map((sample): TestResult => {
      const { json, ...result } = sample;
      if (json === undefined) return result;
      if (delivery.kind === 'halt')
        return { ...result, outcome: 'not-sent', detail: delivery.detail };
      const why = refused.get(sample);
      return why ? { ...result, outcome: 'rejected', detail: why.detail } : result;
    });
    const rest = withoutSample(settings);
    return {
      results: [...finished, ...rest],
      ...(delivery.kind === 'halt' ? { halted: delivery.detail } : {}),
    };
  } finally {
    await sink.close();
  }
}

/** A result that is final unless there is something to send. */
interface Sample extends TestResult {
  readonly json?: string;
}

function mapSample(event: CatalogueEvent, mapping: Mapping, now: number): Sample {
  const record = sampleRecord(event, { id: randomUUID(), time: Math.floor(now / 1000) });
  const plan = mapping.pushed(event.type, Object.keys(record));
  const outcome = mapRecord(plan, record, mapping.context);
  return { type: event.type, ...sampleOf(outcome) };
}

function sampleOf(outcome: Outcome): Omit<Sample, 'type'> {
  switch (outcome.kind) {
    case 'event':
      return { event: nameOf(outcome.json), outcome: 'sent', json: outcome.json };
    case 'skip':
      return { event: null, outcome: 'skipped', detail: outcome.reason };
    case 'dead-letter': {
      const { json, detail } = outcome;
      return { event: json === undefined ? null : nameOf(json), outcome: 'rejected', detail };
    }
  }
}

function nameOf(json: string): string {
  return (JSON.parse(json) as { event: string }).event;
}

function chosen({ events }: MappingSettings): CatalogueEvent[] {
  const isChosen = selectEvents(events);
  return [...allEvents(), ...unconfirmedEvents()].filter(({ type, aliases }) =>
    [type, ...(aliases ?? [])].some(isChosen),
  );
}

/** Selected types of which no fields are documented, so that there is nothing to make a sample of. */
function withoutSample({ events, uncatalogued }: MappingSettings): TestResult[] {
  const isChosen = selectEvents(events);
  const stored = storageOnlyEvents().flatMap(({ type }) => (isChosen(type) ? [type] : []));
  const unknown = events.filter(
    (pattern) => !pattern.includes('*') && !findEvent(pattern) && !storageOnly(pattern),
  );
  return [...stored, ...unknown].map((type) => ({
    type,
    event: null,
    outcome: 'skipped',
    detail:
      uncatalogued === 'send'
        ? 'its fields are not documented, so there is no sample of it'
        : 'it has no documented Mixpanel form, and the settings do not send such types',
  }));
}
