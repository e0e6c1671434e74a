import type * as Api from '../src/api.ts';
import { text } from './answer.ts';

/** The made-up cohorts of a world, and what belongs to them. */
export interface CohortWorld {
  imports: Api.CohortImportDetail[];
  cohorts: Api.CohortDetail[];
  keys: Api.ImportKey[];
  suppressed: { readonly import: string; readonly row: Api.Suppressed }[];
}

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

export function cohortWorld(isEmpty: boolean, now: number): CohortWorld {
  if (isEmpty) return { imports: [], cohorts: [], keys: [], suppressed: [] };
  const ago = (ms: number) => new Date(now - ms).toISOString();
  return {
    imports: importsOf(ago),
    cohorts: cohortsOf(ago),
    keys: [
      keyOf(3, 'crm', 'Project 991', 'sluice_ck_7Qd2', ago, 2 * DAY, 4 * MINUTE),
      {
        ...keyOf(2, 'crm', 'Project 991', 'sluice_ck_Lx81', ago, 60 * DAY, 40 * MINUTE),
        endsAt: new Date(now + DAY).toISOString(),
      },
      { ...keyOf(1, 'crm', '', 'sluice_ck_p0Zr', ago, 200 * DAY, 61 * DAY), endsAt: ago(60 * DAY) },
      keyOf(4, 'loyalty', 'Loyalty', 'sluice_ck_Gt5w', ago, 9 * DAY, 9 * MINUTE),
      keyOf(5, 'audiences', '', 'sluice_ck_a9Kc', ago, 12 * DAY, 14 * MINUTE),
    ],
    suppressed: ['user-100', 'user-204', 'user-377'].map((id, i) => ({
      import: 'crm',
      row: { user: { kind: 'external_id', id }, at: ago((i + 1) * 3 * DAY) },
    })),
  };
}

type Ago = (ms: number) => string;

function keyOf(
  id: number,
  owner: string,
  note: string,
  hint: string,
  ago: Ago,
  made: number,
  used: number,
): Api.ImportKey {
  return {
    ...{ id, import: owner, note, hint, createdAt: ago(made), usedAt: ago(used), endsAt: null },
  };
}

export function importOf(
  name: string,
  destination: Api.JsonObject,
  more: Partial<Api.CohortImportDetail> = {},
): Api.CohortImportDetail {
  const { kind, instance, path } = destination;
  const place = instance ?? path;
  return {
    name,
    destination: { kind: text(kind), place: typeof place === 'string' ? place : '' },
    state: { kind: 'idle' },
    ...{ paused: false, keys: 1, receivedAt: null, writtenAt: null, revision: 2, warnings: [] },
    createdAt: new Date().toISOString(),
    receiveUrl: `https://sluice.example.com/cohorts/${name}`,
    spec: {
      name,
      contact: 'crm@example.com',
      destination,
      identity: { properties: ['$braze_external_id', 'mixpanel_distinct_id'], as: 'external_id' },
      guard: { share: 0.3, atLeast: 10, empties: true },
      spacing: 300,
      expire: 7200,
    },
    ...more,
  };
}

const EU = 'https://rest.fra-01.braze.eu';

function importsOf(ago: Ago): Api.CohortImportDetail[] {
  const times = { receivedAt: ago(4 * MINUTE), writtenAt: ago(3 * MINUTE) };
  return [
    importOf(
      'audiences',
      { kind: 'partner-cohorts', instance: EU, partner: 'acme', ...KEYS },
      {
        ...times,
        state: {
          kind: 'halted',
          since: ago(180 * MINUTE),
          detail: 'HTTP 401: Invalid partner API key.',
          hint: 'It is the wrong key, or the key of another instance: look at the settings.',
        },
      },
    ),
    importOf(
      'crm',
      {
        ...{ kind: 'users-track', instance: EU, apiKey: '***', batchSize: 50 },
        attribute: { kind: 'boolean', name: 'mp_cohort_{id}' },
        ...{ requestsPerSecond: 250, connections: 4, timeoutMs: 60_000 },
      },
      { ...times, state: { kind: 'active' }, keys: 2 },
    ),
    importOf(
      'exports',
      { kind: 'file', path: '/var/lib/cohorts', format: 'csv' },
      {
        ...{ paused: true, state: { kind: 'paused' }, keys: 0 },
        warnings: ['It has no key, so Mixpanel can not get in: make one.'],
      },
    ),
    importOf(
      'loyalty',
      {
        ...{ kind: 'users-track', instance: EU, apiKey: '***' },
        attribute: { kind: 'array', name: 'mixpanel_cohorts', maxLength: 25 },
      },
      times,
    ),
  ];
}

const KEYS = { partnerApiKey: '***', clientSecret: '***', timeoutMs: 60_000 };

const NONE = { unmatched: 0, suppressed: 0, refused: 0, pendingAdds: 0, pendingRemoves: 0 };

