-- Whole plans beside their members; whose numbers count; what people note about a trial; one row of results an attempt.

ALTER TABLE trial ADD COLUMN result     INTEGER NOT NULL DEFAULT 0;  -- the newest run that is done, after redo_after; 0 = none
ALTER TABLE trial ADD COLUMN merged     INTEGER NOT NULL DEFAULT 0;  -- its numbers go on from those of the run before
ALTER TABLE trial ADD COLUMN redo_after INTEGER NOT NULL DEFAULT 0;  -- attempts up to here are history
ALTER TABLE trial ADD COLUMN tags       TEXT NOT NULL DEFAULT '';    -- a JSON list, or nothing
ALTER TABLE trial ADD COLUMN note       TEXT NOT NULL DEFAULT '';

ALTER TABLE sweep RENAME TO old_sweep;
CREATE TABLE sweep (
  no      INTEGER PRIMARY KEY,
  handle  TEXT NOT NULL UNIQUE,
  name    TEXT NOT NULL,
  file    TEXT NOT NULL DEFAULT '',
  options TEXT NOT NULL DEFAULT '',
  harness TEXT NOT NULL DEFAULT '',
  plan    TEXT NOT NULL DEFAULT '',      -- JSON, or nothing where the sweep is older than the column
  planned INTEGER NOT NULL,
  digest  TEXT NOT NULL DEFAULT ''       -- of all that was planned; nothing = plan it anew
);
INSERT INTO sweep (no, handle, name, planned) SELECT no, name, name, updated FROM old_sweep;

ALTER TABLE member RENAME TO old_member;
CREATE TABLE member (                    -- a trial as a row of a sweep
  no       INTEGER PRIMARY KEY,
  sweep    INTEGER NOT NULL REFERENCES sweep (no) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  trial    INTEGER NOT NULL REFERENCES trial (no) ON DELETE CASCADE,
  label    TEXT NOT NULL,
  row      TEXT NOT NULL,
  control  TEXT NOT NULL DEFAULT '',
  seed     INTEGER NOT NULL DEFAULT 0,
  params   TEXT NOT NULL DEFAULT '{}',   -- what the sweep varies: a JSON object in the sweep's order
  former   INTEGER NOT NULL DEFAULT 0,   -- 1 = a plan before this one wanted it
  UNIQUE (sweep, position)
);
INSERT INTO member (sweep, position, trial, label, row, control, seed, params)
  SELECT m.sweep, m.position, m.trial, m.label, m.row, m.control, m.seed,
    '{' || COALESCE((SELECT group_concat(json_quote(p.path) || ':' || p.value, ',')
      FROM (SELECT path, value FROM param WHERE sweep = m.sweep AND member = m.position ORDER BY position) p), '') || '}'
  FROM old_member m ORDER BY m.sweep, m.position;
DROP TABLE param;
DROP TABLE old_member;
DROP TABLE old_sweep;
CREATE INDEX member_trial ON member (trial);

CREATE TABLE provenance (                -- what code ran on what machine; attempts share it
  no          INTEGER PRIMARY KEY,
  commit_hash TEXT NOT NULL,
  diff_hash   TEXT NOT NULL,
  harness     TEXT NOT NULL,
  binary_hash TEXT NOT NULL,
  go_version  TEXT NOT NULL,
  host        TEXT NOT NULL,
  cpu         TEXT NOT NULL,
  cores       INTEGER NOT NULL,
  gpu         TEXT NOT NULL,
  driver      TEXT NOT NULL,
  code        TEXT NOT NULL DEFAULT '',  -- digest of a snapshot
  kernels     TEXT NOT NULL DEFAULT ''
);
CREATE INDEX provenance_code ON provenance (code, commit_hash, binary_hash, host);
INSERT INTO provenance (commit_hash, diff_hash, harness, binary_hash, go_version, host, cpu, cores, gpu, driver)
  SELECT DISTINCT commit_hash, diff_hash, harness, binary_hash, go_version, host, cpu, cores, gpu, driver FROM attempt;

ALTER TABLE attempt ADD COLUMN dir        TEXT NOT NULL DEFAULT '';     -- the folder that it worked in
ALTER TABLE attempt ADD COLUMN resumed    INTEGER;                      -- it goes on from the run before it: after this step, -1 = not told
ALTER TABLE attempt ADD COLUMN provenance INTEGER NOT NULL DEFAULT 0;   -- provenance.no
UPDATE attempt SET provenance = (SELECT p.no FROM provenance p WHERE p.commit_hash = attempt.commit_hash
    AND p.diff_hash = attempt.diff_hash AND p.harness = attempt.harness AND p.binary_hash = attempt.binary_hash
    AND p.go_version = attempt.go_version AND p.host = attempt.host AND p.cpu = attempt.cpu
    AND p.cores = attempt.cores AND p.gpu = attempt.gpu AND p.driver = attempt.driver);
ALTER TABLE attempt DROP COLUMN commit_hash;
ALTER TABLE attempt DROP COLUMN diff_hash;
ALTER TABLE attempt DROP COLUMN harness;
ALTER TABLE attempt DROP COLUMN binary_hash;
ALTER TABLE attempt DROP COLUMN go_version;
ALTER TABLE attempt DROP COLUMN host;
ALTER TABLE attempt DROP COLUMN cpu;
ALTER TABLE attempt DROP COLUMN cores;
ALTER TABLE attempt DROP COLUMN gpu;
ALTER TABLE attempt DROP COLUMN driver;
CREATE INDEX attempt_running ON attempt (trial) WHERE state = 'running';

DROP TABLE summary;
CREATE TABLE result (                    -- what the metrics of one attempt came to; kept by the transaction that adds points
  attempt INTEGER PRIMARY KEY REFERENCES attempt (no) ON DELETE CASCADE,
  metrics BLOB NOT NULL                  -- a summary a metric: results.go
);
