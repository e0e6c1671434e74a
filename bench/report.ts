import type { Floors } from './floors.ts';
import type { Usage } from './measure.ts';

export interface Measured {
  readonly name: string;
  readonly title: string;
  readonly runs: readonly Usage[];
}

export interface Results {
  /** Records read, and events that every contender delivered. */
  readonly records: number;
  readonly delivered: number;
  readonly measured: readonly Measured[];
  readonly floors: Floors | undefined;
}

const verdict = (isKept: boolean): string => (isKept ? 'kept' : 'missed');

/** The promises that the table is held against. */
const TARGETS = { peer: 4, tuned: 2.5, rssMb: 180 };

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const cpuOf = (usages: readonly Usage[]): number => median(usages.map((usage) => usage.cpuSeconds));

const spread = (values: readonly number[], digits: number): string =>
  `${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)}`;

const thousands = (n: number): string => Math.round(n).toLocaleString('en-US');

function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map(
    (row) =>
      `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`,
  );
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}

/** The table of all contenders, the floors, and how the promises stand. Markdown. */
export function resultsText({ records, delivered, measured, floors }: Results): string {
  const own = measured.find(({ name }) => name === 'sluice')!;
  const ownCpu = cpuOf(own.runs);
  const rows = measured.map(({ title, runs }) => {
    const cpu = runs.map((usage) => usage.cpuSeconds);
    const rss = runs.map((usage) => usage.peakRssMb);
    return [
      title,
      median(cpu).toFixed(2),
      spread(cpu, 2),
      thousands(delivered / median(cpu)),
      `${(median(cpu) / ownCpu).toFixed(2)}×`,
      median(rss).toFixed(0),
      spread(rss, 0),
      median(runs.map((usage) => usage.wallSeconds)).toFixed(1),
    ];
  });
  const head = [
    '',
    'CPU s',
    'spread',
    'events per CPU s',
    'CPU ÷ Sluice',
    'peak RSS MB',
    'spread',
    'wall s',
  ];
  return [
    `${thousands(records)} records read, ${thousands(delivered)} events delivered by every contender; median of ${own.runs.length}.`,
    '',
    tableOf([head, ...rows]),
    ...(floors ? ['', floorText(floors, ownCpu)] : []),
    '',
    promiseText(measured),
    '',
  ].join('\n');
}

function floorText(floors: Floors, ownCpu: number): string {
  const row = (title: string, seconds: number, bytes?: number): string[] => [
    title,
    seconds.toFixed(2),
    thousands(floors.events / seconds),
    (floors.jsonBytes / 1e6 / seconds).toFixed(0),
    `${((seconds / ownCpu) * 100).toFixed(0)} %`,
    bytes === undefined ? '' : `${(floors.jsonBytes / bytes).toFixed(2)} to 1`,
  ];
  return tableOf([
    ['floor', 'CPU s', 'events per CPU s', 'MB of JSON per CPU s', 'of Sluice', 'smaller'],
    row('read and transcode alone', floors.transcodeSeconds),
    row('the gzip of Sluice alone', floors.gzipSeconds, floors.gzipBytes),
    row('zlib level 1 alone, for comparison', floors.zlibSeconds, floors.zlibBytes),
  ]);
}

function promiseText(measured: readonly Measured[]): string {
  const own = measured.find(({ name }) => name === 'sluice')!;
  /** The fastest of some contenders, as a multiple of Sluice's CPU seconds. */
  const fastest = (...names: string[]): number | undefined => {
    const of = measured.filter(({ name }) => names.includes(name));
    return of.length === 0
      ? undefined
      : Math.min(...of.map(({ runs }) => cpuOf(runs))) / cpuOf(own.runs);
  };
  const rss = Math.max(...own.runs.map(({ peakRssMb }) => peakRssMb));

  const rows = [['promise', 'target', 'measured', '']];
  const ratio = (words: string, found: number | undefined, target: number): void => {
    if (found !== undefined)
      rows.push([words, `at least ${target}×`, `${found.toFixed(2)}×`, verdict(found >= target)]);
  };
  ratio(
    'events per CPU second, against mixpanel-import (gzip 6, its faster transport)',
    fastest('peer', 'peer-got'),
    TARGETS.peer,
  );
  ratio(
    'events per CPU second, against the tuned avsc script (gzip 6)',
    fastest('tuned'),
    TARGETS.tuned,
  );
  rows.push([
    'peak RSS of Sluice',
    `below ${TARGETS.rssMb} MB`,
    `${rss.toFixed(0)} MB`,
    verdict(rss < TARGETS.rssMb),
  ]);
  return tableOf(rows);
}
