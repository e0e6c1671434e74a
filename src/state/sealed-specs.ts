import type Database from 'better-sqlite3';
import type { StoredConnection } from '../core/connections.ts';
import { StateError } from '../core/errors.ts';
import type { Keyring } from './secrets.ts';

/** A table of specs by name; a name whose spec was deleted stays, without one. */
export interface SpecTable {
  readonly table: 'connections' | 'cohort_imports';
  /** One of them, in words: `connection`. */
  readonly what: string;
  /** Code of the error when there is none of a name. */
  readonly missing: 'no_such_connection' | 'no_such_import';
}

interface Row {
  readonly id: number;
  readonly name: string;
  readonly sealed: Buffer;
  readonly paused: number;
  readonly revision: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What can be done with such a table. Synchronous; what changes is part of a transaction of the caller's. */
export interface SealedSpecs {
  /** In order of name. Throws StateError `wrong_key` when a spec was sealed by a key that is not at hand. */
  list(): StoredConnection[];
  /** Those after a name, in order of name; `search`: only names that hold it, in any case. */
  page(filter: { after?: string; search?: string; limit: number }): StoredConnection[];
  get(name: string): StoredConnection | undefined;
  /** Throws StateError `revision_changed` or `exists`. */
  put(name: string, spec: unknown, at: number, paused?: boolean, expected?: number | 'none'): void;
  setPaused(name: string, paused: boolean, at: number): void;
  /** Forgets the spec; the row stays. Gives its id. */
  forget(name: string, at: number): number;
  /** Throws StateError unless there is one of this name. */
  idOf(name: string): number;
}

export function sealedSpecs(db: Database.Database, keys: Keyring, of: SpecTable): SealedSpecs {
  const { table } = of;
  const select = selectFrom(table);
  const opened = ({ id, sealed, paused, ...row }: Row): StoredConnection => {
    const text = keys.open(sealed, placeOf(table, id), `the settings of ${row.name}`);
    return { ...row, spec: JSON.parse(text) as unknown, paused: paused === 1 };
  };
  const idOf = (name: string): number => {
    const id = db
      .prepare<[string], number>(`SELECT id FROM ${table} WHERE name = ? AND sealed IS NOT NULL`)
      .pluck()
      .get(name);
    if (id !== undefined) return id;
    const known = db
      .prepare<[], string>(`SELECT name FROM ${table} WHERE sealed IS NOT NULL ORDER BY name`)
      .pluck()
      .all();
    throw new StateError(of.missing, `There is no ${of.what} ${name}`, {
      hint: `There are: ${known.join(', ') || 'none yet; sluice apply makes them'}`,
    });
  };

  return {
    idOf,
    list: () => again(() => db.prepare<[], Row>(`${select} ORDER BY name`).all().map(opened)),
    page: ({ after = '', search, limit }) =>
      again(() =>
        db
          .prepare<unknown[], Row>(
            `${select} AND name > ? ${search === undefined ? '' : "AND name LIKE ? ESCAPE '\\'"} ORDER BY name LIMIT ?`,
          )
          .all(after, ...(search === undefined ? [] : [containing(search)]), limit)
          .map(opened),
      ),
    get: (name) =>
      again(() => {
        const row = db.prepare<[string], Row>(`${select} AND name = ?`).get(name);
        return row && opened(row);
      }),
    put(name, spec, at, paused, expected) {
      if (expected !== undefined) expectRevision(db, of, name, expected);
      const { id } = db
        .prepare<[string], { id: number }>(
          `INSERT INTO ${table} (name) VALUES (?) ON CONFLICT (name) DO UPDATE SET name = name RETURNING id`,
        )
        .get(name)!;
      db.prepare(
        `UPDATE ${table} SET sealed = ?, revision = revision + 1, updated_at = ?,
         created_at = iif(sealed IS NULL, ?, created_at), paused = ifnull(?, paused) WHERE id = ?`,
      ).run(
        keys.seal(JSON.stringify(spec), placeOf(table, id)),
        at,
        at,
        paused === undefined ? null : Number(paused),
        id,
      );
    },
    setPaused(name, paused, at) {
      db.prepare(
        `UPDATE ${table} SET paused = ?, revision = revision + 1, updated_at = ? WHERE id = ? AND paused <> ?`,
      ).run(Number(paused), at, idOf(name), Number(paused));
    },
    forget(name, at) {
      const id = idOf(name);
      db.prepare(
        `UPDATE ${table} SET sealed = NULL, paused = 0, revision = revision + 1, updated_at = ? WHERE id = ?`,
      ).run(at, id);
      return id;
    },
  };
}

function selectFrom(table: SpecTable['table']): string {
  return `SELECT id, name, sealed, paused, revision, created_at AS createdAt, updated_at AS updatedAt
    FROM ${table} WHERE sealed IS NOT NULL`;
}

/** Read before a rotation of keys and opened after it, a spec's key is gone: then what is stored now is meant. */
function again<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof StateError && error.code === 'wrong_key')) throw error;
    return read();
  }
}

/** What a sealed spec is bound to: moved to another row, it can't be opened. */
function placeOf(table: SpecTable['table'], id: number): string {
  return `${table}/${id}`;
}

/** A pattern for LIKE. */
export function containing(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
}

function expectRevision(
  db: Database.Database,
  { table, what }: SpecTable,
  name: string,
  expected: number | 'none',
): void {
  const revision = db
    .prepare<[string], number>(
      `SELECT revision FROM ${table} WHERE name = ? AND sealed IS NOT NULL`,
    )
    .pluck()
    .get(name);
  if (expected === 'none' && revision !== undefined)
    throw new StateError('exists', `There is a ${what} ${name} already`, {
      hint: 'Choose another name, or change that one.',
    });
  if (expected !== 'none' && revision !== expected)
    throw new StateError('revision_changed', `${name} was changed by somebody else meanwhile`, {
      hint: 'Read it again, and make your change to what it is now.',
    });
}

/** Every sealed spec as it is stored. */
export function sealedIn(db: Database.Database, table: SpecTable['table']): Buffer[] {
  return db
    .prepare<[], Buffer>(`SELECT sealed FROM ${table} WHERE sealed IS NOT NULL`)
    .pluck()
    .all();
}

/** Seals every spec with the current key. Returns how many had another. One transaction, or part of one. */
export function resealIn(db: Database.Database, table: SpecTable['table'], keys: Keyring): number {
  const save = db.prepare<[Buffer, number]>(`UPDATE ${table} SET sealed = ? WHERE id = ?`);
  let changed = 0;
  for (const { id, name, sealed } of db.prepare<[], Row>(selectFrom(table)).all()) {
    if (keys.isCurrent(sealed)) continue;
    const text = keys.open(sealed, placeOf(table, id), `the settings of ${name}`);
    save.run(keys.seal(text, placeOf(table, id)), id);
    changed++;
  }
  return changed;
}
