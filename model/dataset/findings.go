package dataset

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"harness/model/dataset/csvfile"
)

// keyInfoName is the file of Medical-Diff-VQA that lists the findings of each study (FACTS 1.4).
const keyInfoName = "all_diseases.json"

// Findings returns the names of the findings that Medical-Diff-VQA states for each study, sorted. Studies that the file does not
// list are missing; a listed study without findings has an empty list. Without the file the map is nil and there is no error. The labels
// of an open set are findings, too; a set without labels has a nil map.
func (s *Set) Findings() (map[string][]string, error) {
	if s.questions == "" {
		return s.findings, nil
	}
	path := filepath.Join(filepath.Dir(s.questions), keyInfoName)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d := json.NewDecoder(bufio.NewReaderSize(f, 1<<20))
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return nil, fmt.Errorf("%s: want a list of studies", path)
	}
	findings := map[string][]string{}
	for d.More() {
		var study struct {
			ID     json.RawMessage            `json:"study_id"`
			Entity map[string]json.RawMessage `json:"entity"`
		}
		if err := d.Decode(&study); err != nil {
			return nil, fmt.Errorf("%s: entry %d: %w", path, len(findings)+1, err)
		}
		names := make([]string, 0, len(study.Entity))
		for name := range study.Entity {
			names = append(names, name)
		}
		slices.Sort(names)
		findings[unquoted(study.ID)] = names
	}
	if _, err := d.Token(); err != nil { // the closing bracket
		return nil, fmt.Errorf("%s: cut short after %d studies", path, len(findings))
	}
	return findings, nil
}

// unquoted reads an id that is written as a string or as a number.
func unquoted(id json.RawMessage) string {
	text := string(id)
	var quoted string
	if json.Unmarshal(id, &quoted) == nil {
		text = quoted
	}
	if number, ok := csvfile.ParseID(text); ok {
		return number
	}
	return text
}
