package provenance

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
)

// isExperiment reports whether a file is one that the harness plans from, or a sweep file of W&B: YAML whose top level says
// what to run and what to vary or measure, or has a version and a name besides. Its settings are in each trial already, and to add a seed to it makes no result old.
func isExperiment(path string) bool {
	if ext := filepath.Ext(path); ext != ".yaml" && ext != ".yml" {
		return false
	}
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	var runs, varies, version, name bool
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		key, _, ok := strings.Cut(lines.Text(), ":")
		if !ok {
			continue
		}
		switch key {
		case "command", "program", "base":
			runs = true
		case "parameters", "ablations", "seeds", "metrics":
			varies = true
		case "version":
			version = true
		case "name":
			name = true
		}
	}
	return runs && (varies || version && name)
}
