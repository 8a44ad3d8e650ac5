CREATE TABLE rollup (                    -- a stretch of a long curve, added up; kept by the transaction that adds its points
  trial   INTEGER NOT NULL,
  attempt INTEGER NOT NULL,              -- its number
  key     INTEGER NOT NULL REFERENCES key (id),
  first   INTEGER NOT NULL,              -- a multiple of 64 × grain: the stretch is the 64 × grain steps from here on
  grain   INTEGER NOT NULL,              -- steps that are added up into one sum
  sums    BLOB NOT NULL,                 -- rollup.go
  UNIQUE (trial, attempt, key, first)
);
