import { stripVTControlCharacters } from 'node:util';
import { type Counts, skippedOf, totalOf, type TypeCounts } from '../core/counts.ts';
import type { ExportResult } from '../connector.ts';
import { findEvent } from '../catalogue/catalogue.ts';
import {
  bytes,
  type Column,
  count,
  duration,
  number,
  type Palette,
  palette,
  table,
} from './terminal.ts';

/** Exit codes of `sluice export`, worst last. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  deadLetters: 3,
  halted: 4,
  unreadable: 5,
  stopped: 130,
} as const;

export function exitCodeOf(result: ExportResult): number {
  if (result.state === 'halted') return EXIT.halted;
  if (result.state === 'stopped') return EXIT.stopped;
  if (result.problems.length > 0) return EXIT.unreadable;
  return totalOf(result.counts).deadLetters > 0 ? EXIT.deadLetters : EXIT.ok;
}

/** The one object that `sluice export --json` prints. */
export function exportJson(result: ExportResult): Record<string, unknown> {
  const total = totalOf(result.counts);
  return {
    connection: result.connection,
    run: result.run,
    state: result.state,
    ...(result.detail === undefined ? {} : { detail: result.detail }),
    slices: result.slices,
    read: total.read,
    delivered: total.delivered,
    skipped: total.skipped,
    deadLetters: total.deadLetters,
    requests: result.requests,
    bytesSent: result.bytesSent,
    durationMs: Math.round(result.durationMs),
    byEvent: Object.fromEntries(
      [...result.counts].toSorted(byName).map(([type, each]) => [
        type,
        {
          name: findEvent(type)?.name ?? null,
          read: each.read,
          delivered: each.delivered,
          skipped: each.skipped,
          deadLetters: each.deadLetters,
        },
      ]),
    ),
    adjusted: total.adjusted,
    newFields: newFieldsOf(result.counts),
    problems: result.problems,
    balanced: result.balanced,
  };
}

/** The closing report: a table that adds up, what it means, and what to do next. */
export function exportText(
  result: ExportResult,
  { color, width, dataDir }: { color: boolean; width: number; dataDir: string },
): string {
  const paint = palette(color);
  const total = totalOf(result.counts);
  const out: string[] = [];
  if (total.read > 0) out.push(balanceTable(result.counts, width, paint.dim));

  const figures = [
    count(result.slices, 'slice'),
    count(result.requests, 'request'),
    `${bytes(result.bytesSent)} sent`,
    duration(result.durationMs),
  ];
  if (total.read > 0 && result.durationMs > 0)
    figures.push(`${number(Math.round((total.read / result.durationMs) * 1000))} events/s`);
  out.push(paint.dim(figures.join(' · ')));

  if (total.read === 0 && result.problems.length === 0 && result.state === 'finished')
    out.push(
      result.listed === 0
        ? paint.yellow('There are no .avro files: check the folder given by --from.')
        : 'Nothing new: everything in the source is settled already.',
    );
  out.push(verdict(result.counts, result.balanced, paint));
  const remarks = remarksOf(result.counts);
  if (remarks.length > 0) out.push('', ...remarks);
  for (const { slice, problem } of result.problems)
    out.push('', paint.red(`Could not be read whole: ${slice}`), `  ${problem}`);
  if (total.deadLetters > 0)
    out.push(
      '',
      paint.yellow(`Kept: ${count(total.deadLetters, 'dead letter')}.`),
      `  See what and why:  sluice dead-letters list --data-dir ${dataDir}`,
    );
  if (result.state === 'halted')
    out.push(
      '',
      paint.red(`Halted: ${result.detail ?? 'refused'}`),
      '  Nothing is lost. Mend this and run the same command again: it goes on where it stood.',
    );
  if (result.state === 'stopped')
    out.push('', 'Stopped. Run the same command again: it goes on where it stood.');
  out.push('');
  return out.join('\n');
}

/** Counts by event type, and whether they add up. */
export function booksText(
  counts: Counts,
  balanced: boolean,
  { color, width }: { color: boolean; width: number },
): string {
  const paint = palette(color);
  return `${balanceTable(counts, width, paint.dim)}\n${verdict(counts, balanced, paint)}\n`;
}

