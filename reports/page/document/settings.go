package document

import (
	"fmt"
	"slices"
	"strings"

	"harness/internal/escape"
	"harness/sweeps"
)

// settings are those of the sweep: all of one row, and of every other row what differs.
type settings struct {
	Base string    // the row whose settings are listed whole
	All  []Setting // of Base
	Rows []change
}

// change is in what a row differs from another.
type change struct {
	Row, From string // From "" of Base
	Changes   []string
}

// settingsOf compares the rows of the plan: each with its baseline, or with the base where it has none.
func (c Contents) settingsOf() (settings, error) {
	of := map[string][]Setting{}
	var known []sweeps.Row
	for _, row := range c.Plan.Rows {
		at := slices.IndexFunc(row.Trials, func(id string) bool { return id != "" })
		if at < 0 {
			continue
		}
		list, err := c.SettingsOf(c.Plan.Trial(row.Trials[at]).Spec)
		if err != nil {
			return settings{}, fmt.Errorf("settings of %s: %w", row.Name, err)
		}
		of[row.Name] = list
		known = append(known, row)
	}
	if len(known) == 0 {
		return settings{}, nil
	}
	base := baseOf(known)
	s := settings{Base: escape.Line(base), All: escaped(of[base])}
	for _, row := range known {
		from := row.Baseline
		if of[from] == nil {
			from = base
		}
		line := change{Row: escape.Line(row.Name), From: escape.Line(from), Changes: differences(of[from], of[row.Name])}
		if from == row.Name {
			line.From = ""
		}
		s.Rows = append(s.Rows, line)
	}
	return s, nil
}

// baseOf is the baseline of the first row that has one, or of its baseline, and so on; else the first row.
func baseOf(rows []sweeps.Row) string {
	named := func(name string) int {
		return slices.IndexFunc(rows, func(r sweeps.Row) bool { return r.Name == name })
	}
	at := slices.IndexFunc(rows, func(r sweeps.Row) bool { return named(r.Baseline) >= 0 })
	if at < 0 {
		return rows[0].Name
	}
	for range rows {
		next := named(rows[at].Baseline)
		if next < 0 {
			break
		}
		at = next
	}
	return rows[at].Name
}

func escaped(list []Setting) []Setting {
	clean := make([]Setting, len(list))
	for i, s := range list {
		clean[i] = Setting{escape.Line(s.Path), escape.Line(s.Value)}
	}
	return clean
}

// differences says in what settings differ, a line a path.
func differences(from, to []Setting) []string {
	before, after := byPath(from), byPath(to)
	var paths []string
	for _, list := range [][]Setting{from, to} {
		for _, s := range list {
			if before[s.Path] != after[s.Path] && !slices.Contains(paths, s.Path) {
				paths = append(paths, s.Path)
			}
		}
	}
	slices.Sort(paths)
	var lines []string
	for _, path := range paths {
		lines = append(lines, fmt.Sprintf("%s: %s → %s", escape.Line(path), orUnset(before, path), orUnset(after, path)))
	}
	return lines
}

func byPath(list []Setting) map[string]string {
	of := make(map[string]string, len(list))
	for _, s := range list {
		of[s.Path] = s.Value
	}
	return of
}

func orUnset(of map[string]string, path string) string {
	if value, ok := of[path]; ok {
		return escape.Line(value)
	}
	return "not set"
}

// lines is a text of several lines, without control characters.
func lines(text string) string {
	list := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, line := range list {
		list[i] = strings.ReplaceAll(line, "\t", "    ")
		list[i] = escape.Line(list[i])
	}
	return strings.TrimRight(strings.Join(list, "\n"), "\n")
}
