import type { BrazeUser } from '../../core/cohorts.ts';
import { keyOfUser } from '../../core/cohorts.ts';
import { isRecord } from '../mixpanel/text.ts';
import type { ProfileStore } from './profiles.ts';

/** A cohort as the partner endpoints made it. */
export interface PartnerCohort {
  name: string;
  readonly createdAt: string;
  /** How often it was created: once, and again for each rename. */
  creations: number;
  /** Keys (`keyOfUser`) of its members. */
  readonly members: Set<string>;
}

/** By cohort_id. */
export type PartnerCohorts = Map<string, PartnerCohort>;

const MAX_IDS = 1000;

/** A refusal: the text of a 400. */
export class PartnerError extends Error {}

function textOf(body: Record<string, unknown>, name: string): string {
  const value = body[name];
  if (typeof value !== 'string' || value === '') throw new PartnerError(`${name} is invalid`);
  return value;
}

/** `POST /partners/<name>/cohorts`. Throws PartnerError. */
export function createCohort(body: Record<string, unknown>, cohorts: PartnerCohorts): void {
  const id = textOf(body, 'cohort_id');
  const name = textOf(body, 'name');
  const createdAt = textOf(body, 'created_at');
  if (!/^\d{4}-\d\d-\d\dT/.test(createdAt) || Number.isNaN(Date.parse(createdAt)))
    throw new PartnerError('created_at is invalid');
  const known = cohorts.get(id);
  if (known) {
    known.name = name;
    known.creations++;
  } else cohorts.set(id, { name, createdAt, creations: 1, members: new Set() });
}

interface Change {
  readonly users: BrazeUser[];
  /** Ids in it; those of devices match nobody here. */
  readonly ids: number;
  readonly remove: boolean;
}

/**
 * `POST /partners/<name>/cohorts/users`. Users that do not exist are passed over silently. Throws PartnerError, also
 * where Braze documents no refusal but says that the order is not kept: one user added and removed by one request.
 */
export function changeMembers(
  body: Record<string, unknown>,
  cohorts: PartnerCohorts,
  profiles: ProfileStore,
): number {
  const id = textOf(body, 'cohort_id');
  const list = body['cohort_changes'];
  if (!Array.isArray(list)) throw new PartnerError('cohort_changes is incorrectly formatted');
  const changes = list.map(changeOf);
  const ids = changes.reduce((sum, change) => sum + change.ids, 0);
  if (ids > MAX_IDS) throw new PartnerError(`cohort_changes has more than ${MAX_IDS} ids`);
  const directions = new Map<string, boolean>();
  for (const { users, remove } of changes)
    for (const user of users) {
      const key = keyOfUser(user);
      if ((directions.get(key) ?? remove) !== remove)
        throw new PartnerError('one user is added and removed at once');
      directions.set(key, remove);
    }
  if (changes.length === 0) return 0;
  const cohort = cohorts.get(id);
  if (!cohort) throw new PartnerError('cohort_id is invalid');
  for (const { users, remove } of changes)
    for (const user of users) {
      if (profiles.find(user) === undefined) continue;
      if (remove) cohort.members.delete(keyOfUser(user));
      else cohort.members.add(keyOfUser(user));
    }
  return ids;
}

function changeOf(value: unknown): Change {
  const wrong = new PartnerError('cohort_changes is incorrectly formatted');
  if (!isRecord(value)) throw wrong;
  const { user_ids: ids, device_ids: devices, aliases, should_remove: remove = false } = value;
  const known = ['user_ids', 'device_ids', 'aliases', 'should_remove'];
  if (Object.keys(value).some((key) => !known.includes(key)) || typeof remove !== 'boolean')
    throw wrong;
  const users: BrazeUser[] = [];
  const deviceIds = listOf(devices, wrong);
  for (const each of listOf(ids, wrong)) {
    if (typeof each !== 'string' || each === '') throw wrong;
    users.push({ kind: 'external_id', id: each });
  }
  for (const each of listOf(aliases, wrong)) {
    if (!isRecord(each)) throw wrong;
    const { alias_name: name, alias_label: label } = each;
    if (typeof name !== 'string' || typeof label !== 'string') throw wrong;
    users.push({ kind: 'user_alias', label, name });
  }
  const all = users.length + deviceIds.length;
  if (all === 0) throw wrong;
  return { users, ids: all, remove };
}

/** A list that is there must not be empty. */
function listOf(value: unknown, wrong: PartnerError): unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length === 0) throw wrong;
  return value;
}
