package registry

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
)

// migrations holds one SQL file a version, NNNN_what.sql. A released file is never changed: a new one follows it.
//
//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the database to the newest version; processes that start together take turns.
func (db *DB) migrate(ctx context.Context) error {
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return err
	}
	if version, err := db.version(ctx); err != nil || version == len(files) {
		return err
	}
	return db.write(ctx, func(tx *sql.Tx) error {
		var version int // again: another process may have been faster
		if err := tx.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
			return fmt.Errorf("migrate registry: %w", err)
		}
		for ; version < len(files); version++ {
			name := files[version].Name()
			statements, err := migrations.ReadFile("migrations/" + name)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, string(statements)); err != nil {
				return fmt.Errorf("migrate registry: %s: %w", name, err)
			}
		}
		if _, err := tx.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version = %d`, version)); err != nil {
			return fmt.Errorf("migrate registry: %w", err)
		}
		return nil
	})
}

// version is the number of migrations that the database has seen; more than we know is an error.
func (db *DB) version(ctx context.Context) (int, error) {
	var version int
	if err := db.sql.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return 0, fmt.Errorf("open registry: %w", err)
	}
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return 0, err
	}
	if version > len(files) {
		return 0, fmt.Errorf("open registry: it has version %d, this program knows %d: use a newer harness", version, len(files))
	}
	return version, nil
}

// checkVersion refuses what a reader cannot read.
func (db *DB) checkVersion(ctx context.Context) error {
	version, err := db.version(ctx)
	if err != nil {
		return err
	}
	if files, _ := migrations.ReadDir("migrations"); version < len(files) {
		return fmt.Errorf("open registry: it is of an older version: run a sweep once to bring it up to date")
	}
	return nil
}
