import type * as Api from '../src/api.ts';
import { type Answer, type Call, done, missing, ok, pageOf } from './answer.ts';
import type { World } from './world.ts';

/** Calls under `/cohorts`. */
export function cohorts(
  { cohort, now }: World,
  { method, query, body }: Call,
  [id, what]: string[],
): Answer {
  if (id === undefined) {
    const search = (query.get('search') ?? '').toLowerCase();
    const owner = query.get('import');
    const found = cohort.cohorts
      .filter((each) => owner === null || each.import === owner)
      .filter((each) => `${each.name} ${each.cohortId}`.toLowerCase().includes(search))
      .map(({ state: _s, lastSync: _l, filter: _f, warnings: _w, ...row }) => row);
    return ok(pageOf(found, query));
  }
  const found = cohort.cohorts.find((each) => each.id === Number(id));
  if (!found) return missing;
  const put = (changed: Partial<Api.CohortDetail>) => {
    cohort.cohorts = cohort.cohorts.map((each) =>
      each === found ? { ...each, ...changed } : each,
    );
  };
  switch (what) {
    case undefined:
      if (method !== 'DELETE') return ok(found);
      if (query.get('clear') === 'true') put({ clearing: true });
      else cohort.cohorts = cohort.cohorts.filter((each) => each !== found);
      return done;
    case 'sizes':
      return ok({ items: sizesOf(found, now, query.get('since')) });
    case 'syncs':
      return ok(pageOf(syncsOf(found, now), query));
    case 'users':
      return ok(
        pageOf(
          usersOf(found).filter(
            ({ state, member, user }) =>
              (query.get('state') ?? state) === state &&
              [member, user && 'id' in user ? user.id : ''].some((each) =>
                each.startsWith(query.get('search') ?? ''),
              ),
          ),
          query,
        ),
      );
    case 'reasons':
      return ok({ items: reasonsOf(found) });
    case 'dry-run':
      return ok(dryRunOf(found));
    case 'approve':
      put({ held: null });
      return done;
    case 'resync': {
      const writes = found.inBraze + found.pendingAdds + found.refused;
      return body['confirm'] === true
        ? ok({ writes })
        : {
            problem: {
              ...{ status: 409, code: 'needs_confirmation' },
              detail: `Everybody is written again: ${writes} writes, about ${writes} data points`,
            },
          };
    }
    case 'export':
      return {
        status: 200,
        type: 'text/csv',
        body: 'member,state,reason,kind,id,label,fields\r\n',
      };
    default:
      return missing;
  }
}

function sizesOf(cohort: Api.CohortDetail, now: number, since: string | null): Api.CohortSize[] {
  const from = since === null ? 0 : Date.parse(since);
  const steps = 120;
  return Array.from({ length: steps }, (_, i) => {
    const share = 0.62 + (0.38 * i) / steps + 0.05 * Math.sin(i / 6 + cohort.id);
    const size = Math.max(cohort.members, cohort.inBraze);
    return {
      at: new Date(now - (steps - i) * 6 * 3_600_000).toISOString(),
      members: Math.round(size * share),
      inBraze: Math.round(size * share * (cohort.unmatched > 700 ? 0.39 : 0.95)),
    };
  }).filter(({ at }) => Date.parse(at) >= from);
}

function syncsOf(cohort: Api.CohortDetail, now: number): Api.CohortSync[] {
  if (!cohort.lastSync) return [];
  const before = Array.from({ length: 12 }, (_, i): Api.CohortSync => {
    const at = new Date(now - (i + 1) * 1_800_000).toISOString();
    const pages = i === 11 ? 10 : 1;
    const isShort = i === 4;
    return {
      id: cohort.id * 100 - i,
      action: i === 11 ? 'members' : i % 2 === 0 ? 'add_members' : 'remove_members',
      session: `s-${i}`,
      state: isShort ? 'expired' : i === 9 ? 'outdated' : 'done',
      pages: isShort ? 4 : pages,
      pagesIn: isShort ? [[1, 2]] : [[1, pages]],
      members: i === 11 ? 9_204 : 40 + i * 13,
      added: isShort || i % 2 === 1 ? 0 : 40 + i * 11,
      removed: isShort || i % 2 === 0 ? 0 : 12 + i * 5,
      beganAt: at,
      receivedAt: at,
      endedAt: at,
    };
  });
  return [cohort.lastSync, ...before];
}

const KINDS: readonly Api.CohortUserState[] = [
  ...(['in', 'in', 'in', 'pending_add', 'in', 'unmatched'] as const),
  ...(['in', 'pending_remove', 'refused', 'in', 'suppressed', 'unmatched'] as const),
];
const BRAZE_SAYS = 'Provided external_id is blacklisted and disallowed.';

function usersOf(cohort: Api.CohortDetail): Api.CohortUser[] {
  return Array.from({ length: Math.min(400, cohort.members) }, (_, i) => {
    const state = KINDS[i % KINDS.length]!;
    const isUnmatched = state === 'unmatched';
    const isDevice = isUnmatched && i % 2 === 1;
    const member = isDevice ? `$device:19b6-${i}` : `user-${1000 + i}`;
    return {
      member,
      user: isUnmatched ? null : { kind: 'external_id', id: `user-${1000 + i}` },
      state,
      reason: isUnmatched
        ? isDevice
          ? 'device_id'
          : 'no_id'
        : state === 'refused'
          ? BRAZE_SAYS
          : null,
      fields: {
        mixpanel_distinct_id: member,
        email: `user${i}@example.com`,
        first_name: 'Ana',
        ...(isUnmatched ? {} : { $braze_external_id: `user-${1000 + i}` }),
      },
    };
  });
}

function reasonsOf({ unmatched, refused }: Api.CohortDetail): Api.CohortReason[] {
  const all: Api.CohortReason[] = [
    { kind: 'unmatched', reason: 'device_id', n: Math.round(unmatched * 0.7) },
    { kind: 'unmatched', reason: 'no_id', n: unmatched - Math.round(unmatched * 0.7) },
    { kind: 'refused', reason: BRAZE_SAYS, n: refused },
  ];
  return all.filter(({ n }) => n > 0);
}

function dryRunOf({ pendingAdds, pendingRemoves, held, ...cohort }: Api.CohortDetail) {
  const writes = pendingAdds + pendingRemoves;
  const some = (n: number, change: 'add' | 'remove') =>
    usersOf({ ...cohort, pendingAdds, pendingRemoves, held, members: 40 })
      .filter(({ user }) => user !== null)
      .slice(change === 'add' ? 0 : 10, (change === 'add' ? 0 : 10) + Math.min(10, n))
      .map((user) => ({ ...user, change }));
  const run: Api.CohortDryRun = {
    ...{ adds: pendingAdds, removes: pendingRemoves, writes },
    dataPoints: cohort.filter?.kind === 'file' ? 0 : writes,
    guard: {
      verdict: held
        ? 'held'
        : pendingRemoves === 0
          ? 'none'
          : cohort.id === 1
            ? 'unsettled'
            : 'free',
      why: held?.why ?? null,
      words: '',
    },
    sample: [...some(pendingAdds, 'add'), ...some(pendingRemoves, 'remove')],
  };
  return run;
}
