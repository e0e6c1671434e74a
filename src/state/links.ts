import type Database from 'better-sqlite3';
import type { Links, NewUser } from '../core/access.ts';
import { within } from './database.ts';
import { hasAdmin, insertUser, userId } from './users.ts';

export function createLinks(db: Database.Database): Links {
  const use = db.transaction((digest: Uint8Array, at: number) => {
    const link = db
      .prepare<[Uint8Array, number], { name: string; disabled: number }>(
        `SELECT u.name, u.disabled FROM links l JOIN users u ON u.id = l.user
         WHERE l.digest = ? AND l.expires_at > ?`,
      )
      .get(digest, at);
    if (!link) return undefined;
    db.prepare('DELETE FROM links WHERE digest = ?').run(digest);
    return link.disabled === 1 ? undefined : link.name;
  });
  const setUp = db.transaction((digest: Uint8Array, user: NewUser, at: number) => {
    if (hasAdmin(db)) return false;
    const { changes } = db
      .prepare('DELETE FROM links WHERE digest = ? AND user IS NULL AND expires_at > ?')
      .run(digest, at);
    if (changes === 0) return false;
    insertUser(db, user, at);
    db.prepare('DELETE FROM links WHERE user IS NULL').run();
    return true;
  });
  const add = db.transaction((digest: Uint8Array, user: string | null, expiresAt: number) => {
    const id = user === null ? null : userId(db, user);
    // Whoever needs a new one has lost the one before, or fears that somebody else has it.
    db.prepare('DELETE FROM links WHERE user IS ?').run(id);
    db.prepare('INSERT INTO links (digest, user, expires_at) VALUES (?, ?, ?)').run(
      ...[digest, id, expiresAt],
    );
  });
  return {
    add: (digest, user, expiresAt) => within(() => add.immediate(digest, user, expiresAt)),
    use: (digest, at) => within(() => use.immediate(digest, at)),
    isSetUp: (digest, at) =>
      within(
        () =>
          db
            .prepare('SELECT 1 FROM links WHERE digest = ? AND user IS NULL AND expires_at > ?')
            .get(digest, at) !== undefined,
      ),
    setUp: (digest, user, at) => within(() => setUp.immediate(digest, user, at)),
  };
}
