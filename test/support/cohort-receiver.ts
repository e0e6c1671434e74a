import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { CohortAction, WebhookBody } from '../../src/sandbox/mixpanel/cohort-plan.ts';

/** What the receiver says instead of success; the call then changes nothing. `reset`: it cuts the connection. */
export type Refusal = { readonly status: number; readonly body?: unknown } | 'reset';

export interface CohortReceiver extends AsyncDisposable {
  readonly url: string;
  /** Everything that was called, in order, refused or not. */
  readonly calls: { readonly body: WebhookBody; readonly authorization: string | undefined }[];
  /** What is said to the next calls, one after the other. */
  readonly refusals: (Refusal | undefined)[];
  /** distinct_ids of a cohort, in order. */
  members(cohortId?: string): string[];
  /** The last name of a cohort. */
  nameOf(cohortId?: string): string | undefined;
  forget(): void;
}

interface Session {
  readonly pages: Map<string, { readonly total: number; readonly ids: readonly string[] }>;
  isApplied: boolean;
}

/**
 * A receiver by Mixpanel's documents and nothing more: an export counts once all pages of its session are in, a full
 * one replaces the cohort, the others add and remove. `exports`: what has a session of its own.
 */
export async function cohortReceiver(
  exports: 'by-sync' | 'by-action' | 'through' = 'by-sync',
): Promise<CohortReceiver> {
  const cohorts = new Map<string, Set<string>>();
  const names = new Map<string, string>();
  const sessions = new Map<string, Session>();
  const calls: CohortReceiver['calls'] = [];
  const refusals: CohortReceiver['refusals'] = [];

  function isComplete({ pages }: Session, action: CohortAction): boolean {
    const isIn = (which: string): boolean => {
      const own = [...pages].filter(([key]) => key.startsWith(which));
      return own.length > 0 && own.length === own[0]![1].total;
    };
    if (action === 'members' || exports === 'by-action') return isIn(`${action} `);
    return exports === 'through' ? isIn('') : isIn('add_members ') && isIn('remove_members ');
  }

  function take({ action, parameters }: WebhookBody): void {
    const id = String(parameters.mixpanel_cohort_id);
    names.set(id, parameters.mixpanel_cohort_name);
    const key = `${id} ${parameters.mixpanel_session_id}`;
    const session = sessions.get(key) ?? { pages: new Map(), isApplied: false };
    sessions.set(key, session);
    const { page_count: page, total_pages: total } = parameters.page_info;
    const ids = parameters.members.map((each) => String(each['mixpanel_distinct_id']));
    session.pages.set(`${action} ${page}`, { total, ids });
    if (session.isApplied || !isComplete(session, action)) return;
    session.isApplied = true;
    const cohort = action === 'members' ? new Set<string>() : (cohorts.get(id) ?? new Set());
    cohorts.set(id, cohort);
    for (const [which, { ids }] of session.pages)
      for (const each of ids) {
        if (which.startsWith('remove_members')) cohort.delete(each);
        else cohort.add(each);
      }
  }

  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const call = JSON.parse(body) as WebhookBody;
      calls.push({ body: call, authorization: request.headers.authorization });
      const refusal = refusals.shift();
      if (refusal === 'reset') return request.socket.resetAndDestroy();
      if (refusal) {
        response.writeHead(refusal.status, { 'content-type': 'application/json' });
        return response.end(JSON.stringify(refusal.body ?? {}));
      }
      take(call);
      return response.end(JSON.stringify({ action: call.action, status: 'success' }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/cohorts/secret-key`,
    calls,
    refusals,
    members: (id = '7') => [...(cohorts.get(id) ?? [])].toSorted(),
    nameOf: (id = '7') => names.get(id),
    forget() {
      for (const each of [cohorts, names, sessions]) each.clear();
      calls.length = refusals.length = 0;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
