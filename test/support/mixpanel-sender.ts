import { setTimeout as delay } from 'node:timers/promises';
import { cohortCall } from './cohort-call.ts';

export interface MixpanelSender {
  readonly cohortId: string;
  /** Who is in the cohort now, by number. */
  readonly members: ReadonlySet<number>;
  /** Where calls go from now on; undefined: nowhere, they wait. */
  goTo(url: string | undefined): void;
  /** Says everything once more, whole, and ends. Fulfilled with what was counted. */
  end(): Promise<{
    readonly syncs: number;
    readonly acknowledged: number;
    readonly failed: number;
  }>;
}

export interface MixpanelSenderOptions {
  readonly cohortId: string;
  readonly key: string;
  /** Numbers of members are below it. */
  readonly users: number;
  readonly pageSize: number;
  readonly random: () => number;
}

/** Chances that a sync is a whole view, and that a call that failed is given up, so that the sync is made anew. */
const WHOLE = 0.25;
const GIVES_UP = 0.1;
const PAUSE_MS = 30;
const RETRY_MS = 20;

/**
 * Syncs one cohort whose members come and go, as Mixpanel does: a whole view or a difference to the last sync that
 * succeeded, page after page; a call that got no 200 is made again, or the sync is given up and made anew in a session
 * of its own.
 */
export function mixpanelSender(options: MixpanelSenderOptions): MixpanelSender {
  const { cohortId, users, pageSize, random } = options;
  const members = new Set<number>();
  let snapshot: ReadonlySet<number> | undefined;
  /** Set from outside, at any time. */
  const told: { url: string | undefined; isOver: boolean } = { url: undefined, isOver: false };
  let session = 0;
  const counts = { syncs: 0, acknowledged: 0, failed: 0 };

  const changeMembers = (): void => {
    const flips = random() < 0.1 ? users : 1 + Math.floor(random() * 12);
    for (let i = 0; i < flips; i++) {
      const n = Math.floor(random() * users);
      if (!members.delete(n)) members.add(n);
    }
  };

  const isTaken = async (body: unknown): Promise<boolean> => {
    while (told.url === undefined) await delay(RETRY_MS);
    try {
      const response = await fetch(`${told.url}/cohorts/${options.key}`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
      await response.body?.cancel();
      if ([400, 401, 403, 404].includes(response.status))
        throw new Error(`Mixpanel would pause: HTTP ${response.status}`);
      return response.status === 200;
    } catch (error) {
      // No answer: the service is being killed.
      if (error instanceof TypeError) return false;
      throw error;
    }
  };

  /** False: it was given up. */
  const isSent = async (action: string, some: readonly number[], name: string, last: boolean) => {
    const pages = Math.max(1, Math.ceil(some.length / pageSize));
    for (let page = 1; page <= pages; page++) {
      const body = cohortCall(
        cohortId,
        some.slice((page - 1) * pageSize, page * pageSize),
        { mixpanel_session_id: name, page_info: { total_pages: pages, page_count: page } },
        action,
      );
      while (!(await isTaken(body))) {
        counts.failed++;
        if (!last && random() < GIVES_UP) return false;
        await delay(RETRY_MS);
      }
      counts.acknowledged++;
    }
    return true;
  };

  const sync = async (last: boolean): Promise<void> => {
    const name = `${cohortId}-${session++}`;
    const now = new Set(members);
    const since = last || random() < WHOLE ? undefined : snapshot;
    const sent = since
      ? (await isSent(
          'add_members',
          [...now].filter((n) => !since.has(n)),
          name,
          last,
        )) &&
        (await isSent(
          'remove_members',
          [...since].filter((n) => !now.has(n)),
          name,
          last,
        ))
      : await isSent('members', [...now], name, last);
    if (!sent) return;
    counts.syncs++;
    snapshot = now;
  };

  const forever = async (): Promise<void> => {
    while (!told.isOver) {
      changeMembers();
      await sync(false);
      await delay(PAUSE_MS);
    }
    await sync(true);
  };
  const ended = forever();
  ended.catch(() => undefined);
  return {
    cohortId,
    members,
    goTo(to) {
      told.url = to;
    },
    async end() {
      told.isOver = true;
      await ended;
      return counts;
    },
  };
}