function cohortsOf(ago: Ago): Api.CohortDetail[] {
  const sync = (
    id: number,
    members: number,
    more: Partial<Api.CohortSync> = {},
  ): Api.CohortSync => ({
    id,
    action: 'members',
    session: `s-${id}`,
    state: 'done',
    pages: Math.max(1, Math.ceil(members / 1000)),
    pagesIn: [[1, Math.max(1, Math.ceil(members / 1000))]],
    ...{ members, added: Math.round(members / 80), removed: Math.round(members / 130) },
    beganAt: ago(5 * MINUTE),
    receivedAt: ago(4 * MINUTE),
    endedAt: ago(4 * MINUTE),
    ...more,
  });
  const cohort = (
    id: number,
    cohortId: string,
    name: string,
    more: Partial<Api.CohortDetail>,
  ): Api.CohortDetail => ({
    ...{ id, import: 'crm', cohortId, projectId: '991', name, description: '' },
    ...{ createdAt: ago(80 * DAY), receivedAt: ago(4 * MINUTE), writtenAt: ago(3 * MINUTE) },
    ...{ held: null, clearing: false, members: 0, inBraze: 0, ...NONE, warnings: [] },
    state: { kind: 'active' },
    lastSync: sync(id, more.members ?? 0),
    filter: {
      ...{ kind: 'boolean', attribute: `mp_cohort_${cohortId}`, comparison: 'is', value: true },
      words: `Add the filter Custom Attributes > mp_cohort_${cohortId} > is > true.`,
    },
    ...more,
  });
  const array = (id: string): Api.BrazeFilter => ({
    ...{ kind: 'array', attribute: 'mixpanel_cohorts', comparison: 'includes value', value: id },
    words: `Add the filter Custom Attributes > mixpanel_cohorts > includes value > ${id}.`,
  });
  const halted = importsOf(ago)[0]!.state;
  return [
    cohort(1, '4242', 'Clicked an email, no purchase for 7 days', {
      description: 'Users who clicked an email and bought nothing within a week',
      ...{ members: 9_412, inBraze: 8_790, unmatched: 388, suppressed: 3, refused: 12 },
      ...{ pendingAdds: 214, pendingRemoves: 37 },
      lastSync: sync(11, 3_000, {
        ...{ state: 'receiving', pages: 10, endedAt: null, added: 0, removed: 0 },
        pagesIn: [
          [1, 2],
          [4, 4],
        ],
      }),
    }),
    cohort(2, '4310', 'Bought twice in 30 days', {
      ...{ members: 5_120, inBraze: 9_804, pendingRemoves: 4_684, unmatched: 0 },
      held: { since: ago(42 * MINUTE), removes: 4_684, inBraze: 9_804, why: 'share' },
    }),
    cohort(3, '4377', 'Trial ends this week', {
      ...{ members: 1_204, inBraze: 470, unmatched: 734 },
      warnings: [
        '734 of 1204 members have no id for Braze. Export $braze_external_id in Mixpanel, under Properties to Export.',
      ],
    }),
    cohort(4, '88', 'Gold members', {
      ...{ import: 'loyalty', members: 48_211, inBraze: 48_211, filter: array('88') },
      state: { kind: 'idle' },
    }),
    cohort(5, '91', 'Points about to expire', {
      ...{ import: 'loyalty', members: 0, inBraze: 2_310, pendingRemoves: 2_310 },
      ...{ filter: array('91'), state: { kind: 'idle' } },
      held: { since: ago(12 * MINUTE), removes: 2_310, inBraze: 2_310, why: 'empties' },
    }),
    cohort(9, '97', 'Birthday this month', {
      ...{ import: 'loyalty', members: 640, pendingAdds: 640, writtenAt: null },
      ...{ filter: array('97'), state: { kind: 'idle' } },
      held: { since: ago(30 * MINUTE), removes: 0, inBraze: 0, why: 'full' },
    }),
    cohort(6, '120', 'High intent, all markets', {
      ...{ import: 'audiences', members: 1_048_000, inBraze: 1_031_000, state: halted },
      ...{ pendingAdds: 17_000, lastSync: sync(16, 1_048_000) },
      filter: {
        ...{ kind: 'cohort', attribute: null, comparison: 'includes' },
        value: 'High intent, all markets',
        words: 'Add the filter of the partner acme > includes > High intent, all markets.',
      },
    }),
    cohort(7, '133', 'Winback spring', {
      ...{ import: 'exports', members: 802, inBraze: 0, pendingAdds: 802, writtenAt: null },
      state: { kind: 'paused' },
      filter: {
        ...{ kind: 'file', attribute: null, comparison: null, value: null },
        words:
          'Import the file of this cohort from /var/lib/cohorts in Braze under Audience > Import Users, and make a segment of that import.',
      },
    }),
    cohort(8, '4001', 'Old newsletter test', {
      ...{ members: 300, inBraze: 120, pendingRemoves: 120, clearing: true },
    }),
  ];
}
