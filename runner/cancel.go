package runner

import (
	"fmt"
	"os"
	"path/filepath"
)

// Cancel asks the sweep that runs the trial of the folder dir to stop that trial and to go on with the others.
func Cancel(dir string) error {
	if err := os.WriteFile(filepath.Join(dir, CancelName), nil, 0o644); err != nil {
		return fmt.Errorf("cancel trial: %w", err)
	}
	return nil
}
