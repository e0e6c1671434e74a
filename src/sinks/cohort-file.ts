import { createHash } from 'node:crypto';
import { access, constants, open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { BrazeUser, CohortSink } from '../core/cohorts.ts';
import type { Answer } from '../core/sink.ts';
import { type CohortFileSettings, cohortFileSettings } from './braze-settings.ts';
import {
  bodyOf,
  changesOf,
  type PlacedChange,
  REFUSED_FOR_GOOD,
  rejectionsOf,
} from './cohort-lines.ts';

/** Braze takes CSV files of 500 MB; these stay small enough to be held in memory. */
const LIMITS = { events: 100_000, bytes: 64 * 1024 * 1024 } as const;

/** Faults that last until a person mends something. */
const LASTING = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP']);

/** Cohorts as files, to be imported by hand. */
export const cohortFileSink = {
  name: 'file',
  title: 'Files',
  summary: 'Cohorts as CSV files that Braze imports without data points, or as NDJSON',
  settings: cohortFileSettings,
  example: { path: '/var/lib/sluice/cohorts' },
  open: openCohortFile,
};

interface NamedFile {
  readonly name: string;
  readonly content: string | Uint8Array;
}

/**
 * Each body becomes one NDJSON file of its lines, or a CSV file for those who enter and one for those who leave, and
 * for each way in which Braze knows them, since it takes one in a file. They are named after the cohort and a digest
 * of the body, so that a body that is sent again writes the same files, and appear whole or not at all.
 */
function openCohortFile({ path, format }: CohortFileSettings): CohortSink {
  return {
    name: 'file',
    perCohort: 1,
    limits: LIMITS,
    rates: { eventsPerSecond: Infinity, bytesPerMinute: Infinity },
    pack: (lines, events) => Promise.resolve(bodyOf(lines, events)),
    unpack: (body) => Promise.resolve(body.wire),
    async send(body, signal): Promise<Answer> {
      signal.throwIfAborted();
      const { cohort, changes } = changesOf(body);
      const name = `${nameOf(cohort.id)}-${digestOf(body.wire)}`;
      const rejections =
        format === 'ndjson'
          ? []
          : rejectionsOf(
              changes.filter(({ user }) => user.kind === 'email'),
              REFUSED_FOR_GOOD,
              'files for Braze name users by external id, Braze id or user alias alone',
            );
      const files =
        format === 'ndjson'
          ? [{ name: `${name}.ndjson`, content: body.wire }]
          : csvFiles(name, changes);
      try {
        for (const file of files) await writeWhole(path, file);
      } catch (error) {
        const { code } = error as { code?: unknown };
        if (typeof code !== 'string') throw error;
        const detail = `${path}: ${(error as Error).message}.`;
        return LASTING.has(code)
          ? {
              kind: 'halt',
              detail: `${detail} Check that the folder exists and can be written to.`,
            }
          : { kind: 'retry', detail };
      }
      return { kind: 'settled', rejections };
    },
    close: () => Promise.resolve(),
  };
}

/** An id that could be anything, as a part of a file name; the digest tells apart what becomes alike. */
function nameOf(cohortId: string): string {
  return `cohort-${cohortId.replace(/[^\w-]/g, '_').slice(0, 100)}`;
}

/** Of the lines, each of which names its cohort. */
function digestOf(lines: Uint8Array): string {
  return createHash('sha256').update(lines).digest('hex').slice(0, 16);
}

type CsvKind = Exclude<BrazeUser['kind'], 'email'>;

/** Columns that Braze's CSV import knows a user by; an alias needs both of its own. */
const COLUMNS: Readonly<Record<CsvKind, readonly string[]>> = {
  external_id: ['external_id'],
  braze_id: ['braze_id'],
  user_alias: ['user_alias_name', 'user_alias_label'],
};

function csvFiles(name: string, changes: readonly PlacedChange[]): NamedFile[] {
  const kinds = Object.keys(COLUMNS) as CsvKind[];
  return kinds.flatMap((kind) =>
    [true, false].flatMap((member) => {
      const users = changes
        .filter((each) => each.user.kind === kind && each.member === member)
        .map(({ user }) => user);
      if (users.length === 0) return [];
      const rows = [COLUMNS[kind], ...users.map(fieldsOf)];
      const content = rows.map((row) => `${row.map(csvField).join(',')}\n`).join('');
      return [{ name: `${name}-${kind}-${member ? 'add' : 'remove'}.csv`, content }];
    }),
  );
}

function fieldsOf(user: BrazeUser): readonly string[] {
  return user.kind === 'user_alias' ? [user.name, user.label] : [user.id];
}

/**
 * RFC 4180. An id that a spreadsheet would take for a formula is quoted, which changes nothing of it; a character that
 * would keep a spreadsheet from it would make it another id.
 */
function csvField(text: string): string {
  return /[",\r\n]|^[\s=+\-@]|\s$|^$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

async function writeWhole(folder: string, { name, content }: NamedFile): Promise<void> {
  const part = join(folder, `.${name}.part`);
  const file = await open(part, 'w', 0o640);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, join(folder, name));
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Whether the folder exists and can be written to; writes nothing. */
export async function checkCohortFile(
  { path }: CohortFileSettings,
  signal: AbortSignal,
): Promise<{ ok: boolean; detail: string }> {
  signal.throwIfAborted();
  try {
    if (!(await stat(path)).isDirectory()) return { ok: false, detail: `${path} is no folder.` };
    await access(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (typeof (error as { code?: unknown }).code !== 'string') throw error;
    return { ok: false, detail: `${path}: ${(error as Error).message}.` };
  }
  return { ok: true, detail: 'The folder can be written to.' };
}
