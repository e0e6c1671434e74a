import type { CohortAction } from '../../src/core/cohorts.ts';

/** One call of the webhook; members by number. */
export interface ModelCall {
  readonly action: CohortAction;
  readonly session: string;
  readonly page?: number;
  readonly pages?: number;
  readonly members: readonly number[];
}

interface Said {
  readonly seq: number;
  readonly action: CohortAction;
  readonly session: string;
  readonly of: number;
  readonly pages: Map<number, readonly number[]>;
  state: 'open' | 'done' | 'ended';
}

/** What Mixpanel said, by the rules alone: of each member the last complete sync that tells of it, by when it began. */
export function cohortModel() {
  let seq = 0;
  const syncs: Said[] = [];
  const newest = (session: string, action: CohortAction): Said | undefined =>
    syncs.findLast((each) => each.session === session && each.action === action);
  const isOutdated = ({ seq: begun }: Said): boolean =>
    syncs.some((each) => each.action === 'members' && each.state === 'done' && each.seq > begun);
  return {
    call({ action, session, page = 1, pages = 1, members }: ModelCall) {
      seq++;
      let sync = newest(session, action);
      if (sync && JSON.stringify(sync.pages.get(page)) === JSON.stringify(members)) return;
      // The rest of what is outdated.
      if (sync?.state === 'ended' && sync.of === pages && !sync.pages.has(page)) return;
      if (sync?.state === 'open' && sync.of !== pages) sync.state = 'ended';
      if (sync?.state !== 'open') {
        sync = { seq, action, session, of: pages, pages: new Map(), state: 'open' };
        syncs.push(sync);
      }
      if (isOutdated(sync)) {
        sync.state = 'ended';
        return;
      }
      sync.pages.set(page, members);
      if (sync.pages.size === pages) sync.state = 'done';
      else if (action !== 'members') {
        const twin = newest(session, action === 'add_members' ? 'remove_members' : 'add_members');
        const both = new Set([...sync.pages.keys(), ...(twin?.pages.keys() ?? [])]);
        if (twin?.of !== pages || both.size < pages) return;
        sync.state = 'done';
        if (twin.state === 'open') twin.state = 'done';
      }
      if (action === 'members' && sync.state === 'done')
        for (const each of syncs)
          if (each.state === 'open' && each.seq < sync.seq) each.state = 'ended';
    },
    members(): Set<number> {
      const inside = new Set<number>();
      const done = syncs.filter(({ state }) => state === 'done');
      for (const { action, pages } of done.toSorted((x, y) => x.seq - y.seq)) {
        if (action === 'members') inside.clear();
        for (const n of [...pages.values()].flat())
          if (action === 'remove_members') inside.delete(n);
          else inside.add(n);
      }
      return inside;
    },
  };
}
