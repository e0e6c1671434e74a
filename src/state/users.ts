import type Database from 'better-sqlite3';
import type { NewUser, User, UserChange, Users } from '../core/access.ts';
import { StateError } from '../core/errors.ts';
import { translated, within } from './database.ts';

const SELECT = `SELECT name, role, CASE WHEN subject IS NULL THEN 'password' ELSE 'oidc' END AS signIn,
  disabled, created_at AS createdAt, seen_at AS lastSeenAt FROM users`;

type UserRow = Omit<User, 'disabled'> & { readonly disabled: number };

interface Stored {
  readonly id: number;
  readonly role: User['role'];
  readonly disabled: number;
  readonly password: string | null;
}

export function createUsers(db: Database.Database): Users {
  const change = db.transaction((name: string, to: UserChange) => {
    const user = storedUser(db, name);
    const role = to.role ?? user.role;
    const disabled = to.disabled === undefined ? user.disabled : Number(to.disabled);
    const password = to.passwordHash === undefined ? user.password : to.passwordHash;
    const isSame = role === user.role && disabled === user.disabled;
    if (isSame && to.passwordHash === undefined) return;
    const hadAdmin = hasAdmin(db);
    db.prepare('UPDATE users SET role = ?, disabled = ?, password = ? WHERE id = ?').run(
      ...[role, disabled, password, user.id],
    );
    if (hadAdmin) expectAdmin(db, name);
    db.prepare('DELETE FROM sessions WHERE user = ?').run(user.id);
    db.prepare('DELETE FROM links WHERE user = ?').run(user.id);
  });
  const remove = db.transaction((name: string) => {
    const user = storedUser(db, name);
    const hadAdmin = hasAdmin(db);
    db.prepare('DELETE FROM users WHERE id = ?').run(user.id);
    if (hadAdmin) expectAdmin(db, name);
  });
  const one = (where: string, value: string): User | undefined => {
    const row = db.prepare<[string], UserRow>(`${SELECT} WHERE ${where} = ?`).get(value);
    return row && userOf(row);
  };
  return {
    list: () => within(() => db.prepare<[], UserRow>(`${SELECT} ORDER BY name`).all().map(userOf)),
    get: (name) => within(() => one('name', name)),
    bySubject: (subject) => within(() => one('subject', subject)),
    passwordHash: (name) =>
      within(() =>
        db
          .prepare<[string], string | null>('SELECT password FROM users WHERE name = ?')
          .pluck()
          .get(name),
      ),
    add: (user, at) => within(() => insertUser(db, user, at)),
    change: (name, to) => within(() => change.immediate(name, to)),
    remove: (name) => within(() => remove.immediate(name)),
    hasAdmin: () => within(() => hasAdmin(db)),
  };
}

/** Throws StateError `user_exists`. */
export function insertUser(
  db: Database.Database,
  { name, role, passwordHash, subject }: NewUser,
  at: number,
): void {
  const { changes } = translated(() =>
    db
      .prepare(
        `INSERT INTO users (name, role, password, subject, created_at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING`,
      )
      .run(name, role, passwordHash, subject ?? null, at),
  );
  if (changes === 0)
    throw new StateError('user_exists', `There is a user ${name} already`, {
      hint: 'Names that differ in case only are the same. Choose another one, or change the user that is there.',
    });
}

export function hasAdmin(db: Database.Database): boolean {
  return (
    db
      .prepare<[], number>(`SELECT 1 FROM users WHERE role = 'admin' AND disabled = 0 LIMIT 1`)
      .pluck()
      .get() !== undefined
  );
}

/** The number of a user by its name. Throws StateError `no_such_user`. */
export function userId(db: Database.Database, name: string): number {
  return storedUser(db, name).id;
}

function storedUser(db: Database.Database, name: string): Stored {
  const user = db
    .prepare<[string], Stored>('SELECT id, role, disabled, password FROM users WHERE name = ?')
    .get(name);
  if (user) return user;
  throw new StateError('no_such_user', `There is no user ${name}`, {
    hint: 'Those there are: sluice users list',
  });
}

function expectAdmin(db: Database.Database, name: string): void {
  if (hasAdmin(db)) return;
  throw new StateError('last_admin', `${name} is the last admin`, {
    hint: 'Make another user an admin first.',
  });
}

function userOf({ disabled, ...user }: UserRow): User {
  return { ...user, disabled: disabled === 1 };
}
