package reports

import (
	"encoding/csv"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"harness/internal/escape"
	"harness/internal/nearest"
	"harness/sweeps"
)

// Layout is how a reader lays a table out anew. Which rows and columns are shown and in which order changes no number: tests, the
// family of comparisons and marks stay those of the whole table, and the caption says what is left out. Another baseline is another set of comparisons:
// differences, tests and marks are computed anew, and the caption says whose choice it is. The zero value is the table of the plan.
type Layout struct {
	Rows     []string // parameters on the left, outermost first; those that are not named follow
	Columns  []string // parameters whose values become columns: one for each value and metric
	Group    string   // parameter whose values stand as titles over the rows that have them
	Metrics  []string // the columns, in their order; ones of which the plan says nothing are added without tests
	Filter   string   // condition on rows
	Sort     []string // names of a filter; "-NAME" falls
	Baseline []string // a row, or "PATH=VALUE" of some parameters: sweeps.Plan.Rebased
	Show     []string // of mean, std, ci, n, delta, p
}

// LayoutError is what is wrong with one part of a layout.
type LayoutError struct {
	Part   string // rows, columns, …: the name of the flag and of the query parameter
	Reason string
}

func (e *LayoutError) Error() string { return e.Part + ": " + e.Reason }

// asLayoutError gives an error the part of the layout that it comes from.
func asLayoutError(part string, err error) error {
	var known *LayoutError
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &LayoutError{part, err.Error()}
}

func refuse(part, format string, args ...any) error {
	return &LayoutError{part, escape.Line(fmt.Sprintf(format, args...))}
}

// LayoutParts are the names of the query parameters, in the order of the page.
var LayoutParts = []string{"rows", "columns", "group", "metrics", "filter", "sort", "baseline", "show"}

// LayoutOf reads the layout of a query. Lists are given as several values or with commas; a name that holds a comma stands in quotes,
// as in CSV. Other parameters are left to the caller.
func LayoutOf(query url.Values) (Layout, error) {
	var l Layout
	var err error
	for _, part := range LayoutParts {
		values := slices.DeleteFunc(slices.Clone(query[part]), func(v string) bool { return strings.TrimSpace(v) == "" })
		if i := slices.IndexFunc(values, func(v string) bool { return escape.Line(v) != v }); i >= 0 {
			err = errors.Join(err, refuse(part, "%s: control characters stand for nothing", escape.Line(values[i])))
			continue
		}
		switch single, list := l.part(part); {
		case len(values) == 0:
		case single != nil && len(values) > 1:
			err = errors.Join(err, refuse(part, "is given %d times", len(values)))
		case single != nil:
			*single = values[0]
		case part == "baseline": // a row's name may hold commas
			*list = values
		default:
			for _, value := range values {
				names, wrong := splitNames(value)
				err = errors.Join(err, asLayoutError(part, wrong))
				*list = append(*list, names...)
			}
		}
	}
	return l, err
}

// part is where a layout keeps the part of a name: one text, or a list.
func (l *Layout) part(name string) (single *string, list *[]string) {
	switch name {
	case "rows":
		return nil, &l.Rows
	case "columns":
		return nil, &l.Columns
	case "group":
		return &l.Group, nil
	case "metrics":
		return nil, &l.Metrics
	case "filter":
		return &l.Filter, nil
	case "sort":
		return nil, &l.Sort
	case "baseline":
		return nil, &l.Baseline
	}
	return nil, &l.Show
}

// Query is the query that LayoutOf reads as l.
func (l Layout) Query() url.Values {
	query := url.Values{}
	for _, part := range LayoutParts {
		single, list := l.part(part)
		switch {
		case single != nil && *single != "":
			query.Set(part, *single)
		case list == nil:
		case part == "baseline" && len(*list) > 0:
			query[part] = slices.Clone(*list)
		case len(*list) > 0:
			names := make([]string, len(*list))
			for i, name := range *list {
				names[i] = QuoteName(name)
			}
			query.Set(part, strings.Join(names, ","))
		}
	}
	return query
}

// splitNames reads names between commas, quoted as in CSV where they hold one.
func splitNames(text string) ([]string, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.TrimLeadingSpace = true
	names, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("%q: want names between commas", text)
	}
	for i := range names {
		if names[i] = strings.TrimSpace(names[i]); names[i] == "" {
			return nil, fmt.Errorf("%q: a name between two commas is empty", text)
		}
	}
	if _, err := r.Read(); err == nil {
		return nil, fmt.Errorf("%q: want one line", text)
	}
	return names, nil
}

// QuoteName is a name as it stands in a list with commas.
func QuoteName(name string) string {
	if !strings.ContainsAny(name, ",\"\n\r") && strings.TrimSpace(name) == name {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// shown are the words of Layout.Show, as the report block of an experiment has them.
var shown = []string{"mean", "std", "ci", "n", "delta", "p"}

// check refuses what is wrong whatever the table.
func (l Layout) check() error {
	for _, show := range l.Show {
		if !slices.Contains(shown, show) {
			return refuse("show", "%q: want some of %s", show, strings.Join(shown, ", "))
		}
	}
	if slices.Contains(l.Show, "std") && slices.Contains(l.Show, "ci") {
		return refuse("show", "std and ci both stand behind ±: want one of them")
	}
	for _, part := range []string{"rows", "columns", "metrics", "show"} {
		_, list := l.part(part)
		for i, name := range *list {
			if slices.Contains((*list)[:i], name) {
				return refuse(part, "%q is given twice", name)
			}
		}
	}
	return nil
}

// replan is the plan with the baseline of a layout.
func (l Layout) replan(plan *sweeps.Plan) (*sweeps.Plan, error) {
	rebased, err := plan.Rebased(l.Baseline)
	return rebased, asLayoutError("baseline", err)
}

// otherBaselines reports whether a row of two plans of the same rows is compared with another.
func otherBaselines(a, b *sweeps.Plan) bool {
	for i := range a.Rows {
		if a.Rows[i].Baseline != b.Rows[i].Baseline {
			return true
		}
	}
	return false
}

// path finds the parameter that a name stands for: a path, or the label of an axis.
func (t *Table) path(part, name string) (string, error) {
	for _, p := range t.params {
		if p.Path == name {
			return name, nil
		}
	}
	var paths []string
	for _, p := range t.params {
		if p.Label == name {
			return p.Path, nil
		}
		paths = append(paths, p.Path)
	}
	for _, c := range t.Columns {
		if c.Metric == name {
			return "", refuse(part, "%s is a metric: name it under metrics", name)
		}
	}
	if len(paths) == 0 {
		return "", refuse(part, "%s is no parameter: no row has any", name)
	}
	return "", refuse(part, "no row has a parameter %q%s", name, nearest.Choices(name, paths))
}
