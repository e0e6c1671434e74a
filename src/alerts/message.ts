import type { AlertKind } from '../core/connections.ts';
import { durationText, oneLine, timeText } from './words.ts';

/** What a person gets. Plain text; the subject is one line. */
export interface Message {
  readonly subject: string;
  readonly text: string;
}

/** One alert as a message tells it. */
export interface Told {
  readonly connection: string;
  readonly kind: AlertKind;
  readonly detail: string;
  readonly since: number;
  readonly hint?: string | undefined;
  /** It was told before and still holds. */
  readonly again?: boolean;
}

/** An alert that is over. */
export interface Ended extends Told {
  readonly until: number;
  /** What the connection does now, in a word or two. */
  readonly now: string;
}

const MAX_NAME = 60;
const MAX_DETAIL = 500;
const MAX_SUBJECT = 140;
/** Longer lists are cut: nobody reads them in a mail. */
const MAX_LISTED = 40;

interface Words {
  readonly begun: readonly [one: string, many: string];
  readonly over: readonly [one: string, many: string];
  readonly todo: string;
  /** A command that shows more. */
  readonly look: (connection: string) => string;
}

const GET = (connection: string): string => `sluice get ${connection}`;
/** How a cohort import is called among connections. */
const IMPORT = /^'?cohort import ([^']*)'?$/;

/** Where to look, for whatever an alert is about. */
function lookAt(words: Words, subject: string): string {
  const [, name] = IMPORT.exec(subject) ?? [];
  return name === undefined ? words.look(subject) : `sluice cohorts list --import ${name}`;
}

const WORDS: Readonly<Record<AlertKind, Words>> = {
  halted: {
    begun: ['halted', 'halted'],
    over: ['is no longer halted', 'are no longer halted'],
    todo: 'Mend what is named here. Nothing is lost meanwhile: it goes on where it stood.',
    look: GET,
  },
  retrying: {
    begun: ['keeps retrying', 'keep retrying'],
    over: ['no longer has to retry', 'no longer have to retry'],
    todo: 'Mostly nothing: the same data are tried again until they are taken, and nothing is lost. If it lasts, look at the status page of the other side and at the network in between.',
    look: GET,
  },
  dead_letters: {
    begun: ['has many dead letters', 'have many dead letters'],
    over: ['has few new dead letters again', 'have few new dead letters again'],
    todo: 'See which events are refused and why, mend the settings or the data, and send them again with sluice dead-letters retry.',
    look: (connection) => `sluice dead-letters list --connection ${connection}`,
  },
  lag: {
    begun: ['lags behind', 'lag behind'],
    over: ['no longer lags behind', 'no longer lag behind'],
    todo: 'If more comes in than goes out, it will not catch up by itself: look at its request latency and at how many connections share this Mixpanel project, which takes about 30,000 events a second.',
    look: GET,
  },
  nothing_received: {
    begun: ['is silent', 'are silent'],
    over: ['is no longer silent', 'are no longer silent'],
    todo: 'See at Braze whether the Current is active and reports errors, and whether it still writes to this place. If it is meant to be silent, pause the connection.',
    look: GET,
  },
  credentials_expire: {
    begun: ['has credentials that expire', 'have credentials that expire'],
    over: ['no longer has credentials that expire', 'no longer have credentials that expire'],
    todo: 'Give it a service account of the Mixpanel project in its place before that day, and apply the change. After it, the connection halts; nothing is lost, but nothing arrives either.',
    look: GET,
  },
  unreadable: {
    begun: ["has data that can't be read", "have data that can't be read"],
    over: ["no longer has data that can't be read", "no longer have data that can't be read"],
    todo: 'A file that was still being written is read again by itself. One that is damaged must be put there anew; everything before the damage is delivered.',
    look: GET,
  },
  approval: {
    begun: ['waits for a person', 'wait for a person'],
    over: ['no longer waits for a person', 'no longer wait for a person'],
    todo: 'See in the dashboard, or by sluice cohorts dry-run, who would leave. If that is right, approve it; if not, mend the cohort in Mixpanel.',
    look: () => 'sluice cohorts list',
  },
};

