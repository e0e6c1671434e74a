/** Tables of cohorts: a migration, never to be edited once it is released. */
export const COHORT_TABLES = `
  CREATE TABLE cohort_imports (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    -- Null: deleted.
    sealed BLOB,
    paused INTEGER NOT NULL DEFAULT 0,
    revision INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER,
    updated_at INTEGER,
    status TEXT
  ) STRICT;

  CREATE TABLE cohort_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    import INTEGER NOT NULL REFERENCES cohort_imports (id),
    note TEXT NOT NULL,
    hint TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    used_at INTEGER,
    ends_at INTEGER
  ) STRICT;
  CREATE INDEX cohort_keys_by_import ON cohort_keys (import);

  CREATE TABLE cohorts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    import INTEGER NOT NULL REFERENCES cohort_imports (id),
    cohort_id TEXT NOT NULL,
    project_id TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('live', 'clearing', 'forgotten')),
    created_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    written_at INTEGER,
    -- Rises with each thing that is said of it; rows note by which they were last changed.
    seq INTEGER NOT NULL DEFAULT 0,
    -- Rises with each wish of a person.
    revision INTEGER NOT NULL DEFAULT 0,
    -- Fingerprint of how its members are identified; the row up to which they are identified anew, null when all are.
    identity TEXT,
    identity_cursor INTEGER,
    -- Fingerprint of where it is written to; null: not known yet.
    destination TEXT,
    -- Users are noted as to be written anew, up to the cursor: there again, or at another place.
    rewrite TEXT CHECK (rewrite IN ('resync', 'move')),
    rewrite_cursor INTEGER NOT NULL DEFAULT 0,
    announced TEXT,
    -- Removals up to this seq need no approval.
    approved_seq INTEGER NOT NULL DEFAULT 0,
    hold TEXT,
    members INTEGER NOT NULL DEFAULT 0,
    unmatched INTEGER NOT NULL DEFAULT 0,
    suppressed INTEGER NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0,
    in_braze INTEGER NOT NULL DEFAULT 0,
    pending_adds INTEGER NOT NULL DEFAULT 0,
    pending_removes INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE UNIQUE INDEX cohorts_known ON cohorts (import, cohort_id) WHERE state <> 'forgotten';
  CREATE INDEX cohorts_forgotten ON cohorts (id) WHERE state = 'forgotten';

  CREATE TABLE cohort_members (
    id INTEGER PRIMARY KEY,
    cohort INTEGER NOT NULL REFERENCES cohorts (id),
    member TEXT NOT NULL,
    -- Key of the Braze user; null: unmatched, for this reason.
    user TEXT,
    reason TEXT,
    fields TEXT NOT NULL,
    seq INTEGER NOT NULL,
    -- Left, and kept only so that a full view that began earlier does not bring it back.
    gone INTEGER NOT NULL DEFAULT 0,
    UNIQUE (cohort, member)
  ) STRICT;
  CREATE INDEX cohort_members_unmatched ON cohort_members (cohort, member) WHERE user IS NULL AND gone = 0;
  CREATE INDEX cohort_members_gone ON cohort_members (cohort, member) WHERE gone = 1;

  CREATE TABLE cohort_users (
    id INTEGER PRIMARY KEY,
    cohort INTEGER NOT NULL REFERENCES cohorts (id),
    user TEXT NOT NULL,
    -- Members that are this user.
    holders INTEGER NOT NULL,
    suppressed INTEGER NOT NULL,
    -- 0: out in Braze, 1: in, 2: was out and a write is in doubt, 3: was in, or perhaps, and a write is in doubt.
    sent INTEGER NOT NULL DEFAULT 0,
    refusal TEXT,
    again_at INTEGER,
    -- By which it last came or went.
    seq INTEGER NOT NULL,
    written_at INTEGER NOT NULL DEFAULT 0,
    -- The member by which it last came.
    member TEXT NOT NULL,
    UNIQUE (cohort, user)
  ) STRICT;
  CREATE INDEX cohort_users_to_write ON cohort_users (cohort, (holders > 0 AND suppressed = 0), written_at)
    WHERE refusal IS NULL AND sent <> (holders > 0 AND suppressed = 0);
  CREATE INDEX cohort_users_again ON cohort_users (cohort, again_at) WHERE again_at IS NOT NULL;
  CREATE INDEX cohort_users_refused ON cohort_users (cohort, user) WHERE refusal IS NOT NULL;
  CREATE INDEX cohort_users_suppressed ON cohort_users (cohort, user) WHERE suppressed = 1;
  CREATE INDEX cohort_users_out ON cohort_users (cohort, written_at)
    WHERE holders = 0 AND sent = 0 AND refusal IS NULL;

  CREATE TABLE cohort_syncs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    cohort INTEGER NOT NULL REFERENCES cohorts (id),
    action TEXT NOT NULL,
    session TEXT NOT NULL,
    state TEXT NOT NULL,
    -- The cohort's seq when its first page came.
    seq INTEGER NOT NULL,
    pages INTEGER NOT NULL,
    members INTEGER NOT NULL DEFAULT 0,
    added INTEGER NOT NULL DEFAULT 0,
    removed INTEGER NOT NULL DEFAULT 0,
    began_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    ended_at INTEGER
  ) STRICT;
  CREATE INDEX cohort_syncs_by_session ON cohort_syncs (cohort, session, action, id);
  CREATE INDEX cohort_syncs_open ON cohort_syncs (cohort, seq) WHERE state IN ('receiving', 'applying');

  CREATE TABLE cohort_pages (
    sync INTEGER NOT NULL REFERENCES cohort_syncs (id),
    page INTEGER NOT NULL,
    digest BLOB NOT NULL,
    members INTEGER NOT NULL,
    -- Of a full view that is not applied yet: its members as JSON, deflated.
    staged BLOB,
    UNIQUE (sync, page)
  ) STRICT;
  CREATE INDEX cohort_pages_staged ON cohort_pages (sync) WHERE staged IS NOT NULL;

  CREATE TABLE cohort_sizes (
    cohort INTEGER NOT NULL REFERENCES cohorts (id),
    minute INTEGER NOT NULL,
    members INTEGER NOT NULL,
    in_braze INTEGER NOT NULL,
    PRIMARY KEY (cohort, minute)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE cohort_suppressed (
    import INTEGER NOT NULL REFERENCES cohort_imports (id),
    user TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (import, user)
  ) STRICT, WITHOUT ROWID;
`;
