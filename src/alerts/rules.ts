import type { AlertKind, ConnectionStatus } from '../core/connections.ts';
import { dateText, durationText } from './words.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** When something is worth telling a person. */
export interface AlertRules {
  readonly retryingMinutes: number;
  readonly deadLettersPerHour: number;
  readonly lagMinutes: number;
  readonly silentHours: number;
  /** Credentials that expire are told this long before, and once more in the last two weeks. */
  readonly expiryDays: number;
}

export const DEFAULT_RULES: AlertRules = {
  retryingMinutes: 15,
  deadLettersPerHour: 100,
  lagMinutes: 120,
  silentHours: 24,
  expiryDays: 90,
};

const LAST_REMINDER = 14 * DAY;
/** A figure that is back below its bound must fall below this part of it before that counts. */
const CLEAR_BELOW = 0.8;

/** When Mixpanel retires the API secret as a way to sign in, by its documentation: 3 March 2027. */
export const API_SECRET_RETIRES = Date.UTC(2027, 2, 3);

/** What the rules and the messages need to know of a connection beside its status. */
export interface AlertConnection {
  readonly name: string;
  /** Milliseconds since the epoch, as all times here. */
  readonly createdAt: number;
  /** Its credentials end. `what`: in words, for example `The Mixpanel API secret`. */
  readonly expires?: { readonly what: string; readonly at: number };
  /** Its own contact, where it has one. */
  readonly email?: string;
  /** What waits for a person to approve it, in words. */
  readonly waits?: string;
  /** What differs from the rules for all. */
  readonly rules?: { readonly [K in keyof AlertRules]?: AlertRules[K] | undefined };
  /** Nobody wants to know. */
  readonly off?: boolean;
  /** Its own webhook, where it has one. A secret. */
  readonly webhook?: string;
}

export interface AlertContext {
  readonly connections: readonly AlertConnection[];
  readonly startedAt: number;
  /** Dead letters of the last hour; `whole` once an hour was watched. */
  deadLetters(connection: string): { readonly n: number; readonly whole: boolean };
}

/** Something that a person should know. */
export interface Condition {
  readonly connection: string;
  readonly kind: AlertKind;
  /** In one sentence. */
  readonly detail: string;
  /** What to do, where the connection itself says so. */
  readonly hint?: string;
  /** Since when, where that is known. */
  readonly since?: number;
  /** It is told once more when this time has come. */
  readonly remindAt?: number;
  /**
   * Nothing shows that it holds, and nothing that it does not: the service has only just started, or the figure is
   * near its bound. Keeps an alert that there is, and starts none.
   */
  readonly unsure?: true;
}

/** What the rules say of the connections now. Pure. A connection without a status holds what it held. */
export function conditions(
  statuses: readonly ConnectionStatus[],
  context: AlertContext,
  rules: AlertRules,
  now: number,
): Condition[] {
  const byName = new Map(statuses.map((status) => [status.connection, status]));
  return context.connections.flatMap((connection) => {
    if (connection.off === true) return [];
    const its = { ...rules, ...withoutGaps(connection.rules) };
    const status = byName.get(connection.name);
    const expiry = expiring(connection, its, now);
    const others = status
      ? [
          halted(status),
          retrying(status, its, now),
          tooManyDeadLetters(status, context, its),
          lagging(status, its),
          silent(status, connection, context, its, now),
          unreadable(status),
        ]
      : UNKNOWN_WITHOUT_STATUS.map((kind) => unsure(connection.name, kind));
    return [...others, expiry, waiting(connection)].filter((each) => each !== undefined);
  });
}

function waiting({ name, waits }: AlertConnection): Condition | undefined {
  return waits === undefined ? undefined : { connection: name, kind: 'approval', detail: waits };
}

/** What is left out must not take the place of what holds for all. */
function withoutGaps(rules: AlertConnection['rules'] = {}): Partial<AlertRules> {
  return Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== undefined));
}

const UNKNOWN_WITHOUT_STATUS: readonly AlertKind[] = [
  'halted',
  'retrying',
  'dead_letters',
  'lag',
  'nothing_received',
  'unreadable',
];

