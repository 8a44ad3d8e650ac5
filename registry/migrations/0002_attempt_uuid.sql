-- What tells attempts apart beyond this home; empty where the journal is older than the field.

ALTER TABLE attempt ADD COLUMN uuid TEXT NOT NULL DEFAULT '';
