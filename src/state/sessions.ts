import type Database from 'better-sqlite3';
import type { Session, Sessions } from '../core/access.ts';
import { within } from './database.ts';
import { userId } from './users.ts';

const IDLE_MS = 12 * 3_600_000;
const OLDEST_MS = 7 * 86_400_000;
/** That something was used is noted at most so often: each note is a write to the disk. */
export const NOTE_EVERY_MS = 60_000;

interface Row extends Session {
  readonly userId: number;
  readonly seenAt: number;
}

export function createSessions(db: Database.Database): Sessions {
  const find = db.prepare<[Uint8Array, number, number], Row>(
    `SELECT u.name AS user, u.role, s.start, u.id AS userId, s.seen_at AS seenAt
     FROM sessions s JOIN users u ON u.id = s.user
     WHERE s.digest = ? AND u.disabled = 0 AND s.seen_at > ? AND s.created_at > ?`,
  );
  const note = db.transaction((digest: Uint8Array, user: number, at: number) => {
    db.prepare('UPDATE sessions SET seen_at = ? WHERE digest = ?').run(at, digest);
    noteUser(db, user, at);
  });
  const begin = db.transaction(
    (digest: Uint8Array, user: string, start: Session['start'], at: number) => {
      const id = userId(db, user);
      endOldSessions(db, at);
      db.prepare(
        'INSERT INTO sessions (digest, user, start, created_at, seen_at) VALUES (?, ?, ?, ?, ?)',
      ).run(digest, id, start, at, at);
      noteUser(db, id, at);
    },
  );
  return {
    begin: (digest, user, start, at) => within(() => begin.immediate(digest, user, start, at)),
    find: (digest, at, touch = true) =>
      within(() => {
        const row = find.get(digest, at - IDLE_MS, at - OLDEST_MS);
        if (!row) return undefined;
        if (touch && at - row.seenAt >= NOTE_EVERY_MS) note.immediate(digest, row.userId, at);
        return { user: row.user, role: row.role, start: row.start };
      }),
    end: (digest) =>
      within(() => {
        db.prepare('DELETE FROM sessions WHERE digest = ?').run(digest);
      }),
  };
}

export function endOldSessions(db: Database.Database, at: number): void {
  db.prepare('DELETE FROM sessions WHERE seen_at <= ? OR created_at <= ?').run(
    ...[at - IDLE_MS, at - OLDEST_MS],
  );
}

function noteUser(db: Database.Database, id: number, at: number): void {
  db.prepare('UPDATE users SET seen_at = ? WHERE id = ?').run(at, id);
}