function unsure(connection: string, kind: AlertKind): Condition {
  return { connection, kind, detail: '', unsure: true };
}

function halted({ connection, state }: ConnectionStatus): Condition | undefined {
  if (state.kind !== 'halted') return undefined;
  const { detail, hint, since } = state;
  return { connection, kind: 'halted', detail, hint, since };
}

function retrying(
  { connection, state }: ConnectionStatus,
  { retryingMinutes }: AlertRules,
  now: number,
): Condition | undefined {
  if (state.kind !== 'retrying') return undefined;
  const { since, detail } = state;
  if (now - since <= retryingMinutes * MINUTE) return unsure(connection, 'retrying');
  return { connection, kind: 'retrying', detail, since };
}

function tooManyDeadLetters(
  { connection }: ConnectionStatus,
  context: AlertContext,
  { deadLettersPerHour: bound }: AlertRules,
): Condition | undefined {
  const { n, whole } = context.deadLetters(connection);
  const kind = 'dead_letters';
  if (n > bound) {
    const detail = `${n.toLocaleString('en-US')} dead letters within an hour; the bound is ${bound.toLocaleString('en-US')}.`;
    return { connection, kind, detail };
  }
  return whole && n <= bound * CLEAR_BELOW ? undefined : unsure(connection, kind);
}

function lagging(
  { connection, state, lagSeconds }: ConnectionStatus,
  { lagMinutes }: AlertRules,
): Condition | undefined {
  const kind = 'lag';
  const bound = lagMinutes * MINUTE;
  const lag = lagSeconds * 1000;
  if (state.kind === 'paused' || lag <= bound * CLEAR_BELOW) return undefined;
  const soonDone =
    state.kind === 'catching-up' &&
    state.secondsLeft !== undefined &&
    state.secondsLeft * 1000 <= bound;
  // Whoever knows that it is halted or retries knows that it lags.
  if (lag <= bound || soonDone || state.kind === 'halted' || state.kind === 'retrying')
    return unsure(connection, kind);
  const detail = `The oldest data not delivered yet are ${durationText(lag)} old; the bound is ${durationText(bound)}.`;
  return { connection, kind, detail };
}

function silent(
  { connection, state, receivedAt }: ConnectionStatus,
  { createdAt }: AlertConnection,
  { startedAt }: AlertContext,
  { silentHours }: AlertRules,
  now: number,
): Condition | undefined {
  const kind = 'nothing_received';
  if (state.kind === 'paused') return undefined;
  // Its source is perhaps not even asked.
  if (state.kind === 'halted' || state.kind === 'retrying') return unsure(connection, kind);
  const since = receivedAt ?? Math.max(createdAt, startedAt);
  if (now - since <= silentHours * HOUR)
    return receivedAt === null ? unsure(connection, kind) : undefined;
  const detail =
    receivedAt === null
      ? `Nothing has come since the watch began, ${durationText(now - since)} ago.`
      : `Nothing new has come for ${durationText(now - since)}.`;
  return { connection, kind, detail, since };
}

function unreadable({ connection, problems }: ConnectionStatus): Condition | undefined {
  if (problems === 0) return undefined;
  const things = problems === 1 ? '1 file or body' : `${problems} files or bodies`;
  return { connection, kind: 'unreadable', detail: `${things} can't be read to the end.` };
}

function expiring(
  { name, expires }: AlertConnection,
  { expiryDays }: AlertRules,
  now: number,
): Condition | undefined {
  if (!expires || now < expires.at - expiryDays * DAY) return undefined;
  const { what, at } = expires;
  const days = Math.ceil((at - now) / DAY);
  const when = days > 1 ? `in ${days} days` : days === 1 ? 'within a day' : 'and that is past';
  const detail = `${what} ends on ${dateText(at)}, ${when}.`;
  return {
    connection: name,
    kind: 'credentials_expire',
    detail,
    remindAt: at - Math.min(LAST_REMINDER, expiryDays * DAY),
  };
}
