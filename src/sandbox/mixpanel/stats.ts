import type { EventCounts, EventStore } from './store.ts';
import type { Tally } from './tally.ts';

export interface SandboxStats {
  /** Events taken in, repeats included. */
  ingested: number;
  /** Events that a query sees. */
  distinct: number;
  duplicates: number;
  /** Events named in failed_records. */
  rejected: number;
  rejectedBy: Record<string, number>;
  /** Bad events dropped without a word, because of `strict=0`. */
  droppedSilently: number;
  /** Events with a truthy `$ignore`, and identity events. */
  ignored: number;
  events: Record<string, EventCounts>;
  /** Of the calls of Mixpanel's; `reset` and `stalled` stand beside the statuses. */
  requests: { total: number; byStatus: Record<string, number> };
  /** `received` over the wire, `uncompressed` as JSON. */
  bytes: { received: number; uncompressed: number };
  storage: {
    bytes: number;
    maxBytes: number;
    /** Events whose bodies were dropped to keep to `maxBytes`. They stay counted. */
    droppedEvents: number;
    /** Events taken in when the table of keys was full: neither distinct nor duplicates. */
    untrackedEvents: number;
  };
  /** How often each rule of the fault script struck. */
  faultHits: number[];
}

export function statsOf(store: EventStore, tally: Tally, faultHits: number[]): SandboxStats {
  return {
    ingested: store.ingested,
    distinct: store.distinct,
    duplicates: store.duplicates,
    rejected: tally.rejected,
    rejectedBy: { ...tally.rejectedBy },
    droppedSilently: tally.droppedSilently,
    ignored: tally.ignored,
    events: Object.fromEntries([...store.byEvent].map(([name, counts]) => [name, { ...counts }])),
    requests: { total: tally.requests, byStatus: { ...tally.byStatus } },
    bytes: { received: tally.bytesReceived, uncompressed: tally.bytesUncompressed },
    storage: {
      bytes: store.storedBytes,
      maxBytes: store.maxBytes,
      droppedEvents: store.droppedEvents,
      untrackedEvents: store.untracked,
    },
    faultHits,
  };
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

const STYLE = `
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2.5rem auto;padding:0 1.25rem}
h1{font-size:1.5rem;margin:0 0 .25rem}
p{margin:.25rem 0 1.5rem;opacity:.75}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(7rem,1fr));gap:1rem;margin:0 0 2rem}
dt{opacity:.75;font-size:.875rem}
dd{margin:0;font-size:1.5rem;font-variant-numeric:tabular-nums}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.4rem .75rem .4rem 0;text-align:left;border-bottom:1px solid #8884;overflow-wrap:anywhere}
th{font-weight:600}
tr>*+*{text-align:right;padding:.4rem 0 .4rem 1rem;white-space:nowrap}`;

/** A page for people: counts by event, renewed every two seconds. */
export function statsPage(stats: SandboxStats): string {
  const figures = [
    ['Ingested', stats.ingested],
    ['Distinct', stats.distinct],
    ['Repeats', stats.duplicates],
    ['Rejected', stats.rejected],
    ['Requests', stats.requests.total],
  ] as const;
  const rows = Object.entries(stats.events)
    .toSorted(([, a], [, b]) => b.ingested - a.ingested)
    .map(
      ([name, { ingested, distinct }]) =>
        `<tr><td>${escapeHtml(name)}</td><td>${figure(ingested)}</td><td>${figure(distinct)}</td></tr>`,
    );
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="2"><title>Mixpanel sandbox</title>
<style>${STYLE}</style></head>
<body><h1>Mixpanel sandbox</h1>
<p>What has arrived so far. The page renews itself; as JSON: <a href="/sandbox/stats">/sandbox/stats</a></p>
<dl>${figures.map(([name, n]) => `<div><dt>${name}</dt><dd>${figure(n)}</dd></div>`).join('')}</dl>
${
  rows.length === 0
    ? '<p>No events yet.</p>'
    : `<table><tr><th>Event</th><th>Ingested</th><th>Distinct</th></tr>
${rows.join('\n')}
</table>`
}
</body></html>
`;
}

function figure(n: number): string {
  return n.toLocaleString('en-US');
}
