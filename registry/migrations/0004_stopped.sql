-- Trials and attempts may be stopped early. A column's CHECK cannot be changed: each gets a new column in place of the old one.

ALTER TABLE trial RENAME COLUMN state TO old_state;
ALTER TABLE trial ADD COLUMN state TEXT NOT NULL DEFAULT 'queued'
  CHECK (state IN ('queued', 'running', 'done', 'failed', 'interrupted', 'stopped'));
UPDATE trial SET state = old_state;
ALTER TABLE trial DROP COLUMN old_state;

DROP INDEX attempt_running;
ALTER TABLE attempt RENAME COLUMN state TO old_state;
ALTER TABLE attempt ADD COLUMN state TEXT NOT NULL DEFAULT 'running'
  CHECK (state IN ('running', 'done', 'failed', 'interrupted', 'stopped'));
UPDATE attempt SET state = old_state;
ALTER TABLE attempt DROP COLUMN old_state;
CREATE INDEX attempt_running ON attempt (trial) WHERE state = 'running';
