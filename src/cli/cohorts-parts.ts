import type { Command } from 'commander';
import type { manageCohorts } from '../connector.ts';
import type { Cohort } from '../core/cohorts.ts';
import { DATA_DIR_HELP, dataDir } from './options.ts';
import type { Shell } from './shell.ts';

export interface Common {
  dataDir?: string;
  json?: boolean;
}

export interface CohortOptions extends Common {
  import?: string;
}

export type CohortManagement = ReturnType<typeof manageCohorts>;

/** Who does what the command line does, in the audit log. */
const ACTOR = 'the command line';

/** Writes down who changed what. */
export type Note = (action: string, target: string, detail?: string) => Promise<void>;

export function withData(command: Command): Command {
  return command.option('--data-dir <dir>', DATA_DIR_HELP);
}

/** A command for one cohort. */
export function ofCohort(command: Command): Command {
  return withData(command.argument('<cohort>', "Mixpanel's id of it, or its name")).option(
    '--import <name>',
    'where several imports have such a cohort',
  );
}

/** Looks only; another process may be writing. `isServed`: a service works on the folder now. */
export async function looking(
  shell: Shell,
  { dataDir: folder }: Common,
  work: (cohorts: CohortManagement, isServed: boolean) => Promise<void>,
): Promise<void> {
  const { holderOf, keySource, manageCohorts, openBooks } = await import('../connector.ts');
  const place = dataDir(folder, shell.env);
  const state = openBooks(place, keySource(shell.env));
  try {
    await work(manageCohorts({ state, now: Date.now }), holderOf(place) !== undefined);
  } finally {
    state.close();
  }
}

/** Changes something, beside a running service, which follows. */
export async function changing(
  shell: Shell,
  { dataDir: folder }: Common,
  work: (cohorts: CohortManagement, note: Note) => Promise<void>,
): Promise<void> {
  const { keySource, manageCohorts, openControl } = await import('../connector.ts');
  const state = await openControl(dataDir(folder, shell.env), keySource(shell.env));
  try {
    await work(manageCohorts({ state, now: Date.now }), (action, target, detail) =>
      state.access.audit.add({
        ...{ at: Date.now(), actor: ACTOR, action, target, detail: detail ?? null },
      }),
    );
  } finally {
    state.close();
  }
}

/** By Mixpanel's id or by name. Throws StateError `no_such_cohort`, `ambiguous`. */
export function meant(
  cohorts: CohortManagement,
  text: string,
  { import: owner }: CohortOptions,
): Promise<Cohort> {
  return cohorts.find(text, owner);
}

export function targetOf({ import: owner, cohortId }: Cohort): string {
  return `${owner}: ${cohortId}`;
}

/** `2026-07-31 23:59`, UTC. */
export function moment(at: number | null, none = 'never'): string {
  return at === null ? none : new Date(at).toISOString().slice(0, 16).replace('T', ' ');
}
