import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { DEFAULT_RULES } from '../src/alerts/rules.ts';
import { createMetrics } from '../src/server/metrics.ts';

const ROOT = resolve(import.meta.dirname, '..');

function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

const guide = textOf('docs/guides/operate.md');

/** What `/metrics` declares: name → type. */
async function exported(): Promise<Map<string, string>> {
  const metrics = createMetrics({
    statuses: () => [],
    inbox: () => [],
    inFlightBytes: () => 0,
    imports: () => [],
    cohorts: () => Promise.resolve([]),
    eventTypes: new Set(),
  });
  const lines = (await metrics.text()).matchAll(/^# TYPE (\S+) (\S+)$/gm);
  return new Map([...lines].map(([, name, type]) => [name!, type!]));
}

/** Names of series in a text; those of a histogram without their endings. */
function metricsIn(text: string, known: ReadonlyMap<string, string>): string[] {
  const names = [...text.matchAll(/\bsluice_[a-z0-9_]+/g)].map(([name]) => name);
  return [...new Set(names)].map((name) => {
    const base = name.replace(/_(?:bucket|sum|count)$/, '');
    return known.get(base) === 'histogram' ? base : name;
  });
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}
const dashboard = JSON.parse(textOf('deploy/grafana.json')) as {
  panels: Panel[];
  templating: { list: { name: string }[] };
};
const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

test('the dashboard, the rules and the guide name only metrics that there are', async () => {
  const known = await exported();
  const rules = parse(textOf('deploy/prometheus-rules.yaml')) as {
    groups: { rules: { alert: string; expr: string }[] }[];
  };
  const ruled = rules.groups.flatMap((group) => group.rules.map(({ expr }) => expr));
  expect(ruled.length).toBeGreaterThan(0);
  for (const text of [...expressions, ...ruled, guide]) {
    const wrong = metricsIn(text, known).filter(
      (name) => !known.has(name) && !/^sluice_(?:process|nodejs)_$|^sluice_test$/.test(name),
    );
    expect(wrong, text.slice(0, 80)).toEqual([]);
  }
});

test('the guide and the dashboard have every metric of Sluice itself', async () => {
  const known = await exported();
  const own = [...known.keys()].filter((name) => !/^sluice_(?:process|nodejs)_/.test(name));
  expect(own.length).toBeGreaterThan(10);
  expect(own.filter((name) => !guide.includes(`| \`${name}\``))).toEqual([]);
  const shown = new Set(metricsIn(expressions.join(' '), known));
  expect(own.filter((name) => !shown.has(name))).toEqual([]);
});

test('panels of the dashboard have ids of their own and follow its variables', () => {
  const ids = dashboard.panels.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(dashboard.templating.list.map(({ name }) => name)).toEqual([
    'datasource',
    'connection',
    'import',
  ]);
  for (const { type, title, targets = [], ...panel } of dashboard.panels) {
    if (type === 'row') continue;
    expect(JSON.stringify(panel), title).toContain('"uid":"${datasource}"');
    expect(targets.length, title).toBeGreaterThan(0);
    for (const { expr } of targets) {
      if (/sluice_(?:process|nodejs|in_flight)_/.test(expr)) continue;
      const of = expr.includes('sluice_cohort_') ? 'import' : 'connection';
      for (const [selector] of expr.matchAll(/sluice_\w+(?:\{[^}]*\})?/g))
        expect(selector, title).toContain(`${of}=~"$${of}"`);
    }
  }
});

test('every state is in the guide, the dashboard and the metrics', async () => {
  const metrics = createMetrics({
    statuses: () => [
      {
        ...{ connection: 'c', state: { kind: 'idle' }, lagSeconds: 0, deliveredAt: null },
        ...{ receivedAt: null, read: 0, delivered: 0, skipped: 0, deadLetters: 0 },
        ...{ problems: 0, at: 0 },
      },
    ],
    inbox: () => [],
    inFlightBytes: () => 0,
    imports: () => [
      { import: 'i', state: { kind: 'idle' }, writtenAt: null, receivedAt: null, at: 0 },
    ],
    cohorts: () => Promise.resolve([]),
    eventTypes: new Set(),
  });
  const text = await metrics.text();
  const statesOf = (metric: string): string[] =>
    [...text.matchAll(new RegExp(`^${metric}\\{.*state="([^"]+)"`, 'gm'))].map(
      ([, state]) => state!,
    );
  const states = statesOf('sluice_connection_state');
  expect(states).toHaveLength(6);
  expect(statesOf('sluice_cohort_import_state')).toEqual(states);
  const board = expressions.join(' ');
  for (const state of states) {
    expect(board).toContain(`connection_state{connection=~"$connection", state="${state}"`);
    expect(board).toContain(`import_state{import=~"$import", state="${state}"`);
    expect(guide).toMatch(new RegExp(`^\\| \`${state.replace('-', ' ')}( for …)?\` `, 'm'));
  }
});

test('every alert and every bound of an alert is in the guide', () => {
  const kinds = [...textOf('test/golden/alerts.txt').matchAll(/^### (\w+) begins$/gm)].map(
    ([, kind]) => kind!,
  );
  expect(kinds.length).toBeGreaterThan(5);
  for (const kind of kinds) expect(guide).toContain(`\n| \`${kind}\` `);
  for (const [name, value] of Object.entries(DEFAULT_RULES))
    expect(guide).toContain(`\`${name}\` (${value})`);
});

test('every line of the log is in the guide', () => {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => textOf(join('src', name)));
  const lines = files.flatMap((text) => [
    ...[...text.matchAll(/\blog(?:\.(?:info|warn|error))?\(\s*'([^']+)'/g)].map(
      ([, line]) => line!,
    ),
    ...[...text.matchAll(/\bwatched\('([^']+)'/g)].map(([, line]) => line!),
  ]);
  expect(lines.length).toBeGreaterThan(10);
  expect(lines.filter((line) => !guide.includes(`\`${line}\``))).toEqual([]);
});
