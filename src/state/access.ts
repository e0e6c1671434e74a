import type Database from 'better-sqlite3';
import type { Access, AuditEntry, AuditLog } from '../core/access.ts';
import { within } from './database.ts';
import { createLinks } from './links.ts';
import { createSessions, endOldSessions } from './sessions.ts';
import { createTokens } from './tokens.ts';
import { createUsers } from './users.ts';

const DAY_MS = 86_400_000;

/** Users, their sessions, tokens and one-time links, and who changed what. */
export function createAccess(db: Database.Database): Access {
  const prune = db.transaction((auditDays: number, at: number) => {
    endOldSessions(db, at);
    db.prepare('DELETE FROM links WHERE expires_at <= ?').run(at);
    db.prepare('DELETE FROM tokens WHERE expires_at <= ?').run(at);
    db.prepare('DELETE FROM audit WHERE at <= ?').run(at - auditDays * DAY_MS);
  });
  return {
    users: createUsers(db),
    sessions: createSessions(db),
    tokens: createTokens(db),
    links: createLinks(db),
    audit: createAudit(db),
    prune: (auditDays, at) => within(() => prune.immediate(auditDays, at)),
  };
}

function createAudit(db: Database.Database): AuditLog {
  const add = db.prepare<[number, string, string, string, string | null]>(
    'INSERT INTO audit (at, actor, action, target, detail) VALUES (?, ?, ?, ?, ?)',
  );
  const list = db.prepare<[number | null, number | null, number], AuditEntry>(
    `SELECT id, at, actor, action, target, detail FROM audit WHERE ? IS NULL OR id < ?
     ORDER BY id DESC LIMIT ?`,
  );
  return {
    add: ({ at, actor, action, target, detail }) =>
      within(() => {
        add.run(at, actor, action, target, detail);
      }),
    list: ({ before, limit }) => within(() => list.all(before ?? null, before ?? null, limit)),
  };
}
