import { setImmediate } from 'node:timers/promises';
import type { CohortUser } from '../../core/cohorts.ts';
import { type CohortParts, cohortOf } from '../cohorts/parts.ts';

export const EXPORT_FORMATS = ['csv', 'ndjson'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

const STEP = 1000;
const COLUMNS = ['member', 'state', 'reason', 'kind', 'id', 'label', 'fields'] as const;

/** Members of a cohort with where each stands, as lines. Throws UsageError `no_such_cohort`, before the first. */
export async function exportUsers(
  parts: CohortParts,
  id: number,
  { format, state }: { readonly format: ExportFormat; readonly state?: CohortUser['state'] },
): Promise<AsyncGenerator<string>> {
  await cohortOf(parts, id);
  const pages = async function* (): AsyncGenerator<string> {
    if (format === 'csv') yield `${COLUMNS.join(',')}\r\n`;
    for (let after: string | undefined; ;) {
      const page = await parts.state.cohorts.users(id, {
        ...(state === undefined ? {} : { state }),
        ...(after === undefined ? {} : { after }),
        limit: STEP,
      });
      if (page.length === 0) return;
      yield page.map(format === 'csv' ? csvLine : jsonLine).join('');
      after = page.at(-1)!.cursor;
      await setImmediate();
    }
  };
  return pages();
}

function jsonLine({ cursor: _cursor, ...user }: CohortUser): string {
  return `${JSON.stringify(user)}\n`;
}

function csvLine({ member, state, reason, user, fields }: CohortUser): string {
  const isAlias = user?.kind === 'user_alias';
  const cells = [
    ...[member, state, reason ?? '', user?.kind ?? ''],
    ...(isAlias ? [user.name, user.label] : [user?.id ?? '', '']),
    JSON.stringify(fields),
  ];
  return `${cells.map(cellOf).join(',')}\r\n`;
}

/** RFC 4180. */
function cellOf(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
