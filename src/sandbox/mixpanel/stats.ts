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

/** A page for people: counts by event, renewed every two seconds. */
export function statsPage(stats: SandboxStats): string {
  const rows = Object.entries(stats.events)
    .toSorted(([, a], [, b]) => b.ingested - a.ingested)
    .map(
      ([name, { ingested, distinct }]) =>
        `<tr><td>${escapeHtml(name)}</td><td>${ingested}</td><td>${distinct}</td></tr>`,
    );
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta http-equiv="refresh" content="2"><title>Mixpanel sandbox</title>
<style>body{font:16px system-ui;margin:2rem}td,th{padding:.2rem 1rem .2rem 0;text-align:left}td+td{text-align:right}</style></head>
<body><h1>Mixpanel sandbox</h1>
<p>${stats.ingested} events ingested, ${stats.distinct} distinct, ${stats.duplicates} duplicates, ${stats.rejected} rejected, in ${stats.requests.total} requests.</p>
<table><tr><th>Event</th><th>Ingested</th><th>Distinct</th></tr>
${rows.join('\n')}
</table></body></html>
`;
}
