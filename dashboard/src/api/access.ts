// Sessions, users, tokens and the audit log.

export type Role = 'viewer' | 'editor' | 'admin';

export interface SignedIn {
  readonly state: 'signed-in';
  readonly user: { readonly name: string; readonly role: Role };
  /** Null for a token, which needs none. */
  readonly csrf: string | null;
  /** Signed in by a link: a password may be set without the one before. */
  readonly passwordNeeded: boolean;
  readonly version: string;
  readonly oidc: boolean;
}

export interface SignedOut {
  readonly state: 'signed-out' | 'setup-needed';
  readonly version: string;
  readonly oidc: boolean;
}

export type Session = SignedIn | SignedOut;

export interface User {
  readonly name: string;
  readonly role: Role;
  readonly createdAt: string;
  readonly lastSeenAt: string | null;
  readonly disabled: boolean;
  readonly signIn: 'password' | 'oidc';
}

export interface ApiToken {
  readonly id: number;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly lastUsedAt: string | null;
  readonly expiresAt: string | null;
}

export interface AuditEntry {
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly detail: string | null;
}
