import { randomUUID } from 'node:crypto';
import type { CohortView } from './cohorts.ts';
import type { Switches } from './switches.ts';

export type CohortAction = 'members' | 'add_members' | 'remove_members';

/** One call of the webhook, its members not yet filled in. */
export interface PlannedCall {
  readonly action: CohortAction;
  readonly session: string;
  /** From 1. */
  readonly page: number;
  readonly pages: number;
  /** distinct_ids. */
  readonly ids: readonly string[];
}

/** The body of a webhook call, as documented. */
export interface WebhookBody {
  readonly action: CohortAction;
  readonly parameters: {
    readonly mixpanel_project_id: string | number;
    readonly mixpanel_cohort_id: string | number;
    readonly mixpanel_cohort_name: string;
    readonly mixpanel_cohort_description: string;
    readonly mixpanel_session_id: string;
    readonly page_info: { readonly total_pages: number; readonly page_count: number };
    readonly members: readonly Readonly<Record<string, unknown>>[];
  };
}

/**
 * The calls of one sync: all members when there is no snapshot, else who entered and who left since it was taken, also
 * where that is nobody.
 */
export function planSync(
  members: ReadonlySet<string>,
  snapshot: ReadonlySet<string> | undefined,
  first: CohortAction,
  pageSize: number,
  sessions: Switches['cohortSessions'],
): PlannedCall[] {
  const session = randomUUID();
  const entered = snapshot ? without(members, snapshot) : [...members];
  const left = snapshot ? without(snapshot, members) : [];
  if (!snapshot && first === 'members') return pagesOf('members', entered, session, pageSize);
  const other = sessions === 'by-action' ? randomUUID() : session;
  const calls = [
    ...pagesOf('add_members', entered, session, pageSize),
    ...pagesOf('remove_members', left, other, pageSize),
  ];
  if (sessions !== 'through') return calls;
  return calls.map((call, index) => ({ ...call, page: index + 1, pages: calls.length }));
}

function without(some: ReadonlySet<string>, others: ReadonlySet<string>): string[] {
  return Array.from(some).filter((each) => !others.has(each));
}

/** At least one page. */
function pagesOf(
  action: CohortAction,
  ids: readonly string[],
  session: string,
  size: number,
): PlannedCall[] {
  const pages = Math.max(1, Math.ceil(ids.length / size));
  return Array.from({ length: pages }, (_, index) => ({
    action,
    session,
    page: index + 1,
    pages,
    ids: ids.slice(index * size, (index + 1) * size),
  }));
}

export function bodyOf(
  call: PlannedCall,
  cohort: Pick<CohortView, 'id' | 'name' | 'description'>,
  projectId: string,
  ids: Switches['cohortIds'],
  fields: (distinctId: string) => Readonly<Record<string, unknown>>,
): WebhookBody {
  const idOf = ids === 'numbers' ? Number : String;
  return {
    action: call.action,
    parameters: {
      mixpanel_project_id: idOf(projectId),
      mixpanel_cohort_id: idOf(cohort.id),
      mixpanel_cohort_name: cohort.name,
      mixpanel_cohort_description: cohort.description,
      mixpanel_session_id: call.session,
      page_info: { total_pages: call.pages, page_count: call.page },
      members: call.ids.map(fields),
    },
  };
}
