import { UsageError } from '../../core/errors.ts';
import { CODECS, type Codec } from './codec.ts';
import { Random, seedOf } from './random.ts';
import { ALL_TYPES } from './schemas.ts';

/** What to generate. The same options give the same bytes, on every machine and at any time. */
export interface GenerateOptions {
  /** How many events in all, exactly. */
  readonly events: number;
  /** Default `sluice`. */
  readonly seed?: string | number;
  /** Seed of the company and its users, so that several runs are about the same people. Default the seed of the run. */
  readonly population?: string | number;
  /** Default `null`, as in Braze's own files. */
  readonly codec?: Codec;
  /** A file is closed after so many events, and at the end of each hour. Default 15,000, as Braze does. */
  readonly eventsPerFile?: number;
  /** Which types: globs (`users.messages.email.*`, with `*` for any text) or a predicate. Default all. */
  readonly types?: readonly string[] | ((type: string) => boolean);
  /** Begin of the first hour, milliseconds since 1970; rounded down to the hour. Default 2026-06-01T00:00:00Z. */
  readonly start?: number;
  /** Over how many hours the events are spread. Default 24. */
  readonly hours?: number;
  /** A block is closed at this size before compression (default 64 KiB) … */
  readonly blockBytes?: number;
  /** … or after so many records (default: no bound). */
  readonly blockRecords?: number;
  /** Files being written hold about so many bytes of memory at most; then the largest is closed. Default 128 MiB. */
  readonly openBytes?: number;
  /** Share of users without `external_user_id`, from 0 to 1. Default 0.05. */
  readonly anonymousShare?: number;
  /** How many users there are. Default: one for each 50 events, at least 20, at most 200,000. */
  readonly users?: number;
  /** Default `prod-01`. */
  readonly cluster?: string;
  /** Part of paths and of the schemas' namespace: `S3`, `GCS` or `AzureBlob`. Default `S3`. */
  readonly store?: string;
  /** The schema release in the path. Default 10, to which the schemas belong. */
  readonly version?: number;
}

export interface GenerateSettings {
  readonly events: number;
  readonly seed: string;
  readonly population: string;
  readonly codec: Codec;
  readonly eventsPerFile: number;
  /** In order, at least one when there are events. */
  readonly types: readonly string[];
  /** Seconds since 1970, the begin of an hour. */
  readonly start: number;
  readonly hours: number;
  readonly blockBytes: number;
  readonly blockRecords: number;
  readonly openBytes: number;
  readonly anonymousShare: number;
  readonly users: number;
  readonly cluster: string;
  readonly store: string;
  readonly version: number;
  readonly integrationId: string;
}

const DEFAULT_START = Date.UTC(2026, 5, 1);
/** `time` is an Avro `int` of 32 bits, which ends on 2038-01-19. */
const LATEST_END = Date.UTC(2038, 0, 1);
const HOUR_MS = 3_600_000;

/** Fills in the defaults. Throws UsageError `bad_generate_options`. */
export function settingsOf(options: GenerateOptions): GenerateSettings {
  const { codec = 'null', anonymousShare = 0.05, start = DEFAULT_START } = options;
  const seed = String(options.seed ?? 'sluice');
  const events = whole('events', options.events, 0);
  if (!CODECS.includes(codec))
    throw refuse(`codec must be one of ${CODECS.join(', ')}, not ${codec}`);
  if (!(anonymousShare >= 0 && anonymousShare <= 1))
    throw refuse(`anonymousShare must be between 0 and 1, not ${anonymousShare}`);
  const hours = whole('hours', options.hours ?? 24, 1);
  if (!(start >= 0 && start + hours * HOUR_MS <= LATEST_END))
    throw refuse('start must be a time from 1970 on, and all hours must end before 2038');
  const allowed = predicateOf(options.types);
  const types = ALL_TYPES.filter(allowed);
  if (types.length === 0)
    throw refuse(
      'no event type matches',
      'Types look like users.messages.email.Click; * stands for any text.',
    );
  return {
    events,
    seed,
    population: String(options.population ?? seed),
    codec,
    types,
    hours,
    anonymousShare,
    start: Math.floor(start / HOUR_MS) * 3600,
    eventsPerFile: whole('eventsPerFile', options.eventsPerFile ?? 15_000, 1),
    blockBytes: whole('blockBytes', options.blockBytes ?? 65_536, 1),
    blockRecords: whole('blockRecords', options.blockRecords ?? Number.MAX_SAFE_INTEGER, 1),
    openBytes: whole('openBytes', options.openBytes ?? 128 * 1024 * 1024, 1),
    users: whole(
      'users',
      options.users ?? Math.min(200_000, Math.max(20, Math.ceil(events / 50))),
      1,
    ),
    cluster: pathPart('cluster', options.cluster ?? 'prod-01'),
    store: namePart('store', options.store ?? 'S3'),
    version: whole('version', options.version ?? 10, 1),
    integrationId: new Random(seedOf(`${seed}/integration`)).hex(24),
  };
}

function whole(name: string, value: number, min: number): number {
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw refuse(`${name} must be a whole number of at least ${min}, not ${value}`);
}

function pathPart(name: string, value: string): string {
  if (/^[\w-]+$/.test(value)) return value;
  throw refuse(`${name} may hold letters, digits, _ and - only, not ${JSON.stringify(value)}`);
}

/** Part of an Avro namespace, which takes no hyphen and no digit in front. */
function namePart(name: string, value: string): string {
  if (/^[A-Za-z_]\w*$/.test(value)) return value;
  throw refuse(`${name} must be a name such as S3, GCS or AzureBlob, not ${JSON.stringify(value)}`);
}

function predicateOf(types: GenerateOptions['types']): (type: string) => boolean {
  if (types === undefined) return () => true;
  if (typeof types === 'function') return types;
  const globs = types.map((glob) => new RegExp(`^${glob.split('*').map(literal).join('.*')}$`));
  return (type) => globs.some((glob) => glob.test(type));
}

function literal(text: string): string {
  return text.replace(/\W/g, '\\$&');
}

function refuse(message: string, hint?: string): UsageError {
  return new UsageError('bad_generate_options', message, hint === undefined ? {} : { hint });
}
