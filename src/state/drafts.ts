import type Database from 'better-sqlite3';
import type { Draft, Drafts } from '../core/drafts.ts';
import { within } from './database.ts';
import type { Keyring } from './secrets.ts';

/** Forms that nobody comes back to must not gather for ever. */
const MOST = 100;

interface Row {
  readonly id: string;
  readonly sealed: Buffer;
  readonly updatedAt: number;
}

const SELECT = 'SELECT id, sealed, updated_at AS updatedAt FROM drafts';

export function createDrafts(db: Database.Database, keys: Keyring): Drafts {
  const opened = ({ id, sealed, updatedAt }: Row): Draft => {
    const text = keys.open(sealed, placeOf(id), `the draft ${id}`);
    return { ...(JSON.parse(text) as Pick<Draft, 'step' | 'spec'>), id, updatedAt };
  };
  const put = db.transaction(({ id, step, spec, updatedAt }: Draft) => {
    db.prepare<[string, Buffer, number]>(
      `INSERT INTO drafts (id, sealed, updated_at) VALUES (?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at`,
    ).run(id, keys.seal(JSON.stringify({ step, spec }), placeOf(id)), updatedAt);
    db.prepare<[number]>(
      `DELETE FROM drafts WHERE id IN (SELECT id FROM drafts ORDER BY updated_at DESC LIMIT -1 OFFSET ?)`,
    ).run(MOST);
  });
  return {
    list: () =>
      within(() => db.prepare<[], Row>(`${SELECT} ORDER BY updated_at DESC, id`).all().map(opened)),
    get: (id) =>
      within(() => {
        const row = db.prepare<[string], Row>(`${SELECT} WHERE id = ?`).get(id);
        return row && opened(row);
      }),
    put: (draft) => within(() => put.immediate(draft)),
    remove: (id) =>
      within(() => {
        db.prepare<[string]>('DELETE FROM drafts WHERE id = ?').run(id);
      }),
  };
}

function placeOf(id: string): string {
  return `drafts/${id}`;
}

/** Every sealed draft as it is stored. */
export function sealedDrafts(db: Database.Database): Buffer[] {
  return db.prepare<[], Buffer>('SELECT sealed FROM drafts').pluck().all();
}

/** Seals every draft with the current key. One transaction, or part of one. */
export function resealDrafts(db: Database.Database, keys: Keyring): void {
  const save = db.prepare<[Buffer, string]>('UPDATE drafts SET sealed = ? WHERE id = ?');
  for (const { id, sealed } of db.prepare<[], Row>(SELECT).all()) {
    if (keys.isCurrent(sealed)) continue;
    const text = keys.open(sealed, placeOf(id), `the draft ${id}`);
    save.run(keys.seal(text, placeOf(id)), id);
  }
}