/** One message of all that begins and ends at a time. At least one of the two must hold something. */
export function messageOf(begun: readonly Told[], ended: readonly Ended[]): Message {
  const groups = [...groupsOf(begun).map(begunGroup), ...groupsOf(ended).map(endedGroup)];
  const headline =
    groups.length === 1
      ? groups[0]!.headline
      : [amount(begun.length, 'alert'), ended.length > 0 ? `${ended.length} over` : '']
          .filter((part) => part !== '')
          .join(', ');
  const parts = groups.map(({ text }) => text);
  if (begun.length > 0)
    parts.push(
      'When this is over, you get one more message. What each alert means: docs/guides/operate.md',
    );
  return {
    subject: oneLine(`[Sluice] ${headline}`, MAX_SUBJECT),
    text: `${parts.join('\n\n')}\n`,
  };
}

interface Group {
  readonly headline: string;
  readonly text: string;
}

function begunGroup(told: readonly Told[]): Group {
  const [first] = told as [Told];
  const words = WORDS[first.kind];
  const detail = shared(told, ({ detail }) => detail);
  const again = shared(told, ({ again }) => again ?? false) ? 'still ' : '';
  const who = subjectOf(told);
  const headline = `${who} ${again}${words.begun[told.length === 1 ? 0 : 1]}`;
  const withDetail = detail ? `${headline}: ${clean(detail)}` : headline;
  const fields: [string, string][] = [];
  if (told.length === 1) fields.push(['Since', timeText(first.since)]);
  fields.push(['What to do', clean(shared(told, ({ hint }) => hint) ?? words.todo)]);
  fields.push([
    'Where to look',
    lookAt(words, told.length === 1 ? argument(first.connection) : 'NAME'),
  ]);
  const list = listOf(told, (each) => {
    const since = `since ${timeText(each.since)}`;
    return detail || each.detail === '' ? since : `${since}: ${clean(each.detail)}`;
  });
  return {
    headline: withDetail,
    text: [withDetail, list, fieldsText(fields)].filter(Boolean).join('\n\n'),
  };
}

function endedGroup(ended: readonly Ended[]): Group {
  const [first] = ended as [Ended];
  const headline = `${subjectOf(ended)} ${WORDS[first.kind].over[ended.length === 1 ? 0 : 1]}`;
  const lasted = ({ since, until }: Ended): string =>
    `${timeText(since)} to ${timeText(until)} (${durationText(until - since)})`;
  const details =
    ended.length === 1
      ? fieldsText([
          ['It was', clean(first.detail)],
          ['From', lasted(first)],
          ['Now', clean(first.now)],
        ])
      : listOf(ended, (each) => `${lasted(each)}, now ${clean(each.now)}`);
  return { headline, text: `${headline}.\n\n${details}` };
}

/** Alerts of one kind go together, in the order in which the kinds first come. */
function groupsOf<T extends Told>(told: readonly T[]): T[][] {
  const groups = new Map<string, T[]>();
  for (const each of told) {
    const key = `${each.kind} ${each.again ?? false}`;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()];
}

function shared<T, V>(all: readonly T[], of: (each: T) => V): V | undefined {
  const values = new Set(all.map(of));
  return values.size === 1 ? [...values][0] : undefined;
}

function subjectOf(told: readonly Told[]): string {
  return told.length === 1 ? nameText(told[0]!.connection) : `${told.length} connections`;
}

function listOf<T extends Told>(told: readonly T[], words: (each: T) => string): string {
  if (told.length === 1) return '';
  const lines = told
    .slice(0, MAX_LISTED)
    .map((each) => `  ${nameText(each.connection)}: ${words(each)}`);
  if (told.length > MAX_LISTED) lines.push(`  … and ${told.length - MAX_LISTED} more`);
  return lines.join('\n');
}

function fieldsText(fields: readonly (readonly [string, string])[]): string {
  return fields
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${`${name}:`.padEnd(15)}${value}`)
    .join('\n');
}

function amount(n: number, thing: string): string {
  return n === 0 ? '' : `${n} ${thing}${n === 1 ? '' : 's'}`;
}

function nameText(connection: string): string {
  return oneLine(connection, MAX_NAME);
}

function clean(text: string): string {
  return oneLine(text, MAX_DETAIL);
}

/** A name as a shell takes it. */
function argument(connection: string): string {
  const name = oneLine(connection, MAX_NAME);
  return /^[\w.-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`;
}
