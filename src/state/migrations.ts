import { COHORT_TABLES } from './cohorts/schema.ts';

/** Schema changes in order; the number of a migration is its place, from 1. Never edit one that was released. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE connections (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    epoch INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  CREATE TABLE slices (
    id INTEGER PRIMARY KEY,
    connection INTEGER NOT NULL REFERENCES connections (id),
    slice TEXT NOT NULL,
    version TEXT NOT NULL,
    offset INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    records INTEGER NOT NULL,
    done INTEGER NOT NULL,
    problem TEXT,
    updated_at INTEGER NOT NULL,
    UNIQUE (connection, slice, version)
  ) STRICT;
  CREATE INDEX slices_with_problems ON slices (connection) WHERE problem IS NOT NULL;

  CREATE TABLE counts (
    slice INTEGER NOT NULL REFERENCES slices (id),
    event_type TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (slice, event_type, outcome, reason)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE rollups (
    connection INTEGER NOT NULL REFERENCES connections (id),
    hour INTEGER NOT NULL,
    event_type TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (connection, hour, event_type, outcome, reason)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    slice INTEGER NOT NULL REFERENCES slices (id),
    record INTEGER NOT NULL,
    event_type TEXT NOT NULL,
    cause TEXT NOT NULL,
    detail TEXT NOT NULL,
    kind TEXT NOT NULL,
    payload BLOB NOT NULL,
    at INTEGER NOT NULL,
    retries INTEGER NOT NULL DEFAULT 0,
    UNIQUE (slice, record)
  ) STRICT;
  CREATE INDEX dead_letters_by_cause ON dead_letters (cause, event_type);

  CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    connection INTEGER NOT NULL REFERENCES connections (id),
    epoch INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    state TEXT NOT NULL,
    detail TEXT,
    read INTEGER NOT NULL DEFAULT 0,
    delivered INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0,
    dead_letters INTEGER NOT NULL DEFAULT 0,
    requests INTEGER NOT NULL DEFAULT 0,
    bytes_sent INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX runs_by_connection ON runs (connection, id);
  `,
  `
  ALTER TABLE connections ADD COLUMN sealed BLOB;
  ALTER TABLE connections ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE connections ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE connections ADD COLUMN created_at INTEGER;
  ALTER TABLE connections ADD COLUMN updated_at INTEGER;
  ALTER TABLE connections ADD COLUMN newest_hour TEXT;
  ALTER TABLE connections ADD COLUMN pruned_before TEXT;

  CREATE TABLE mappings (
    id INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE
  ) STRICT;

  ALTER TABLE slices ADD COLUMN hour TEXT;
  ALTER TABLE slices ADD COLUMN mapping INTEGER REFERENCES mappings (id);
  -- Records of it whose counts are in past_counts.
  ALTER TABLE slices ADD COLUMN past_records INTEGER NOT NULL DEFAULT 0;
  -- As the folder source finds the hour of a file.
  UPDATE slices SET hour = substr(slice, instr('/' || slice, '/date=') + 5, 13)
    WHERE '/' || slice LIKE '%/date=%'
      AND substr(slice, instr('/' || slice, '/date=') + 5, 14) GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]-[0-9][0-9]/';
  CREATE INDEX slices_open ON slices (connection, hour) WHERE done = 0;
  CREATE INDEX slices_by_hour ON slices (connection, hour) WHERE hour IS NOT NULL;
  CREATE INDEX slices_to_merge ON slices (connection, updated_at)
    WHERE hour IS NULL AND done = 1 AND past_records < records;

  CREATE TABLE past_counts (
    connection INTEGER NOT NULL REFERENCES connections (id),
    event_type TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (connection, event_type, outcome, reason)
  ) STRICT, WITHOUT ROWID;

  ALTER TABLE runs ADD COLUMN mapping INTEGER REFERENCES mappings (id);

  CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    connection INTEGER NOT NULL REFERENCES connections (id),
    kind TEXT NOT NULL,
    since TEXT NOT NULL,
    until TEXT,
    reached TEXT,
    state TEXT NOT NULL,
    detail TEXT,
    created_at INTEGER NOT NULL,
    ended_at INTEGER
  ) STRICT;
  CREATE INDEX jobs_open ON jobs (connection) WHERE ended_at IS NULL;

  CREATE TABLE statuses (
    connection INTEGER PRIMARY KEY REFERENCES connections (id),
    status TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE alerts (
    connection TEXT NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    since INTEGER NOT NULL,
    told_at INTEGER,
    PRIMARY KEY (connection, kind)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'editor', 'admin')),
    password TEXT,
    subject TEXT UNIQUE,
    disabled INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    seen_at INTEGER
  ) STRICT;

  CREATE TABLE sessions (
    digest BLOB PRIMARY KEY,
    user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    start TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sessions_by_user ON sessions (user);

  CREATE TABLE tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest BLOB NOT NULL UNIQUE,
    user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'editor', 'admin')),
    created_at INTEGER NOT NULL,
    used_at INTEGER,
    expires_at INTEGER
  ) STRICT;
  CREATE INDEX tokens_by_user ON tokens (user);

  CREATE TABLE links (
    digest BLOB PRIMARY KEY,
    -- Null: makes the first admin.
    user INTEGER REFERENCES users (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX links_by_user ON links (user);

  CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT
  ) STRICT;
  CREATE INDEX audit_by_time ON audit (at);
  `,
  `
  CREATE INDEX connections_stored ON connections (name) WHERE sealed IS NOT NULL;
  CREATE INDEX slices_by_connection ON slices (connection);
  CREATE INDEX jobs_by_connection ON jobs (connection);
  CREATE INDEX rollups_unknown ON rollups (connection, event_type, reason)
    WHERE outcome = 'new_field' OR reason = 'uncatalogued';

  ALTER TABLE dead_letters ADD COLUMN connection INTEGER REFERENCES connections (id);
  UPDATE dead_letters SET connection = (SELECT s.connection FROM slices s WHERE s.id = dead_letters.slice);
  -- In order of their ids, as pages show them.
  DROP INDEX dead_letters_by_cause;
  CREATE INDEX dead_letters_by_cause ON dead_letters (cause);
  CREATE INDEX dead_letters_by_connection ON dead_letters (connection);
  CREATE INDEX dead_letters_by_cause_within ON dead_letters (connection, cause);
  CREATE INDEX dead_letters_by_group ON dead_letters (connection, cause, event_type);

  -- How many there are, so that nobody has to count a hundred thousand of them.
  CREATE TABLE dead_letter_groups (
    connection INTEGER NOT NULL REFERENCES connections (id),
    cause TEXT NOT NULL,
    event_type TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (connection, cause, event_type)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO dead_letter_groups
    SELECT connection, cause, event_type, count(*) FROM dead_letters GROUP BY connection, cause, event_type;
  CREATE TRIGGER dead_letter_added AFTER INSERT ON dead_letters BEGIN
    INSERT INTO dead_letter_groups VALUES (new.connection, new.cause, new.event_type, 1)
      ON CONFLICT DO UPDATE SET n = n + 1;
  END;
  CREATE TRIGGER dead_letter_removed AFTER DELETE ON dead_letters BEGIN
    UPDATE dead_letter_groups SET n = n - 1
      WHERE connection = old.connection AND cause = old.cause AND event_type = old.event_type;
    DELETE FROM dead_letter_groups
      WHERE connection = old.connection AND cause = old.cause AND event_type = old.event_type AND n = 0;
  END;
  CREATE TRIGGER dead_letter_refused AFTER UPDATE OF cause ON dead_letters WHEN new.cause <> old.cause BEGIN
    UPDATE dead_letter_groups SET n = n - 1
      WHERE connection = old.connection AND cause = old.cause AND event_type = old.event_type;
    DELETE FROM dead_letter_groups
      WHERE connection = old.connection AND cause = old.cause AND event_type = old.event_type AND n = 0;
    INSERT INTO dead_letter_groups VALUES (new.connection, new.cause, new.event_type, 1)
      ON CONFLICT DO UPDATE SET n = n + 1;
  END;

  -- The largest lag that was noted in an hour.
  CREATE TABLE lags (
    connection INTEGER NOT NULL REFERENCES connections (id),
    hour INTEGER NOT NULL,
    seconds INTEGER NOT NULL,
    PRIMARY KEY (connection, hour)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE drafts (
    id TEXT PRIMARY KEY,
    sealed BLOB NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX drafts_by_age ON drafts (updated_at);
  `,
  COHORT_TABLES,
];
