package view

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"harness/internal/nearest"
	"harness/sweeps/condition"
)

// filterNames are the names of a filter that stand alone; others begin with metrics. or params.
var filterNames = []string{"id", "state", "sweep", "label", "row", "control", "seed", "tags", "note", "attempts", "error",
	"started", "ended", "took", "diverged"}

// FilterNames lists the names of a filter that stand alone.
func FilterNames() []string { return slices.Clone(filterNames) }

// FilterHelp says what a filter is, for who gives one.
const FilterHelp = `A filter is a condition in the language of "when" and "exclude":
  harness ls --filter 'metrics.acc > 0.9 and params.lr == 0.1 and state == "done"'
Names: id, state, sweep, label, row, control, seed, tags (a list: 'best' in tags), note, attempts, error, started and ended
(text such as 2026-01-31T10:00:00Z), took (seconds), diverged (a metric is NaN or infinite), params.NAME and metrics.NAME. What a trial lacks equals nothing, and so
does NaN.`

// MisuseError is a filter, an order or a name of a column that the user has given wrong.
type MisuseError struct {
	Given string // the flag or the field that it was given by
	Err   error
}

func (e *MisuseError) Error() string { return e.Given + ": " + e.Err.Error() }
func (e *MisuseError) Unwrap() error { return e.Err }

func misused(given, format string, args ...any) error {
	return &MisuseError{given, fmt.Errorf(format, args...)}
}

// Filter chooses trials by a condition.
type Filter struct {
	given string // the flag or the field that it was given by
	expr  *condition.Expr
}

// ParseFilter reads the condition that a flag or a field of this name gives; "" chooses all. Its errors are *MisuseError.
func ParseFilter(given, text string) (Filter, error) {
	if text == "" {
		return Filter{}, nil
	}
	expr, err := condition.Parse(text)
	if err != nil {
		return Filter{}, misused(given, "%w", err)
	}
	return Filter{given, expr}, nil
}

// Names are the names that the condition reads.
func (f Filter) Names() []string {
	if f.expr == nil {
		return nil
	}
	return f.expr.Names
}

// Apply keeps the trials for which the condition holds. A name that no trial has is misuse: it would choose nothing in silence.
func (f Filter) Apply(trials []Listed) ([]Listed, error) {
	if f.expr == nil || len(trials) == 0 {
		return trials, nil
	}
	if err := CheckNames(f.given, f.expr.Names, trials); err != nil {
		return nil, err
	}
	kept := []Listed{}
	for _, t := range trials {
		holds, err := f.expr.Holds(t.Lookup)
		if err != nil {
			return nil, misused(f.given, "trial %s: %w", t.ID[:8], err)
		}
		if holds {
			kept = append(kept, t)
		}
	}
	return kept, nil
}

// CheckNames refuses names that are not known, and parameters and metrics that no trial has.
func CheckNames(given string, names []string, trials []Listed) error {
	for _, name := range names {
		kind, rest, dotted := strings.Cut(name, ".")
		switch {
		case slices.Contains(filterNames, name):
			continue
		case dotted && (kind == "params" || kind == "metrics"):
			known := Names(trials, kind)
			if slices.Contains(known, rest) {
				continue
			}
			for i, k := range known {
				known[i] = kind + "." + k
			}
			return misused(given, "no trial has %s%s", name, nearest.Choices(name, known))
		}
		return misused(given, "unknown name %q: want %s, params.NAME or metrics.NAME", name, strings.Join(filterNames, ", "))
	}
	return nil
}

// Names lists the parameters or the metrics that trials have, sorted.
func Names(trials []Listed, kind string) []string {
	seen := map[string]bool{}
	for _, t := range trials {
		if kind == "metrics" {
			for name := range t.Metrics {
				seen[name] = true
			}
			continue
		}
		for name := range t.params() {
			seen[name] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// Lookup is what a condition sees of a trial.
func (t *Listed) Lookup(name string) any {
	switch name {
	case "id":
		return t.ID
	case "state":
		return string(t.State)
	case "sweep":
		return t.Sweep
	case "label":
		return t.Label
	case "row":
		return t.Row
	case "control":
		return t.Control
	case "note":
		return t.Note
	case "error":
		return t.Error
	case "seed":
		return json.Number(strconv.FormatInt(t.Seed, 10))
	case "attempts":
		return json.Number(strconv.Itoa(t.Attempts))
	case "tags":
		tags := make([]any, len(t.Tags))
		for i, tag := range t.Tags {
			tags[i] = tag
		}
		return tags
	case "diverged":
		return t.diverged()
	case "started":
		return timeText(t.Started)
	case "ended":
		return timeText(t.Ended)
	case "took":
		if t.Started == nil || t.Ended == nil {
			return nil
		}
		return json.Number(strconv.FormatFloat(t.Ended.Sub(*t.Started).Seconds(), 'f', 3, 64))
	}
	kind, rest, _ := strings.Cut(name, ".")
	switch kind {
	case "params":
		return t.params()[rest]
	case "metrics":
		if v := t.Metrics[rest]; v != nil && !math.IsNaN(float64(*v)) {
			return json.Number(strconv.FormatFloat(float64(*v), 'g', -1, 64))
		}
	}
	return nil
}

// diverged reports whether any metric ended as no number.
func (t *Listed) diverged() bool {
	for _, v := range t.Metrics {
		if f := float64(*v); math.IsNaN(f) || math.IsInf(f, 0) {
			return true
		}
	}
	return false
}

func timeText(at *time.Time) any {
	if at == nil {
		return nil
	}
	return at.UTC().Format(time.RFC3339)
}

// params is what the sweep varies, by path.
func (t *Listed) params() map[string]any {
	values := map[string]any{}
	if len(t.Params) == 0 {
		return values
	}
	d := json.NewDecoder(strings.NewReader(string(t.Params)))
	d.UseNumber()
	_ = d.Decode(&values) // the registry keeps an object
	return values
}

// Order sorts trials by a name, rising; "-NAME" falling. Each way NaN comes behind the numbers, and last what has no value.
func Order(given string, trials []Listed, by string) error {
	name, falling := strings.CutPrefix(by, "-")
	if by == "" || len(trials) == 0 {
		return nil
	}
	if err := CheckNames(given, []string{name}, trials); err != nil {
		return err
	}
	slices.SortStableFunc(trials, func(a, b Listed) int {
		x, y := a.Lookup(name), b.Lookup(name)
		switch {
		case x == nil && y == nil:
			return strings.Compare(b.Text(name, nil), a.Text(name, nil)) // "NaN", or nothing
		case x == nil:
			return 1
		case y == nil:
			return -1
		}
		order := compareValues(x, y)
		if falling {
			return -order
		}
		return order
	})
	return nil
}

// compareValues orders two values of one type; truth, lists and values of two types by their text.
func compareValues(x, y any) int {
	if order, comparable, err := condition.Compare(x, y); comparable && err == nil {
		return order
	}
	return strings.Compare(printed(x), printed(y))
}

// printed is a value as a column shows it.
func printed(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = printed(v[i])
		}
		return strings.Join(parts, "+")
	}
	encoded, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(encoded)
}
