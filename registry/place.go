package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// PlaceName is a file in a home that lies on a network file system, where SQLite's locks are not to be trusted. Its one line names a
// folder on a disk of the machine at hand: there lies registry.db, in a folder for each home. Every machine makes its own from the
// journals.
const PlaceName = "registry.at"

// DatabaseDir is the folder of a home's registry.db: the home itself, unless PlaceName says otherwise.
func DatabaseDir(home string) string {
	root := placeOf(home)
	if root == "" {
		return home
	}
	if real, err := filepath.EvalSymlinks(home); err == nil {
		home = real
	}
	if abs, err := filepath.Abs(home); err == nil {
		home = abs
	}
	sum := sha256.Sum256([]byte(home))
	return filepath.Join(root, "harness-"+hex.EncodeToString(sum[:8]))
}

// placeOf is what PlaceName says; "" where there is no such file.
func placeOf(home string) string {
	data, err := os.ReadFile(filepath.Join(home, PlaceName))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// makePlace makes the folder of the database where it lies elsewhere, and refuses a PlaceName that names none.
func makePlace(home string) error {
	path := filepath.Join(home, PlaceName)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if root := placeOf(home); !filepath.IsAbs(root) || strings.ContainsAny(root, "\n\x00") {
		return fmt.Errorf("open registry: %s: want one line, the absolute path of a folder on a disk of this machine", path)
	}
	if err := os.MkdirAll(DatabaseDir(home), 0o755); err != nil {
		return fmt.Errorf("open registry: %s: %w", path, err)
	}
	return nil
}

// databasePath is where a home's registry.db lies.
func databasePath(home string) string { return filepath.Join(DatabaseDir(home), fileName) }

// elsewhere reports whether other machines may have written rows that this database lacks.
func elsewhere(home string) bool { return placeOf(home) != "" }
