import { cpSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TypeCounts } from '../../src/core/counts.ts';
import type { Run, SliceProblem, SliceProgress, StoredDeadLetter } from '../../src/core/ledger.ts';
import type { Slice } from '../../src/core/source.ts';

const FIXTURE = fileURLToPath(new URL('../fixtures/data-v1', import.meta.url));
/** Part of the versions of its files. */
const WRITTEN_AT = 1_768_000_000;

/** What the Sluice that wrote the fixture said of it. */
export interface DataV1 {
  readonly totals: Readonly<Record<string, TypeCounts>>;
  readonly problems: readonly SliceProblem[];
  readonly slices: readonly { slice: Slice; progress: SliceProgress }[];
  readonly deadLetters: readonly (Omit<StoredDeadLetter, 'payload'> & { payload: string })[];
  readonly runs: readonly Run[];
}

export function expectedV1(): DataV1 {
  return JSON.parse(readFileSync(join(FIXTURE, 'expected.json'), 'utf8')) as DataV1;
}

/** A data folder as data version 1 left it: 16 exported files, ten dead letters, a file that breaks off. */
export function copyDataV1(folder: string): void {
  cpSync(join(FIXTURE, 'sluice.db'), join(folder, 'sluice.db'));
}

/** The files that were exported into it, of the same versions. */
export function copyCurrentsV1(folder: string): void {
  cpSync(join(FIXTURE, 'currents'), folder, { recursive: true });
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const file = join(folder, name);
    if (statSync(file).isFile()) utimesSync(file, WRITTEN_AT, WRITTEN_AT);
  }
}
