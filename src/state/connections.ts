import { hash } from 'node:crypto';
import type Database from 'better-sqlite3';
import type { Connections, StoredConnection } from '../core/connections.ts';
import { StateError } from '../core/errors.ts';
import { within } from './database.ts';
import type { Keyring } from './secrets.ts';

interface Row {
  id: number;
  name: string;
  sealed: Buffer;
  paused: number;
  revision: number;
  createdAt: number;
  updatedAt: number;
}

const SELECT = `SELECT id, name, sealed, paused, revision, created_at AS createdAt, updated_at AS updatedAt
  FROM connections WHERE sealed IS NOT NULL`;

export function createConnections(db: Database.Database, keys: Keyring): Connections {
  const opened = (row: Row): StoredConnection => {
    const { id, name, sealed, paused, revision, createdAt, updatedAt } = row;
    const text = keys.open(sealed, placeOf(id), `the settings of ${name}`);
    const spec: unknown = JSON.parse(text);
    return { name, spec, paused: paused === 1, revision, createdAt, updatedAt };
  };

  const put = db.transaction(
    (...[name, spec, at, paused, expected]: Parameters<Connections['put']>) => {
      if (expected !== undefined) expectRevision(db, name, expected);
      const { id } = db
        .prepare<[string], { id: number }>(
          `INSERT INTO connections (name) VALUES (?) ON CONFLICT (name) DO UPDATE SET name = name RETURNING id`,
        )
        .get(name)!;
      db.prepare(
        `UPDATE connections SET sealed = ?, revision = revision + 1, updated_at = ?,
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

  const setPaused = db.transaction((name: string, paused: boolean, at: number) => {
    const { changes } = db
      .prepare(
        `UPDATE connections SET paused = ?, revision = revision + 1, updated_at = ?
         WHERE name = ? AND sealed IS NOT NULL AND paused <> ?`,
      )
      .run(paused ? 1 : 0, at, name, paused ? 1 : 0);
    if (changes === 0) expectStored(db, name);
  });

  const remove = db.transaction((name: string, at: number) => {
    expectStored(db, name);
    db.prepare(
      `UPDATE connections SET sealed = NULL, paused = 0, revision = revision + 1, updated_at = ? WHERE name = ?`,
    ).run(at, name);
    const owner = '(SELECT id FROM connections WHERE name = ?)';
    db.prepare(`DELETE FROM statuses WHERE connection = ${owner}`).run(name);
    db.prepare(
      `UPDATE jobs SET state = 'cancelled', detail = 'the connection was deleted', ended_at = ?
       WHERE connection = ${owner} AND ended_at IS NULL`,
    ).run(at, name);
  });

  return {
    list: () =>
      within(() => again(() => db.prepare<[], Row>(`${SELECT} ORDER BY name`).all().map(opened))),
    page: ({ after = '', search, limit }) =>
      within(() =>
        again(() =>
          db
            .prepare<unknown[], Row>(
              `${SELECT} AND name > ? ${search === undefined ? '' : "AND name LIKE ? ESCAPE '\\'"} ORDER BY name LIMIT ?`,
            )
            .all(after, ...(search === undefined ? [] : [containing(search)]), limit)
            .map(opened),
        ),
      ),
    get: (name) =>
      within(() =>
        again(() => {
          const row = db.prepare<[string], Row>(`${SELECT} AND name = ?`).get(name);
          return row && opened(row);
        }),
      ),
    put: (...args) => within(() => put.immediate(...args)),
    setPaused: (name, paused, at) => within(() => setPaused.immediate(name, paused, at)),
    remove: (name, at) => within(() => remove.immediate(name, at)),
    revision: () =>
      within(() => {
        // Revisions only rise. Jobs may be pruned, so what tells their states apart is not a mere count.
        const state = db
          .prepare<
            [],
            { connections: number; jobs: number | null; ended: number; last: number | null }
          >(
            `SELECT (SELECT total(revision) FROM connections) AS connections,
               (SELECT seq FROM sqlite_sequence WHERE name = 'jobs') AS jobs,
               (SELECT count(ended_at) FROM jobs) AS ended, (SELECT max(ended_at) FROM jobs) AS last`,
          )
          .get()!;
        return Number.parseInt(hash('sha256', JSON.stringify(state), 'hex').slice(0, 12), 16);
      }),
  };
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
function placeOf(id: number): string {
  return `connections/${id}`;
}

/** A pattern for LIKE. */
function containing(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
}

function expectRevision(db: Database.Database, name: string, expected: number | 'none'): void {
  const revision = db
    .prepare<[string], number>(
      'SELECT revision FROM connections WHERE name = ? AND sealed IS NOT NULL',
    )
    .pluck()
    .get(name);
  if (expected === 'none' && revision !== undefined)
    throw new StateError('exists', `There is a connection ${name} already`, {
      hint: 'Choose another name, or change that one.',
    });
  if (expected !== 'none' && revision !== expected)
    throw new StateError('revision_changed', `${name} was changed by somebody else meanwhile`, {
      hint: 'Read it again, and make your change to what it is now.',
    });
}

function expectStored(db: Database.Database, name: string): void {
  const known = db
    .prepare<[], string>('SELECT name FROM connections WHERE sealed IS NOT NULL ORDER BY name')
    .pluck()
    .all();
  if (!known.includes(name))
    throw new StateError('no_such_connection', `There is no connection ${name}`, {
      hint: `There are: ${known.join(', ') || 'none yet; sluice apply makes them'}`,
    });
}

/** Every sealed spec as it is stored. */
export function sealedConnections(db: Database.Database): Buffer[] {
  return db
    .prepare<[], Buffer>('SELECT sealed FROM connections WHERE sealed IS NOT NULL')
    .pluck()
    .all();
}

/** Seals every spec with the current key. Returns how many had another. One transaction, or part of one. */
export function resealConnections(db: Database.Database, keys: Keyring): number {
  const rows = db.prepare<[], Row>(SELECT).all();
  const save = db.prepare<[Buffer, number]>('UPDATE connections SET sealed = ? WHERE id = ?');
  let changed = 0;
  for (const { id, name, sealed } of rows) {
    if (keys.isCurrent(sealed)) continue;
    const text = keys.open(sealed, placeOf(id), `the settings of ${name}`);
    save.run(keys.seal(text, placeOf(id)), id);
    changed++;
  }
  return changed;
}
