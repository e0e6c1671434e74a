import { hash } from 'node:crypto';
import { z } from 'zod';
import {
  type CohortAction,
  type CohortMember,
  type CohortPage,
  type Identification,
  keyOfUser,
} from '../core/cohorts.ts';
import { textOfId } from './identity.ts';

export type WebhookRead =
  | { readonly kind: 'page'; readonly page: CohortPage }
  /** The body is none that Mixpanel sends. `action`: as far as it could be read; `message` is for Mixpanel's page. */
  | { readonly kind: 'failure'; readonly action: string; readonly message: string };

/** Ids are shown as texts in the examples of Mixpanel, and are numbers in its other APIs. */
const id = z
  .union([z.string(), z.number()], 'must be an id: a text or a whole number')
  .transform((value, context) => {
    const text = textOfId(value);
    if (text !== undefined && text !== '') return text;
    context.addIssue({ code: 'custom', message: 'must be an id: a text or a whole number' });
    return z.NEVER;
  });

const text = z
  .union([z.string(), z.number().transform(String)], 'must be a text')
  .nullish()
  .transform((value) => value ?? '');

const count = z.union(
  [
    z.number().int().min(0).max(1_000_000),
    z
      .string()
      .regex(/^\d{1,6}$/)
      .transform(Number),
  ],
  'must be a whole number',
);

/** What stands around the members: `{action, parameters}`; what is not known is left alone. */
const outer = z.object({
  action: z.enum(['members', 'add_members', 'remove_members']),
  parameters: z.object({
    mixpanel_project_id: id.nullish().transform((value) => value ?? ''),
    mixpanel_cohort_id: id,
    mixpanel_cohort_name: text,
    mixpanel_cohort_description: text,
    mixpanel_session_id: text,
    page_info: z.object({ total_pages: count, page_count: count }).nullish(),
  }),
});

/** Deeper values would overflow the stack of whoever walks them. */
const MAX_DEPTH = 32;
const MOST_FAULTS = 5;
const MOST_CHARACTERS = 100;

/** JSON, in which whole numbers that no double holds become texts: they are ids. Throws SyntaxError. */
export function parseWebhook(body: string): unknown {
  if (!/[:[,]\s*-?\d{16}/.test(body)) return JSON.parse(body) as unknown;
  const parse = JSON.parse as (
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ) => unknown;
  return parse(body, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && losesDigits(value, source)
      ? source
      : value,
  );
}

function losesDigits(value: number, source: string): boolean {
  return !Number.isSafeInteger(value) && /^-?\d+$/.test(source);
}

/**
 * Reads one call of Mixpanel's webhook for custom destinations: `{action, parameters: {…, members}}`. `page_count` is
 * the number of the page, from 1.
 */
export function readWebhook(body: unknown, identification: Identification): WebhookRead {
  const action = actionOf(body);
  const failure = (message: string): WebhookRead => ({ kind: 'failure', action, message });
  const parsed = outer.safeParse(body);
  if (!parsed.success) return failure(faultsOf(parsed.error));
  const { parameters } = parsed.data;
  const { total_pages: pages, page_count: page } = pagesOf(parameters.page_info);
  if (page < 1 || page > pages)
    return failure(`parameters.page_info: there is no page ${page} of ${pages}`);
  const given = (body as { parameters: { members?: unknown } }).parameters.members;
  // A difference without members says that nothing changed; a full view without them would empty the cohort.
  const list = given ?? (given === null || parsed.data.action !== 'members' ? [] : undefined);
  if (!Array.isArray(list)) return failure('parameters.members: must be a list');
  const members: CohortMember[] = [];
  for (const [i, fields] of list.entries()) {
    if (!isObject(fields)) return failure(`parameters.members[${i}]: must be an object`);
    if (isDeeper(fields, MAX_DEPTH))
      return failure(`parameters.members[${i}]: is nested more than ${MAX_DEPTH} levels deep`);
    members.push(memberOf(fields, identification));
  }
  return {
    kind: 'page',
    page: {
      action: parsed.data.action,
      projectId: parameters.mixpanel_project_id,
      cohortId: parameters.mixpanel_cohort_id,
      name: parameters.mixpanel_cohort_name.trim() || parameters.mixpanel_cohort_id,
      description: parameters.mixpanel_cohort_description,
      session: parameters.mixpanel_session_id,
      ...{ page, pages, members },
      digest: hash('sha256', JSON.stringify(list), 'buffer'),
    },
  };
}

/** Without it, and of a cohort without pages, there is one. */
function pagesOf(info: z.output<typeof outer>['parameters']['page_info']): {
  total_pages: number;
  page_count: number;
} {
  if (!info) return { total_pages: 1, page_count: 1 };
  const isEmpty = info.total_pages === 0 && info.page_count <= 1;
  return isEmpty ? { total_pages: 1, page_count: 1 } : info;
}

/** Without a distinct_id of its own a member is told by who it is in Braze, else by all that it has. */
function memberOf(
  fields: Readonly<Record<string, unknown>>,
  { identify }: Identification,
): CohortMember {
  const own = Object.hasOwn(fields, 'mixpanel_distinct_id')
    ? textOfId(fields['mixpanel_distinct_id'])
    : undefined;
  if (own !== undefined && own !== '') return { id: own, fields };
  const user = identify(fields);
  const id =
    typeof user === 'object'
      ? `user:${keyOfUser(user)}`
      : `fields:${hash('sha256', JSON.stringify(sorted(fields)), 'base64url')}`;
  return { id, fields };
}

/** The same whatever the order of the names. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { entries: entries.map(([key, each]) => [key, sorted(each)]) };
}

function actionOf(body: unknown): CohortAction | '' {
  const given = isObject(body) ? body['action'] : undefined;
  return outer.shape.action.safeParse(given).data ?? '';
}

function faultsOf(error: z.ZodError): string {
  const all = error.issues.map(
    ({ path, message }) => `${path.join('.') || 'the body'}: ${message}`,
  );
  const more = all.length > MOST_FAULTS ? ` and ${all.length - MOST_FAULTS} more` : '';
  return all
    .slice(0, MOST_FAULTS)
    .map((each) => each.slice(0, MOST_CHARACTERS))
    .join('; ')
    .concat(more);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((each) => isDeeper(each, depth - 1));
}
