import type { BrazeUser } from '../../core/cohorts.ts';
import type { ProfileStore } from './profiles.ts';
import type { Workspace } from './workspace.ts';

/** Changes that the page shows. */
const LAST_WRITES = 10;

export interface BrazeSandboxStats {
  /** Users that exist, as far as the sandbox has heard of them. */
  users: number;
  /** Of these: made by a write. */
  created: number;
  /** Attributes written to users that exist, each of which Braze counts as a data point. */
  attributeWrites: number;
  /** Values that array attributes lost because they grew too long. */
  droppedValues: number;
  /** By attribute: users that hold it, and those for whom it is false. */
  attributes: Record<string, { held: number; false: number }>;
  /** By cohort_id, of the partner endpoints. */
  cohorts: Record<string, { name: string; creations: number; members: number }>;
  /** Ids in membership changes of the partner endpoints. */
  partnerIds: number;
  /** Of Braze's calls; `reset` and `stalled` stand beside the statuses. */
  requests: {
    total: number;
    byStatus: Record<string, number>;
    byPath: Record<string, number>;
  };
  /** How often each rule of the fault script struck. */
  faultHits: number[];
}

export function brazeStatsOf({ profiles, cohorts, tally, faults }: Workspace): BrazeSandboxStats {
  return {
    users: profiles.size,
    created: profiles.created,
    attributeWrites: profiles.writes,
    droppedValues: profiles.droppedValues,
    attributes: profiles.countsOf(),
    cohorts: Object.fromEntries(
      [...cohorts].map(([id, { name, creations, members }]) => [
        id,
        { name, creations, members: members.size },
      ]),
    ),
    partnerIds: tally.partnerIds,
    requests: {
      total: tally.requests,
      byStatus: { ...tally.byStatus },
      byPath: { ...tally.byPath },
    },
    faultHits: faults.hits(),
  };
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

const STYLE = `
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2.5rem auto;padding:0 1.25rem}
h1{font-size:1.5rem;margin:0 0 .25rem}
h2{font-size:1.1rem;margin:2rem 0 .25rem}
p{margin:.25rem 0 1.5rem;opacity:.75}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.4rem .75rem .4rem 0;text-align:left;border-bottom:1px solid #8884;overflow-wrap:anywhere}
th{font-weight:600}
tr>*+*{text-align:right;padding:.4rem 0 .4rem 1rem}
tr>:last-child{white-space:nowrap}`;

/** A page for people: users by attribute and by cohort, and what was written last; renewed every two seconds. */
export function brazeStatsPage(workspace: Workspace): string {
  const stats = brazeStatsOf(workspace);
  const rows = [
    ...Object.entries(stats.attributes).map(([name, counts]) => [
      name,
      figure(counts.held),
      figure(counts.false),
    ]),
    ...Object.values(stats.cohorts).map(({ name, members }) => [
      `Cohort ${name}`,
      figure(members),
      '',
    ]),
  ];
  const known = `${figure(stats.users)} users, ${figure(stats.attributeWrites)} attributes written`;
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="2"><title>Braze sandbox</title>
<style>${STYLE}</style></head>
<body><h1>Braze sandbox</h1>
<p>${known}. The page renews itself; as JSON: <a href="/sandbox/stats">/sandbox/stats</a>, <a href="/sandbox/users">/sandbox/users</a></p>
${
  rows.length === 0
    ? '<p>Nothing was written yet.</p>'
    : tableOf(['Attribute or cohort', 'Users', 'False'], rows)
}
${lastWrites(workspace.profiles)}
</body></html>
`;
}

function tableOf(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (tag: string, cells: readonly string[]): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`;
  return `<table>${[row('th', titles), ...rows.map((each) => row('td', each))].join('\n')}</table>`;
}

function lastWrites(profiles: ProfileStore): string {
  const rows = profiles
    .lastWrites(LAST_WRITES)
    .map(({ user, attribute, value, at }) => [
      nameOf(user),
      `${attribute} = ${JSON.stringify(value)}`,
      new Date(at).toISOString().slice(11, 19),
    ]);
  if (rows.length === 0) return '';
  return `<h2>Written last</h2>\n${tableOf(['User', 'Attribute', 'Time (UTC)'], rows)}`;
}

function nameOf(user: BrazeUser): string {
  return user.kind === 'user_alias' ? `${user.label}: ${user.name}` : user.id;
}

function figure(n: number): string {
  return n.toLocaleString('en-US');
}
