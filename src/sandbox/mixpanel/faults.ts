import * as z from 'zod';
import { isRecord } from './text.ts';

/** The paths of Mixpanel's that the sandbox serves and that faults can hit. */
const API_PATHS = ['/import', '/api/2.0/export', '/api/app/me'] as const;
export type ApiPath = (typeof API_PATHS)[number];

const count = z.int().min(1);

const match = z.strictObject({
  path: z.enum(API_PATHS).default('/import').describe('Which calls it hits.'),
  fromRequest: count.default(1).describe('First request it hits, counted by path from 1.'),
  every: count.default(1).describe('From there on, every how manieth request it hits.'),
  requests: count.optional().describe('How many requests it hits in all. Left out: no bound.'),
  afterEvents: z.int().min(0).default(0).describe('Only once so many events were ingested.'),
  durationMs: count.optional().describe('Only so long after it first hit.'),
});

const when = z.enum(['before', 'after']);
const common = { match: match.prefault({}) };

const faultRule = z.discriminatedUnion('kind', [
  z.strictObject({
    ...common,
    kind: z.literal('status'),
    status: z.int().min(200).max(599),
    body: z.unknown().optional().describe("JSON, or a text. Left out: Mixpanel's own shape."),
    headers: z.record(z.string(), z.string()).default({}),
    html: z.boolean().default(false).describe('Answer with an HTML page, as a proxy does.'),
    when: when.default('before').describe('Before or after the events are ingested.'),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('reset'),
    when: z
      .enum(['before', 'after', 'middle'])
      .describe(
        'Cut the connection before ingesting, after it, or after it in the middle of the answer.',
      ),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('stall'),
    when: when.default('before').describe('Never answer; events are ingested only with "after".'),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('slow'),
    delayMs: z.int().min(0).default(0).describe('Wait between ingesting and answering.'),
    trickleMs: z.int().min(0).optional().describe('Wait between any two bytes of the answer.'),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('partial'),
    every: count.default(2).describe('Every how manieth event fails, from the first on.'),
    field: z.string().default('properties.sandbox'),
    message: z.string().default("'properties.sandbox' is invalid: refused by a fault script"),
  }),
  z.strictObject({ ...common, kind: z.literal('bad-json'), when: when.default('after') }),
  z.strictObject({
    ...common,
    kind: z.literal('reject-batch'),
    property: z
      .string()
      .optional()
      .describe('Property to look into ("event": the name). Left out: the whole text.'),
    contains: z.string().min(1),
    records: z
      .enum(['none', 'empty', 'strings'])
      .default('none')
      .describe('What stands for failed_records.'),
  }),
  z
    .strictObject({
      ...common,
      kind: z.literal('limit'),
      maxBytes: count.optional().describe('Bytes of JSON before compression.'),
      maxEvents: count.optional(),
    })
    .refine((rule) => rule.maxBytes !== undefined || rule.maxEvents !== undefined, {
      error: 'give maxBytes or maxEvents',
    }),
  z.strictObject({
    ...common,
    kind: z.literal('terminate-export'),
    afterLines: z.int().min(0).default(0),
  }),
]);

/**
 * What goes wrong, as an ordered list of rules. For each request the first rule that matches strikes; a rule is
 * `{ kind, match?, … }`:
 * - `status`: answers `status` with `body`, `headers` (such as Retry-After) or an `html` page;
 * - `reset`: cuts the connection `before` or `after` ingesting, or in the `middle` of the answer (ingested);
 * - `stall`: never answers;
 * - `slow`: ingests, then answers after `delayMs` and byte by byte with `trickleMs`;
 * - `partial`: every `every`th event is refused by index, the rest is ingested;
 * - `bad-json`: answers 200 with half a JSON text;
 * - `reject-batch`: answers 400 without naming an event when one event `contains` a text;
 * - `limit`: answers 413 over `maxBytes` or `maxEvents`;
 * - `terminate-export`: ends an export early with the bare line that Mixpanel writes then.
 *
 * `match` narrows a rule down: `path` (`/import` unless given), `fromRequest`, `every`, `requests` (how many in all),
 * `afterEvents`, `durationMs`. Requests and events count from the moment the script is set.
 */
export const faultScriptSchema = z.array(faultRule);

export type FaultRule = z.output<typeof faultRule>;
/** A script as it is written, defaults left out. */
export type FaultScript = z.input<typeof faultScriptSchema>;

/** What a rule may look at. */
interface FaultSubject {
  readonly path: ApiPath;
  /** Number of the request on its path, from 1; as {@link Faults.arrive} gave it. */
  readonly request: number;
  readonly bytes: number;
  readonly lines: readonly Buffer[];
}

export interface Faults {
  /** Replaces the script. Throws ZodError when it is not valid. */
  set(script: FaultScript): void;
  clear(): void;
  /** How often each rule struck. */
  hits(): number[];
}

export interface FaultEngine extends Faults {
  arrive(path: ApiPath): number;
  /** The rule that strikes this request; the hit is counted. */
  strike(subject: FaultSubject): FaultRule | undefined;
}

interface Armed {
  readonly rule: FaultRule;
  hits: number;
  firstHit: number | undefined;
}

/** `ingested`: events ingested so far. */
export function createFaults(clock: () => number, ingested: () => number): FaultEngine {
  let rules: Armed[] = [];
  let arrived = new Map<ApiPath, number>();
  let ingestedBefore = 0;

  function set(script: FaultScript): void {
    rules = faultScriptSchema.parse(script).map((rule) => ({ rule, hits: 0, firstHit: undefined }));
    arrived = new Map();
    ingestedBefore = ingested();
  }

  function matches({ rule, hits, firstHit }: Armed, subject: FaultSubject): boolean {
    const { match } = rule;
    const nth = subject.request - match.fromRequest;
    if (subject.path !== match.path || nth < 0 || nth % match.every !== 0) return false;
    if (match.requests !== undefined && hits >= match.requests) return false;
    if (ingested() - ingestedBefore < match.afterEvents) return false;
    if (match.durationMs !== undefined && clock() - (firstHit ?? clock()) >= match.durationMs)
      return false;
    return appliesTo(rule, subject);
  }

  return {
    set,
    clear: () => set([]),
    hits: () => rules.map((armed) => armed.hits),
    arrive(path) {
      const request = (arrived.get(path) ?? 0) + 1;
      arrived.set(path, request);
      return request;
    },
    strike(subject) {
      const armed = rules.find((each) => matches(each, subject));
      if (!armed) return undefined;
      armed.hits++;
      armed.firstHit ??= clock();
      return armed.rule;
    },
  };
}

/** Rules that depend on what is in the request strike only where it is. */
function appliesTo(rule: FaultRule, { bytes, lines }: FaultSubject): boolean {
  if (rule.kind === 'limit')
    return (
      bytes > (rule.maxBytes ?? Number.MAX_VALUE) ||
      lines.length > (rule.maxEvents ?? Number.MAX_VALUE)
    );
  if (rule.kind !== 'reject-batch') return true;
  if (rule.property === undefined) return lines.some((line) => line.includes(rule.contains));
  return lines.some((line) => textOf(line, rule.property!).includes(rule.contains));
}

function textOf(line: Buffer, property: string): string {
  if (!line.includes(property) && property !== 'event') return '';
  let event: unknown;
  try {
    event = JSON.parse(line.toString());
  } catch {
    // Malformed lines get their own answer from the import.
    return '';
  }
  if (!isRecord(event)) return '';
  const holder = property === 'event' ? event : event['properties'];
  const value = isRecord(holder) ? holder[property] : undefined;
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
