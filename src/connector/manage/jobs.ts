import type { Job, JobKind } from '../../core/connections.ts';
import { InputError, UsageError } from '../../core/errors.ts';
import { otherKeys } from '../apply.ts';
import { hourOf, parseConnection } from '../connection.ts';
import { type ManagedParts, stored } from './parts.ts';

export interface JobOrder {
  readonly kind: JobKind;
  /** A date or an hour, UTC. */
  readonly since: string;
  readonly until?: string | undefined;
  /** Also when Mixpanel will keep both copies. */
  readonly confirm?: boolean | undefined;
}

/**
 * Orders a backfill or a replay. Throws UsageError `needs_confirmation` when Mixpanel would perhaps keep both copies of
 * what is sent again, InputError and UsageError `no_such_connection`.
 */
export async function orderJob(parts: ManagedParts, name: string, order: JobOrder): Promise<Job> {
  const { state, now } = parts;
  const { spec } = await stored(parts, name);
  const since = hourFrom('since', order.since);
  const until = order.until === undefined ? null : hourFrom('until', order.until);
  if (until !== null && until <= since)
    throw new InputError('empty_window', 'until must lie after since: nothing is between them', [
      { path: 'until', message: 'must lie after since' },
    ]);
  if (order.kind === 'replay' && order.confirm !== true) {
    const window = { since, until: until ?? undefined };
    const { known, unknown } = await otherKeys(state, parseConnection(spec), window);
    const doubt =
      known > 0
        ? `Since then the settings have changed that make the key by which Mixpanel knows a repeat: of ${known} files or segments it would keep both copies.`
        : unknown > 0
          ? `By what settings ${unknown} files or segments of that time went out is not known: if event names or distinct_id have changed, Mixpanel would keep both copies.`
          : undefined;
    if (doubt !== undefined)
      throw new UsageError('needs_confirmation', doubt, {
        hint: 'Send it again with confirm: true if that is what you want.',
      });
  }
  return state.jobs.add({ connection: name, kind: order.kind, since, until }, now());
}

/** Cancels a job that has not ended. Throws UsageError `no_such_job` or `job_ended`. */
export async function cancelJob(parts: ManagedParts, name: string, id: number): Promise<void> {
  const { state, now } = parts;
  const job = await state.books.job(id);
  if (job?.connection !== name) throw new UsageError('no_such_job', `${name} has no job ${id}`);
  if (job.endedAt !== null)
    throw new UsageError('job_ended', `Job ${id} has ended already: ${job.state}`);
  await state.jobs.set(id, 'cancelled', 'cancelled by a person', now());
}

function hourFrom(path: string, text: string): string {
  const hour = hourOf(text);
  if (hour !== undefined) return hour;
  const message = 'a date is written 2026-07-31, an hour 2026-07-31-23 (UTC)';
  throw new InputError('bad_moment', `${path}: ${message}`, [{ path, message }]);
}
