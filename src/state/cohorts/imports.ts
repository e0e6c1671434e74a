import type Database from 'better-sqlite3';
import type {
  CohortImports,
  CohortImportStatus,
  ImportKey,
  StoredCohortImport,
} from '../../core/cohorts.ts';
import { StateError } from '../../core/errors.ts';
import { within } from '../database.ts';
import type { Keyring } from '../secrets.ts';

interface Row {
  readonly id: number;
  readonly name: string;
  readonly sealed: Buffer;
  readonly paused: number;
  readonly revision: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

const SELECT = `SELECT id, name, sealed, paused, revision, created_at AS createdAt, updated_at AS updatedAt
  FROM cohort_imports WHERE sealed IS NOT NULL`;
const KEYS = `SELECT k.id, i.name AS import, note, hint, k.created_at AS createdAt, used_at AS usedAt, ends_at AS endsAt
  FROM cohort_keys k JOIN cohort_imports i ON i.id = k.import WHERE i.sealed IS NOT NULL`;
/** The use of a key is noted once in so many milliseconds. */
const NOTE_USE_MS = 60_000;

export function createCohortImports(db: Database.Database, keys: Keyring): CohortImports {
  const opened = ({ id, sealed, paused, ...row }: Row): StoredCohortImport => {
    const text = keys.open(sealed, placeOf(id), `the settings of ${row.name}`);
    return { ...row, spec: JSON.parse(text) as unknown, paused: paused === 1 };
  };
  const ownerOf = (name: string): number => {
    const id = db
      .prepare<[string], number>(
        'SELECT id FROM cohort_imports WHERE name = ? AND sealed IS NOT NULL',
      )
      .pluck()
      .get(name);
    if (id !== undefined) return id;
    const known = db
      .prepare<[], string>('SELECT name FROM cohort_imports WHERE sealed IS NOT NULL ORDER BY name')
      .pluck()
      .all();
    throw new StateError('no_such_import', `There is no cohort import ${name}`, {
      hint: `There are: ${known.join(', ') || 'none yet; sluice apply makes them'}`,
    });
  };

  const put = db.transaction(
    (...[name, spec, at, paused, expected]: Parameters<CohortImports['put']>) => {
      if (expected !== undefined) expectRevision(db, name, expected);
      const { id } = db
        .prepare<[string], { id: number }>(
          `INSERT INTO cohort_imports (name) VALUES (?) ON CONFLICT (name) DO UPDATE SET name = name RETURNING id`,
        )
        .get(name)!;
      db.prepare(
        `UPDATE cohort_imports SET sealed = ?, revision = revision + 1, updated_at = ?,
         created_at = iif(sealed IS NULL, ?, created_at), paused = ifnull(?, paused) WHERE id = ?`,
      ).run(
        keys.seal(JSON.stringify(spec), placeOf(id)),
        at,
        at,
        paused === undefined ? null : Number(paused),
        id,
      );
    },
  );

  const remove = db.transaction((name: string, at: number) => {
    const id = ownerOf(name);
    db.prepare(
      `UPDATE cohort_imports SET sealed = NULL, paused = 0, status = NULL, revision = revision + 1, updated_at = ?
       WHERE id = ?`,
    ).run(at, id);
    db.prepare('DELETE FROM cohort_keys WHERE import = ?').run(id);
    db.prepare('DELETE FROM cohort_suppressed WHERE import = ?').run(id);
    // What they hold goes bit by bit.
    db.prepare(`UPDATE cohorts SET state = 'forgotten' WHERE import = ?`).run(id);
  });

  return {
    list: () => within(() => db.prepare<[], Row>(`${SELECT} ORDER BY name`).all().map(opened)),
    get: (name) =>
      within(() => {
        const row = db.prepare<[string], Row>(`${SELECT} AND name = ?`).get(name);
        return row && opened(row);
      }),
    put: (...args) => within(() => put.immediate(...args)),
    setPaused: (name, paused, at) =>
      within(() => {
        db.prepare(
          `UPDATE cohort_imports SET paused = ?, revision = revision + 1, updated_at = ? WHERE id = ? AND paused <> ?`,
        ).run(Number(paused), at, ownerOf(name), Number(paused));
      }),
    remove: (name, at) => within(() => remove.immediate(name, at)),
    revision: () =>
      within(() =>
        db
          .prepare<[], number>(
            `SELECT (SELECT total(revision) FROM cohort_imports) + (SELECT total(revision) FROM cohorts) * 1048576`,
          )
          .pluck()
          .get()!,
      ),
    addKey: ({ import: name, note, hint, digest, at }) =>
      within(() => {
        const { lastInsertRowid } = db
          .prepare(
            'INSERT INTO cohort_keys (import, note, hint, digest, created_at) VALUES (?, ?, ?, ?, ?)',
          )
          .run(ownerOf(name), note, hint, digest, at);
        return {
          id: Number(lastInsertRowid),
          import: name,
          note,
          hint,
          createdAt: at,
          usedAt: null,
          endsAt: null,
        };
      }),
    keys: (name) =>
      within(() => {
        ownerOf(name);
        return db
          .prepare<[string], ImportKey>(`${KEYS} AND i.name = ? ORDER BY k.id DESC`)
          .all(name);
      }),
    endKey: (name, id, endsAt) =>
      within(() => {
        const { changes } = db
          .prepare(
            'UPDATE cohort_keys SET ends_at = min(ifnull(ends_at, ?), ?) WHERE id = ? AND import = ?',
          )
          .run(endsAt, endsAt, id, ownerOf(name));
        if (changes === 0)
          throw new StateError('no_such_key', `${name} has no key ${id}`, {
            hint: 'See which there are: sluice cohorts keys list.',
          });
      }),
    useKey: (digest, at) =>
      within(() => {
        const key = db
          .prepare<unknown[], ImportKey>(
            `${KEYS} AND digest = ? AND (ends_at IS NULL OR ends_at > ?)`,
          )
          .get(digest, at);
        if (!key) return undefined;
        if (key.usedAt === null || at - key.usedAt >= NOTE_USE_MS)
          db.prepare('UPDATE cohort_keys SET used_at = ? WHERE id = ?').run(at, key.id);
        return key.import;
      }),
    setStatus: (status) =>
      within(() => {
        db.prepare(
          'UPDATE cohort_imports SET status = ? WHERE name = ? AND sealed IS NOT NULL',
        ).run(JSON.stringify(status), status.import);
      }),
    statuses: () =>
      within(() =>
        db
          .prepare<[], string>(
            'SELECT status FROM cohort_imports WHERE status IS NOT NULL ORDER BY name',
          )
          .pluck()
          .all()
          .map((status) => JSON.parse(status) as CohortImportStatus),
      ),
  };
}

function placeOf(id: number): string {
  return `cohort_imports/${id}`;
}

function expectRevision(db: Database.Database, name: string, expected: number | 'none'): void {
  const revision = db
    .prepare<[string], number>(
      'SELECT revision FROM cohort_imports WHERE name = ? AND sealed IS NOT NULL',
    )
    .pluck()
    .get(name);
  if (expected === 'none' && revision !== undefined)
    throw new StateError('exists', `There is a cohort import ${name} already`, {
      hint: 'Choose another name, or change that one.',
    });
  if (expected !== 'none' && revision !== expected)
    throw new StateError('revision_changed', `${name} was changed by somebody else meanwhile`, {
      hint: 'Read it again, and make your change to what it is now.',
    });
}

/** Every sealed spec as it is stored. */
export function sealedImports(db: Database.Database): Buffer[] {
  return db
    .prepare<[], Buffer>('SELECT sealed FROM cohort_imports WHERE sealed IS NOT NULL')
    .pluck()
    .all();
}

/** Seals every spec with the current key. Returns how many had another. One transaction, or part of one. */
export function resealImports(db: Database.Database, keys: Keyring): number {
  const save = db.prepare<[Buffer, number]>('UPDATE cohort_imports SET sealed = ? WHERE id = ?');
  let changed = 0;
  for (const { id, name, sealed } of db.prepare<[], Row>(SELECT).all()) {
    if (keys.isCurrent(sealed)) continue;
    save.run(keys.seal(keys.open(sealed, placeOf(id), `the settings of ${name}`), placeOf(id)), id);
    changed++;
  }
  return changed;
}
