import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CohortAction, CohortPage } from '../core/cohorts.ts';
import { identification } from './identity.ts';
import { parseWebhook, readWebhook } from './webhook.ts';

const IDENTITY = identification({
  properties: ['$braze_external_id', 'mixpanel_distinct_id'],
  as: 'external_id',
});

function bodyOf(more: Record<string, unknown> = {}, action: unknown = 'members') {
  return {
    action,
    parameters: {
      mixpanel_project_id: '991',
      mixpanel_cohort_id: '4242',
      mixpanel_cohort_name: 'Lapsed',
      mixpanel_cohort_description: '',
      mixpanel_session_id: 's1',
      page_info: { total_pages: 1, page_count: 1 },
      members: [{ mixpanel_distinct_id: 'u1', email: 'u1@example.com' }],
      ...more,
    },
  };
}

function pageOf(body: unknown): CohortPage {
  const read = readWebhook(body, IDENTITY);
  if (read.kind === 'failure') throw new Error(read.message);
  return read.page;
}

function messageOf(body: unknown): string {
  const read = readWebhook(body, IDENTITY);
  if (read.kind === 'page') throw new Error('it was read');
  return read.message;
}

const id = fc.oneof(fc.string({ minLength: 1 }).filter(isId), fc.nat());
const word = fc.string({ unit: 'grapheme' });

function isId(text: string): boolean {
  return text.trim() !== '' && text.isWellFormed();
}

/** Ids of many digits come as texts. */
function longNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'number' && Math.abs(value) > 2 ** 53 - 1 && Math.abs(value) < 1e21
    ? String(value)
    : value;
}

test('any well-formed body is read without loss', () => {
  const pages = fc
    .tuple(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 10_000 }))
    .map(([a, b]) => ({ total_pages: Math.max(a, b), page_count: Math.min(a, b) }));
  const member = fc
    .tuple(
      fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 }),
      fc.record({ mixpanel_distinct_id: id, email: word }, { requiredKeys: [] }),
    )
    .map(([more, own]) => ({ ...more, ...own }));
  fc.assert(
    fc.property(
      fc.constantFrom<CohortAction>('members', 'add_members', 'remove_members'),
      id,
      id,
      fc.record({ name: word, description: word, session: word }),
      fc.option(pages, { nil: undefined }),
      fc.array(member, { maxLength: 20 }),
      (action, project, cohort, { name, description, session }, info, members) => {
        const given = {
          mixpanel_project_id: project,
          mixpanel_cohort_id: cohort,
          mixpanel_cohort_name: name,
          mixpanel_cohort_description: description,
          mixpanel_session_id: session,
          ...(info ? { page_info: info } : { page_info: undefined }),
          members,
        };
        const text = JSON.stringify(bodyOf(given, action));
        const page = pageOf(parseWebhook(text));
        expect(page).toMatchObject({
          action,
          projectId: String(project).trim(),
          cohortId: String(cohort).trim(),
          name: name.trim() || String(cohort).trim(),
          description,
          session,
          page: info?.page_count ?? 1,
          pages: info?.total_pages ?? 1,
        });
        const sent = (JSON.parse(text, longNumbers) as { parameters: { members: unknown[] } })
          .parameters;
        expect(page.members.map(({ fields }) => fields)).toEqual(sent.members);
        for (const [i, { id: own }] of page.members.entries()) {
          expect(own).not.toBe('');
          const distinct = members[i]!['mixpanel_distinct_id'];
          if (distinct !== undefined) expect(own).toBe(String(distinct).trim());
        }
        expect(pageOf(parseWebhook(text)).digest).toEqual(page.digest);
      },
    ),
    { numRuns: 300 },
  );
});

describe('what Mixpanel may leave out or write in another way', () => {
  test.each<[string, Record<string, unknown>, Partial<CohortPage>]>([
    ['numbers for ids', { mixpanel_cohort_id: 7, mixpanel_project_id: 9 }, { cohortId: '7' }],
    ['no session', { mixpanel_session_id: undefined }, { session: '' }],
    ['a session of null', { mixpanel_session_id: null }, { session: '' }],
    ['no pages', { page_info: undefined }, { page: 1, pages: 1 }],
    ['pages as texts', { page_info: { total_pages: '10', page_count: '6' } }, { page: 6 }],
    ['an empty view of no pages', { page_info: { total_pages: 0, page_count: 0 } }, { pages: 1 }],
    ['no description', { mixpanel_cohort_description: null }, { description: '' }],
    ['no name', { mixpanel_cohort_name: '' }, { name: '4242' }],
    ['no members', { members: [] }, { members: [] }],
    ['members of null', { members: null }, { members: [] }],
    ['more than is known', { region: 'eu' }, { name: 'Lapsed' }],
  ])('%s', (_, more, expected) => {
    expect(pageOf(bodyOf(more))).toMatchObject(expected);
  });

  test('a difference without members; a full view without them would empty the cohort', () => {
    expect(pageOf(bodyOf({ members: undefined }, 'add_members')).members).toEqual([]);
    expect(messageOf(bodyOf({ members: undefined }))).toBe('parameters.members: must be a list');
  });
});

