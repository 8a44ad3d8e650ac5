package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"harness/registry"
)

// openRegistry opens the registry for writing and says so when it had to be rebuilt.
func openRegistry(ctx context.Context, log io.Writer, home string) (*registry.DB, error) {
	db, err := registry.Open(ctx, home)
	if err != nil {
		return nil, withHint(err, "choose a folder that can be written with --home DIR or $HARNESS_HOME")
	}
	sayRebuilt(log, db)
	return db, nil
}

func sayRebuilt(log io.Writer, db *registry.DB) {
	if db.Rebuilt > 0 {
		fmt.Fprintf(log, "registry.db was missing: rebuilt from %d journals\n", db.Rebuilt)
	}
	for _, damage := range db.Damaged {
		fmt.Fprintf(log, "damaged journal, read up to there: %v\n", damage)
	}
}
