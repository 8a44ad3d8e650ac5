// Package experiments holds the experiment files that come with the harness, and the published numbers.
//
//	Names      the built-in experiments, in alphabetical order
//	Find       the full name for a name or the part before the first dash (table4)
//	Read       the file of one of them
//	Published  what the paper and the literature report, to print beside our own numbers
//
// The files have the form of a user's own (package sweeps); nothing here knows what stands in them.
package experiments

import (
	"bytes"
	"embed"
	"encoding/csv"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

//go:embed *.yaml
var files embed.FS

//go:embed published.csv
var published []byte

// Names lists the built-in experiments.
func Names() []string {
	paths, err := fs.Glob(files, "*.yaml")
	if err != nil {
		panic("experiments: " + err.Error()) // the pattern is constant
	}
	names := make([]string, len(paths))
	for i, path := range paths {
		names[i] = strings.TrimSuffix(path, ".yaml")
	}
	return names
}

// Find returns the full name of a built-in experiment; the part before its first dash will do.
func Find(name string) (string, error) {
	for _, full := range Names() {
		if short, _, _ := strings.Cut(full, "-"); name == full || name == short {
			return full, nil
		}
	}
	return "", fmt.Errorf("no experiment %q: want a file, or one of %s", name, strings.Join(Names(), ", "))
}

// Read returns the file of a built-in experiment, named as for Find.
func Read(name string) ([]byte, error) {
	full, err := Find(name)
	if err != nil {
		return nil, err
	}
	return files.ReadFile(full + ".yaml")
}

// Number is one published figure.
type Number struct {
	Table  string // table1 … table6, or literature
	Row    string
	Metric string // key as the trials record it
	Value  float64
	Source string
}

// Published lists the published figures in the order of their tables.
func Published() ([]Number, error) {
	rows, err := csv.NewReader(bytes.NewReader(published)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read published.csv: %w", err)
	}
	var numbers []Number
	for i, row := range rows[1:] { // behind the heading
		value, err := strconv.ParseFloat(row[3], 64)
		if err != nil {
			return nil, fmt.Errorf("published.csv: line %d: %w", i+2, err)
		}
		numbers = append(numbers, Number{Table: row[0], Row: row[1], Metric: row[2], Value: value, Source: row[4]})
	}
	return numbers, nil
}
