import type { Newest, SliceLine, SliceState } from '../../core/books.ts';
import type { Alert, Job } from '../../core/connections.ts';
import type { Run } from '../../core/ledger.ts';
import type { CheckLine } from '../check.ts';
import { parseConnection, destinationOf } from '../connection.ts';
import { sendTestEvents, type TestReport } from '../test-events.ts';
import { listDrafts, readDraft, saveDraft } from './drafts.ts';
import { changeConnection, createConnection } from './edit.ts';
import { manageCohorts } from './cohort-management.ts';
import { type Estimate, estimate } from './estimate.ts';
import { describeEvent, eventLibrary } from './event-library.ts';
import { createBalance, figures, typesOf } from './figures.ts';
import { checkedParts, checkGiven, type GivenParts } from './given.ts';
import { cancelJob, orderJob } from './jobs.ts';
import {
  discardLetters,
  exportLetters,
  letterGroups,
  listLetters,
  readLetter,
  retryLetters,
} from './letters.ts';
import { describeConnection, listConnections } from './listing.ts';
import { startLive } from './live.ts';
import { type ManagedParts, stored } from './parts.ts';
import { previewSource, type RealPreview } from './real-preview.ts';
import { describeService } from './service-view.ts';
import { unknowns } from './unknown.ts';
import { InputError } from '../../core/errors.ts';

/** Everything that a person may see and do, for whoever puts it on a page. See the functions for what each throws. */
export type Management = ReturnType<typeof manage>;

const PREVIEW_LINES = 20;

export function manage(parts: ManagedParts) {
  const { state, now } = parts;
  const live = startLive(parts.service, now);
  const known = async (name: string): Promise<void> => void (await stored(parts, name));
  const begun = now();

  return {
    connections: {
      list: (filter: Parameters<typeof listConnections>[1]) => listConnections(parts, filter),
      get: (name: string) => describeConnection(parts, name),
      create: (input: unknown, draft?: string) => createConnection(parts, input, draft),
      change: (...args: Tail<typeof changeConnection>) => changeConnection(parts, ...args),
      remove: (name: string) => state.connections.remove(name, now()),
      setPaused: (name: string, paused: boolean) =>
        state.connections.setPaused(name, paused, now()),
      balance: createBalance(parts),
      figures: (name: string, period: Parameters<typeof figures>[3]) =>
        figures(parts, live, name, period),
      types: (name: string) => typesOf(parts, name),
      async slices(
        name: string,
        filter: Newest & { state?: SliceState | undefined },
      ): Promise<SliceLine[]> {
        await known(name);
        return state.books.slices(name, filter);
      },
      async runs(name: string, filter: Newest): Promise<Run[]> {
        await known(name);
        return state.books.runs(name, filter);
      },
      /** One event of each selected type, marked as a test. */
      async test(name: string, signal: AbortSignal): Promise<TestReport> {
        const spec = parseConnection((await stored(parts, name)).spec);
        const { settings, salt } = spec;
        const { backoffMs } = parts;
        return sendTestEvents(
          {
            ...{ destination: destinationOf(spec), settings, salt, now: now() },
            ...(backoffMs === undefined ? {} : { backoffMs }),
          },
          signal,
        );
      },
    },
    cohorts: manageCohorts(parts),
    jobs: {
      async list(name: string, filter: Newest): Promise<Job[]> {
        await known(name);
        return state.books.jobs(name, filter);
      },
      order: (...args: Tail<typeof orderJob>) => orderJob(parts, ...args),
      cancel: (name: string, id: number) => cancelJob(parts, name, id),
    },
    check: (given: GivenParts, signal: AbortSignal): Promise<CheckLine[]> =>
      checkGiven(parts, given, signal),
    async estimate(given: GivenParts, signal: AbortSignal): Promise<Estimate> {
      const { source } = await checkedParts(parts, given);
      return estimate(parts, source ?? missing('source'), given.name, signal);
    },
    async preview(
      given: GivenParts & { readonly limit?: number | undefined },
      signal: AbortSignal,
    ): Promise<RealPreview> {
      const { limit = PREVIEW_LINES, ...rest } = given;
      const { source = missing('source'), settings, salt } = await checkedParts(parts, rest);
      return previewSource(
        parts,
        {
          ...{ connection: given.name, source, salt, limit },
          settings: settings ?? missing('settings'),
        },
        signal,
      );
    },
    drafts: {
      list: () => listDrafts(parts),
      get: (id: string) => readDraft(parts, id),
      put: (...args: Tail<typeof saveDraft>) => saveDraft(parts, ...args),
      remove: (id: string) => state.drafts.remove(id),
    },
    letters: {
      groups: (connection?: string) => letterGroups(parts, connection),
      list: (filter: Parameters<typeof listLetters>[1]) => listLetters(parts, filter),
      get: (id: number) => readLetter(parts, id),
      export: (filter: Parameters<typeof exportLetters>[1]) => exportLetters(parts, filter),
      retry: (...args: Tail<typeof retryLetters>) => retryLetters(parts, ...args),
      discard: (choice: Parameters<typeof discardLetters>[1]) => discardLetters(parts, choice),
    },
    events: { list: eventLibrary, get: describeEvent, unknown: () => unknowns(parts) },
    service: () => describeService(parts, begun),
    alerts: (): Promise<Alert[]> => state.alerts.list(),
    /** Calls back every second, the first time at once; gives what ends it. */
    follow: live.follow,
    stop: () => live.stop(),
  };
}

type Tail<F> = F extends (parts: ManagedParts, ...rest: infer Rest) => unknown ? Rest : never;

function missing(path: string): never {
  throw new InputError('bad_connection', `${path} is missing`, [{ path, message: 'is missing' }]);
}
