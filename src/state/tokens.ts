import type Database from 'better-sqlite3';
import { type Role, type Token, type Tokens, weaker } from '../core/access.ts';
import { StateError } from '../core/errors.ts';
import { within } from './database.ts';
import { NOTE_EVERY_MS } from './sessions.ts';
import { userId } from './users.ts';

const SELECT = `SELECT t.id, t.name, t.role, u.name AS createdBy, t.created_at AS createdAt,
  t.used_at AS lastUsedAt, t.expires_at AS expiresAt FROM tokens t JOIN users u ON u.id = t.user`;

export function createTokens(db: Database.Database): Tokens {
  const one = (id: number | bigint): Token | undefined =>
    db.prepare<[number | bigint], Token>(`${SELECT} WHERE t.id = ?`).get(id);
  const find = db.prepare<[Uint8Array, number], Token & { readonly ownerRole: Role }>(
    `${SELECT.replace('SELECT', 'SELECT u.role AS ownerRole,')}
     WHERE t.digest = ? AND u.disabled = 0 AND (t.expires_at IS NULL OR t.expires_at > ?)`,
  );
  const note = db.prepare<[number, number]>('UPDATE tokens SET used_at = ? WHERE id = ?');
  const remove = db.transaction((id: number, owner: string | undefined) => {
    const token = one(id);
    if (!token || (owner !== undefined && token.createdBy !== owner))
      throw new StateError('no_such_token', `There is no token ${id}`);
    db.prepare('DELETE FROM tokens WHERE id = ?').run(id);
    return token;
  });
  return {
    list: (owner) =>
      within(() =>
        db
          .prepare<[string | null, string | null], Token>(
            `${SELECT} WHERE ? IS NULL OR u.name = ? ORDER BY t.id`,
          )
          .all(owner ?? null, owner ?? null),
      ),
    add: (digest, { name, role, createdBy, expiresAt }, at) =>
      within(() => {
        const { lastInsertRowid } = db
          .prepare(
            'INSERT INTO tokens (digest, user, name, role, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)',
          )
          .run(digest, userId(db, createdBy), name, role, at, expiresAt);
        return one(lastInsertRowid)!;
      }),
    find: (digest, at, touch = true) =>
      within(() => {
        const row = find.get(digest, at);
        if (!row) return undefined;
        const { ownerRole, ...token } = row;
        if (touch && at - (token.lastUsedAt ?? 0) >= NOTE_EVERY_MS) note.run(at, token.id);
        return { ...token, role: weaker(token.role, ownerRole) };
      }),
    remove: (id, owner) => within(() => remove.immediate(id, owner)),
  };
}