function verdict(counts: Counts, balanced: boolean, paint: Palette): string {
  const total = totalOf(counts);
  return balanced
    ? `${paint.green('✓ The books balance:')} ${number(total.read)} read = ${number(total.delivered)} delivered + ${number(skippedOf(total))} skipped + ${count(total.deadLetters, 'dead letter')}`
    : paint.red(
        '✗ The books do not balance. This is a fault in Sluice: please report it with the output of `sluice runs --json`.',
      );
}

/** Skips by reason where there is room; on a narrow terminal in one column, with the reasons below. */
function balanceTable(counts: Counts, width: number, dim: (text: string) => string): string {
  const reasons = Object.keys(totalOf(counts).skipped).toSorted();
  const whole = tableWith(
    counts,
    reasons.map((reason) => ({
      title: `skipped:\n${reason}`,
      of: (each) => each.skipped[reason] ?? 0,
    })),
    Infinity,
    dim,
  );
  if (widthOf(whole) <= width) return whole;
  const narrow = tableWith(counts, [{ title: 'skipped', of: skippedOf }], width, dim);
  const words = Object.entries(totalOf(counts).skipped).map(
    ([reason, n]) => `${number(n)} ${reason}`,
  );
  return words.length === 0 ? narrow : `${narrow}skipped: ${words.join(', ')}\n`;
}

function tableWith(
  counts: Counts,
  skips: readonly { title: string; of: (each: TypeCounts) => number }[],
  width: number,
  dim: (text: string) => string,
): string {
  const figures: { title: string; of: (each: TypeCounts) => number }[] = [
    { title: 'read', of: (each) => each.read },
    { title: 'delivered', of: (each) => each.delivered },
    ...skips,
    { title: 'dead letters', of: (each) => each.deadLetters },
  ];
  const total = totalOf(counts);
  const taken = figures.reduce((sum, { title, of }) => {
    const lines = [...title.split('\n'), number(of(total))];
    return sum + 2 + Math.max(...lines.map((line) => line.length));
  }, 0);
  const room = Math.max(12, width - taken);
  const columns: Column[] = [
    { title: 'event type' },
    ...figures.map(({ title }): Column => ({ title, align: 'right' })),
  ];
  // A zero says nothing: what stands out are the figures.
  const row = (label: string, each: TypeCounts): string[] => [
    label.length > room ? `…${label.slice(1 - room)}` : label,
    ...figures.map(({ of }) => (of(each) === 0 ? '·' : number(of(each)))),
  ];
  const isDeselected = ({ read, skipped }: TypeCounts): boolean => read === skipped['deselected'];
  const wanted = [...counts].filter(([, each]) => !isDeselected(each)).toSorted(byName);
  const others = new Map([...counts].filter(([, each]) => isDeselected(each)));
  const rows = wanted.map(([type, each]) => row(type, each));
  if (others.size > 0) rows.push(row(count(others.size, 'deselected type'), totalOf(others)));
  return table(columns, [...rows, row('total', total)], { sum: true, dim });
}

function widthOf(text: string): number {
  return Math.max(
    ...stripVTControlCharacters(text)
      .split('\n')
      .map((line) => line.length),
  );
}

/** What was mended or left out on the way, in words. */
function remarksOf(counts: Counts): string[] {
  const total = totalOf(counts);
  const words: Record<string, string> = {
    invalid_utf8: 'texts held invalid UTF-8, replaced by U+FFFD',
    truncated_text: 'texts were cut at the 255 bytes that Mixpanel stores',
    derived_insert_id: 'events got an $insert_id derived from an id that Mixpanel does not take',
  };
  const out = Object.entries(total.adjusted).map(
    ([rule, n]) => `${number(n)} ${words[rule] ?? rule}.`,
  );
  const news = Object.entries(newFieldsOf(counts));
  for (const [field, n] of news.slice(0, 10))
    out.push(
      `New field ${field}, in ${number(n)} events: not sent. Send new fields with the setting newFields: send.`,
    );
  if (news.length > 10) out.push(`… and ${news.length - 10} more new fields.`);
  const unknown = [...counts]
    .filter(([, each]) => each.skipped['uncatalogued'])
    .map(([type]) => type);
  if (unknown.length > 0)
    out.push(
      `Event types without a documented Mixpanel form: ${unknown.join(', ')}. Send them with the setting uncatalogued: send; events must select them, too.`,
    );
  return out;
}

function newFieldsOf(counts: Counts): Record<string, number> {
  return Object.fromEntries(
    [...counts].flatMap(([type, each]) =>
      Object.entries(each.newFields).map(([field, n]): [string, number] => [`${type}:${field}`, n]),
    ),
  );
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
