/** Who may use the service, and what they did. Times are milliseconds since the epoch. */

/** Each may also do what those before it may. */
export const ROLES = ['viewer', 'editor', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Who makes a request. */
export interface Actor {
  /** Of a token: `<user> (token <name>)`. */
  readonly name: string;
  readonly role: Role;
  readonly via: 'session' | 'token';
}

/** The weaker of two. */
export function weaker(one: Role, other: Role): Role {
  return mayActAs(one, other) ? other : one;
}

/** Whether a role is enough where another is needed. */
export function mayActAs(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

export interface User {
  /** Unique, also without regard to case. */
  readonly name: string;
  readonly role: Role;
  readonly signIn: 'password' | 'oidc';
  readonly disabled: boolean;
  readonly createdAt: number;
  readonly lastSeenAt: number | null;
}

export interface NewUser {
  readonly name: string;
  readonly role: Role;
  /** As a password hasher writes it; null: by link or OIDC only. */
  readonly passwordHash: string | null;
  /** Issuer and subject at the OIDC provider, which stay when a name changes. */
  readonly subject?: string;
}

export interface UserChange {
  readonly role?: Role;
  readonly disabled?: boolean;
  readonly passwordHash?: string | null;
}

/** Throw StateError: `no_such_user`, `user_exists`, and `last_admin` when no enabled admin would be left. */
export interface Users {
  list(): Promise<User[]>;
  get(name: string): Promise<User | undefined>;
  bySubject(subject: string): Promise<User | undefined>;
  /** Undefined also for a user without one. */
  passwordHash(name: string): Promise<string | null | undefined>;
  add(user: NewUser, at: number): Promise<void>;
  /** Whatever really changes ends every session of the user, and the one-time links to it. */
  change(name: string, change: UserChange): Promise<void>;
  /** With sessions, tokens and links. */
  remove(name: string): Promise<void>;
  /** Whether an enabled admin is there; as long as none is, Sluice is to be set up. */
  hasAdmin(): Promise<boolean>;
}

/** How a session began. One that began by a link may set a password without knowing the one before. */
export type SessionStart = 'password' | 'link' | 'oidc';

export interface Session {
  readonly user: string;
  readonly role: Role;
  readonly start: SessionStart;
}

/** Known by the SHA-256 of their ids alone. */
export interface Sessions {
  begin(digest: Uint8Array, user: string, start: SessionStart, at: number): Promise<void>;
  /**
   * Of an enabled user, neither idle nor old beyond the bounds. Also notes that it was used,
   * unless `touch` is false.
   */
  find(digest: Uint8Array, at: number, touch?: boolean): Promise<Session | undefined>;
  end(digest: Uint8Array): Promise<void>;
}

export interface Token {
  readonly id: number;
  readonly name: string;
  /** It never does more than its owner may at the time. */
  readonly role: Role;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
  readonly expiresAt: number | null;
}

/** API tokens, known by their SHA-256 alone. A token works as long as its owner is there and not disabled. */
export interface Tokens {
  list(owner?: string): Promise<Token[]>;
  add(
    digest: Uint8Array,
    token: Pick<Token, 'name' | 'role' | 'createdBy' | 'expiresAt'>,
    at: number,
  ): Promise<Token>;
  /** The role is the weaker of the token's and its owner's. Notes that it was used, unless `touch` is false. */
  find(digest: Uint8Array, at: number, touch?: boolean): Promise<Token | undefined>;
  /** Throws StateError `no_such_token`; with `owner`, also for one of another. */
  remove(id: number, owner?: string): Promise<Token>;
}

/** Links that sign in once, known by the SHA-256 of their tokens alone. */
export interface Links {
  /** To a user, or with null: to make the first admin. */
  add(digest: Uint8Array, user: string | null, expiresAt: number): Promise<void>;
  /** Uses up a link and says whose it is; undefined when it is used, too old, of a disabled user, or none. */
  use(digest: Uint8Array, at: number): Promise<string | undefined>;
  /** Whether a link of the first start is good. */
  isSetUp(digest: Uint8Array, at: number): Promise<boolean>;
  /** Uses up a link of the first start and makes the user; false when the link is no good or an admin is there. */
  setUp(digest: Uint8Array, user: NewUser, at: number): Promise<boolean>;
}

export interface AuditEntry {
  readonly id: number;
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly detail: string | null;
}

export interface AuditLog {
  add(entry: Omit<AuditEntry, 'id'>): Promise<void>;
  /** Newest first, those before an id. */
  list(options: { readonly before?: number; readonly limit: number }): Promise<AuditEntry[]>;
}

export interface Access {
  readonly users: Users;
  readonly sessions: Sessions;
  readonly tokens: Tokens;
  readonly links: Links;
  readonly audit: AuditLog;
  /** Forgets sessions, links and tokens that have ended, and entries of the audit log after so many days. */
  prune(auditDays: number, at: number): Promise<void>;
}
