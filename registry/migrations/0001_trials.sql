-- Trials, what was planned with them, what was tried, and what was measured.
-- Times are milliseconds since 1970, UTC. All but plan rows can be read back from the journals.

CREATE TABLE trial (
  no      INTEGER PRIMARY KEY,
  id      TEXT NOT NULL UNIQUE,          -- spec.Trial.ID
  spec    TEXT NOT NULL,                 -- the canonical encoding
  state   TEXT NOT NULL DEFAULT 'queued'
          CHECK (state IN ('queued', 'running', 'done', 'failed', 'interrupted')),
  attempt INTEGER NOT NULL DEFAULT 0,    -- the newest run; 0 = none
  created INTEGER NOT NULL
);

CREATE TABLE sweep (
  no      INTEGER PRIMARY KEY,
  name    TEXT NOT NULL UNIQUE,
  updated INTEGER NOT NULL
);

CREATE TABLE member (                    -- a trial as a row of a sweep
  sweep    INTEGER NOT NULL REFERENCES sweep (no) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  trial    INTEGER NOT NULL REFERENCES trial (no) ON DELETE CASCADE,
  label    TEXT NOT NULL,
  row      TEXT NOT NULL,
  control  TEXT NOT NULL DEFAULT '',
  seed     INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (sweep, position)
) WITHOUT ROWID;
CREATE INDEX member_trial ON member (trial);

CREATE TABLE param (                     -- what the sweep varies
  sweep    INTEGER NOT NULL,
  member   INTEGER NOT NULL,
  position INTEGER NOT NULL,
  path     TEXT NOT NULL,
  value    TEXT NOT NULL,                -- JSON
  text     TEXT NOT NULL,                -- as a table shows it
  PRIMARY KEY (sweep, member, position),
  FOREIGN KEY (sweep, member) REFERENCES member (sweep, position) ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE attempt (
  no          INTEGER PRIMARY KEY,
  trial       INTEGER NOT NULL REFERENCES trial (no) ON DELETE CASCADE,
  number      INTEGER NOT NULL,
  purpose     TEXT NOT NULL DEFAULT 'run' CHECK (purpose IN ('run', 'rerun')),
  state       TEXT NOT NULL DEFAULT 'running'
              CHECK (state IN ('running', 'done', 'failed', 'interrupted')),
  class       TEXT NOT NULL DEFAULT '',  -- of a failure: error, killed, oom, disk, timeout
  error       TEXT NOT NULL DEFAULT '',
  started     INTEGER NOT NULL,
  ended       INTEGER,
  stage       TEXT NOT NULL DEFAULT '',  -- the last that was heard of
  step        INTEGER NOT NULL DEFAULT 0,
  total       INTEGER NOT NULL DEFAULT 0,
  loss        REAL,
  engine      TEXT NOT NULL DEFAULT '',
  threads     INTEGER NOT NULL DEFAULT 0,
  commit_hash TEXT NOT NULL DEFAULT '',
  diff_hash   TEXT NOT NULL DEFAULT '',
  harness     TEXT NOT NULL DEFAULT '',
  binary_hash TEXT NOT NULL DEFAULT '',
  go_version  TEXT NOT NULL DEFAULT '',
  host        TEXT NOT NULL DEFAULT '',
  cpu         TEXT NOT NULL DEFAULT '',
  cores       INTEGER NOT NULL DEFAULT 0,
  gpu         TEXT NOT NULL DEFAULT '',
  driver      TEXT NOT NULL DEFAULT '',
  data_hash   TEXT NOT NULL DEFAULT '',
  exit_code   INTEGER,
  signal      TEXT NOT NULL DEFAULT '',
  peak_memory INTEGER NOT NULL DEFAULT 0, -- bytes
  cpu_seconds REAL NOT NULL DEFAULT 0,
  journal_offset INTEGER NOT NULL DEFAULT 0, -- the journal is in these tables up to here
  journal_seq    INTEGER NOT NULL DEFAULT 0,
  UNIQUE (trial, number)
);

CREATE TABLE key (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);

CREATE TABLE point (
  trial   INTEGER NOT NULL,
  attempt INTEGER NOT NULL,              -- its number
  key     INTEGER NOT NULL REFERENCES key (id),
  step    INTEGER NOT NULL,
  value   REAL,                          -- NULL is NaN
  PRIMARY KEY (trial, attempt, key, step)
) WITHOUT ROWID;

CREATE TABLE summary (                   -- of the points of one attempt; kept by the same transaction
  trial     INTEGER NOT NULL,
  attempt   INTEGER NOT NULL,
  key       INTEGER NOT NULL REFERENCES key (id),
  last_step INTEGER NOT NULL,
  last      REAL,
  min       REAL,
  max       REAL,
  n         INTEGER NOT NULL,
  PRIMARY KEY (trial, attempt, key)
) WITHOUT ROWID;

CREATE TABLE note (
  trial   INTEGER NOT NULL REFERENCES trial (no) ON DELETE CASCADE,
  attempt INTEGER NOT NULL,
  seq     INTEGER NOT NULL,              -- the event's number in the journal
  key     TEXT NOT NULL,
  text    TEXT NOT NULL,
  PRIMARY KEY (trial, attempt, seq)
) WITHOUT ROWID;
