package web

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"harness/internal/escape"
	"harness/internal/view"
	"harness/registry"
	"harness/reports"
)

// rowsShown is how many rows of a table stand on one page.
const rowsShown = 100

const (
	cellBytes = 330 // of a cell with its values and test, about
	rowBytes  = 600
)

// computed is a table before it is laid out, or why there is none.
type computed struct {
	table   *reports.Table
	problem string
}

func (c computed) size() int64 {
	if c.table == nil {
		return 0
	}
	return int64(len(c.table.Rows)) * int64(rowBytes+cellBytes*len(c.table.Columns))
}

// computed computes the table of a sweep with the baseline and the further metrics of a layout.
func (s *Server) computed(ctx context.Context, handle string, l reports.Layout) (computed, error) {
	key := "table " + handle + "\x00" + l.Query().Encode()
	value, _, err := cached(ctx, s, key, computed.size, func(ctx context.Context, db *registry.DB) (c computed, err error) {
		plan, err := s.plan(ctx, db, handle)
		if err != nil {
			return c, err
		}
		c.table, err = view.TableAs(ctx, db, plan, s.o.Staleness(db), l)
		if errors.Is(err, reports.ErrNothing) || errors.Is(err, reports.ErrNoMetrics) {
			return computed{problem: err.Error()}, nil
		}
		return c, err
	})
	return value, err
}

// laidOut is the table of a sweep as a query asks for it.
type laidOut struct {
	own    *reports.Table // as the plan has it; nil where there is nothing yet
	table  *reports.Table // as the reader asks for it; nil where that is not possible
	layout reports.Layout
	why    string // there is nothing yet
}

// layOut computes and lays out a table. What the query has wrong is a *reports.LayoutError, or several; own stands nevertheless.
func (s *Server) layOut(ctx context.Context, handle string, query url.Values) (laidOut, error) {
	own, err := s.computed(ctx, handle, reports.Layout{})
	if err != nil {
		return laidOut{}, err
	}
	out := laidOut{own: own.table, why: own.problem}
	if out.layout, err = reports.LayoutOf(query); err != nil || own.table == nil {
		return out, err
	}
	out.layout = own.table.Reduced(out.layout)
	apart := out.layout.Computed()
	apart.Metrics = slices.DeleteFunc(slices.Clone(apart.Metrics), func(m string) bool { return slices.Contains(own.table.Own().Metrics, m) })
	table := own.table
	if len(apart.Metrics)+len(apart.Baseline) > 0 {
		other, err := s.computed(ctx, handle, apart)
		if err != nil || other.table == nil {
			return out, err
		}
		table = other.table
	}
	out.table, err = table.LaidOut(out.layout)
	return out, err
}

// isLayout reports whether an error is the reader's.
func isLayout(err error) bool {
	var wrong *reports.LayoutError
	return errors.As(err, &wrong)
}

// tableFormats are the files in which a table can be had: by what their names end in.
var tableFormats = map[string]struct {
	format reports.Format
	media  string
}{
	"tex":  {reports.LatexFormat, "text/plain; charset=utf-8"},
	"md":   {reports.MarkdownFormat, "text/plain; charset=utf-8"},
	"csv":  {reports.CSVFormat, "text/csv; charset=utf-8"},
	"json": {reports.JSONFormat, "application/json"},
	"typ":  {reports.TypstFormat, "text/plain; charset=utf-8"},
	"txt":  {reports.TextFormat, "text/plain; charset=utf-8"},
	"html": {reports.HTMLFormat, "text/plain; charset=utf-8"}, // the source: a fragment with looks of its own, for another page
}

// tableFile answers with the whole table in one format, as "harness report" prints it.
func (s *Server) tableFile(ending string) http.HandlerFunc {
	f := tableFormats[ending]
	return func(w http.ResponseWriter, r *http.Request) {
		handle := r.PathValue("handle")
		out, err := s.layOut(r.Context(), handle, r.URL.Query())
		if isLayout(err) {
			http.Error(w, oneLine(err), http.StatusBadRequest)
			return
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		if out.table == nil {
			http.Error(w, out.why, http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", f.media)
		if r.URL.Query().Has("download") {
			w.Header().Set("Content-Disposition", `attachment; filename="`+reports.LabelName(handle)+"."+ending+`"`)
		}
		if r.Method == http.MethodHead {
			return
		}
		if err := out.table.Render(w, f.format, reports.LatexOptions{}); err != nil && r.Context().Err() == nil {
			s.say("%s: %v", escape.Line(r.URL.Path), err)
			panic(http.ErrAbortHandler) // half a table must not look like a whole one
		}
	}
}

// oneLine is an error that may be several on one line.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// figure renders one page of a table.
func (s *Server) figure(r *http.Request, out laidOut, p pages) (template.HTML, error) {
	path, query := sweepURL(r.PathValue("handle")), r.URL.Query()
	query.Del("page")
	page := out.table.Page(p.From, p.To)
	pivoted := len(out.layout.Columns) > 0
	var text strings.Builder
	err := page.HTMLAs(&text, reports.HTMLOptions{
		Classes: true, Explain: true,
		SortURL: func(name string) (string, string) {
			next, sorted := nextSort(out.layout.Sort, name, out.table)
			return path + "?" + with(query, "sort", next).Encode(), sorted
		},
		RowURL: func(row *reports.Row) string {
			filter := rowFilter(row)
			if filter == "" || pivoted {
				return ""
			}
			q := with(query, "trials", filter)
			q.Del("tpage")
			return path + "?" + q.Encode() + "#trials"
		},
	})
	return template.HTML(text.String()), err // package reports escapes every text
}

// rowFilter chooses the trials of a row; "" where it has none of its own, or a name that no filter can hold.
func rowFilter(row *reports.Row) string {
	trained := row.Kind == reports.Model || row.Kind == reports.Control && len(row.Params) > 0
	switch {
	case !trained:
		return ""
	case !strings.Contains(row.Name, "'"):
		return "row == '" + row.Name + "'"
	case !strings.Contains(row.Name, `"`):
		return `row == "` + row.Name + `"`
	}
	return ""
}

// nextSort is the order that a click on a head asks for, and how the table is sorted by that now: first the better values on top, then the
// other way round, then not at all.
func nextSort(now []string, name string, t *reports.Table) (next, sorted string) {
	first, second := name, "-"+name
	if largeFirst(name, t) {
		first, second = second, first
	}
	quoted := func(name string) string { return reports.QuoteName(name) }
	if len(now) == 0 || strings.TrimPrefix(now[0], "-") != name {
		return quoted(first), ""
	}
	sorted = "ascending"
	if strings.HasPrefix(now[0], "-") {
		sorted = "descending"
	}
	if now[0] == first {
		return quoted(second), sorted
	}
	return "", sorted
}

// largeFirst reports whether a metric is the better the larger it is.
func largeFirst(name string, t *reports.Table) bool {
	kind, key, _ := strings.Cut(name, ".")
	i := slices.IndexFunc(t.Columns, func(c reports.Column) bool { return c.Key() == key })
	return (kind == "metrics" || kind == "delta") && i >= 0 && t.Columns[i].Goal == "maximize"
}
