import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import type { CohortImportSpec } from './spec.ts';

export interface CohortCheck {
  readonly ok: boolean;
  /** What was found, or exactly what is wrong. */
  readonly detail: string;
}

type Destination = CohortImportSpec['destination'];

/** Tries credentials, or access to a folder, without side effects. */
export async function checkDestination(
  destination: Destination,
  _signal: AbortSignal,
): Promise<CohortCheck> {
  if (destination.kind === 'file') return checkFolder(destination.path);
  throw new UsageError('no_check', `A destination ${destination.kind} can not be tried yet`);
}

async function checkFolder(path: string): Promise<CohortCheck> {
  for (let place = path; ; place = dirname(place)) {
    try {
      await access(place, constants.W_OK | constants.X_OK);
      return { ok: true, detail: `${path} can be written.` };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' && place !== dirname(place)) continue;
      return { ok: false, detail: `${path} can't be written: ${message}` };
    }
  }
}