describe('what Mixpanel does not send is refused in words', () => {
  const deep = JSON.parse(`${'{"a":'.repeat(100)}1${'}'.repeat(100)}`) as unknown;
  test.each<[string, unknown, string]>([
    ['nothing', null, 'the body'],
    ['a list', [], 'the body'],
    ['a text', 'members', 'the body'],
    ['no action', { parameters: {} }, 'action'],
    ['another action', bodyOf({}, 'replace'), 'action'],
    ['no parameters', { action: 'members' }, 'parameters'],
    ['no cohort', bodyOf({ mixpanel_cohort_id: undefined }), 'parameters.mixpanel_cohort_id'],
    ['an empty cohort', bodyOf({ mixpanel_cohort_id: ' ' }), 'parameters.mixpanel_cohort_id'],
    ['a list for a cohort', bodyOf({ mixpanel_cohort_id: [1] }), 'parameters.mixpanel_cohort_id'],
    ['page 0', bodyOf({ page_info: { total_pages: 2, page_count: 0 } }), 'no page 0 of 2'],
    ['page 3 of 2', bodyOf({ page_info: { total_pages: 2, page_count: 3 } }), 'no page 3 of 2'],
    ['half a page', bodyOf({ page_info: { total_pages: 2, page_count: 1.5 } }), 'whole number'],
    ['an object of members', bodyOf({ members: {} }), 'parameters.members: must be a list'],
    ['a member that is a text', bodyOf({ members: [{}, 'u1'] }), 'members[1]: must be an object'],
    ['a member that is null', bodyOf({ members: [null] }), 'members[0]: must be an object'],
    ['a member without a floor', bodyOf({ members: [deep] }), 'members[0]: is nested'],
  ])('%s', (_, body, message) => {
    expect(messageOf(body)).toContain(message);
  });

  test('with its action, where that can be read', () => {
    expect(readWebhook({ action: 'add_members' }, IDENTITY)).toMatchObject({
      ...{ kind: 'failure', action: 'add_members' },
    });
    expect(readWebhook({ action: 7 }, IDENTITY)).toMatchObject({ kind: 'failure', action: '' });
  });

  test('whatever it is, and in few words', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        const read = readWebhook(body, IDENTITY);
        if (read.kind === 'failure') expect(read.message.length).toBeLessThan(700);
      }),
    );
  });
});

describe('members are told apart', () => {
  const idsOf = (...members: unknown[]) =>
    pageOf(bodyOf({ members })).members.map((each) => each.id);

  test('by their distinct id, else by who they are in Braze, else by all they have', () => {
    const [one, two, three, again, other] = idsOf(
      { mixpanel_distinct_id: 17, $braze_external_id: 'u1' },
      { mixpanel_distinct_id: ' ', $braze_external_id: 'u1' },
      { email: 'a@example.com', plan: 'x' },
      { plan: 'x', email: 'a@example.com' },
      { plan: 'y', email: 'a@example.com' },
    );
    expect(one).toBe('17');
    expect(two).toBe('user:external_id:u1');
    expect(three).toMatch(/^fields:[\w-]{43}$/);
    expect(again).toBe(three);
    expect(other).not.toBe(three);
  });

  test('in which numbers of many digits lose none', () => {
    const text =
      '{"action":"members","parameters":{"mixpanel_cohort_id":90071992547409931,"members":[' +
      '{"mixpanel_distinct_id":12345678901234567890},{"mixpanel_distinct_id":12345678901234567891}]}}';
    const page = pageOf(parseWebhook(text));
    expect(page.cohortId).toBe('90071992547409931');
    expect(page.members.map(({ id: own, fields }) => [own, IDENTITY.identify(fields)])).toEqual([
      ['12345678901234567890', { kind: 'external_id', id: '12345678901234567890' }],
      ['12345678901234567891', { kind: 'external_id', id: '12345678901234567891' }],
    ]);
  });

  test('a page that is sent again has the digest of the first, another has not', () => {
    const first = pageOf(bodyOf()).digest;
    expect(pageOf(bodyOf({ mixpanel_cohort_name: 'Renamed' })).digest).toEqual(first);
    expect(pageOf(bodyOf({ members: [] })).digest).not.toEqual(first);
  });
});
