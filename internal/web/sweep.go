package web

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"harness/internal/view"
	"harness/registry"
	"harness/reports"
	"harness/sweeps"
)

// sweepData is what the page of a sweep shows.
type sweepData struct {
	Handle   string
	Plan     *sweeps.Plan
	Standing standing
	Form     *layoutForm // nil where there is no table yet
	Wrong    []string    // what the reader asked for and cannot have
	Problem  string      // why there is no table yet
	Table    template.HTML
	Claims   template.HTML // what became of the hypotheses; "" where there are none
	Rows     pages // of the table
	Files    []tableFileLink
	Members  memberList
	Answers  bool // a program has kept answers to test samples

	layout url.Values // of the table
}

// tableFileLink leads to the table in one format.
type tableFileLink struct{ Label, URL, Ending string }

// sweepPage shows the table of a sweep, laid out as the address asks for, and its trials.
func (s *Server) sweepPage(w http.ResponseWriter, r *http.Request) {
	handle := r.PathValue("handle")
	data := sweepData{Handle: handle}
	status := http.StatusOK
	err := s.readSweep(r.Context(), &data)
	if err == nil {
		err = s.fillTable(r, &data)
	}
	if err == nil {
		data.Members, err = s.chooseMembers(r, handle)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if len(data.Wrong) > 0 || data.Members.Wrong != "" {
		status = http.StatusBadRequest
	}
	s.render(w, r, status, "sweep.html", frame{Title: handle, Trail: []crumb{{handle, sweepURL(handle)}}, Styles: []string{"table.css"},
		Scripts: []string{"table.js"}}, data)
}

// readSweep reads the plan and how the sweep stands.
func (s *Server) readSweep(ctx context.Context, data *sweepData) error {
	var info registry.SweepInfo
	err := s.read(ctx, func(db *registry.DB) (err error) {
		if data.Plan, err = s.plan(ctx, db, data.Handle); err != nil {
			return err
		}
		if data.Answers, err = hasAnswers(ctx, db, data.Plan); err != nil {
			return err
		}
		list, err := db.Sweeps(ctx)
		if i := slices.IndexFunc(list, func(i registry.SweepInfo) bool { return i.Handle == data.Handle }); i >= 0 {
			info = list[i]
		}
		return err
	})
	if err != nil {
		return err
	}
	running, err := s.running(ctx)
	if err != nil {
		return err
	}
	data.Standing, err = s.stand(ctx, info, running)
	return err
}

// fillTable lays the table out. A reader who asks for what cannot be is told so, beside the form with what was asked for.
func (s *Server) fillTable(r *http.Request, data *sweepData) error {
	out, err := s.layOut(r.Context(), data.Handle, r.URL.Query())
	if err != nil && !isLayout(err) {
		return err
	}
	if data.Problem = out.why; out.own == nil {
		return nil
	}
	form := formOf(out.own, out.layout)
	data.Form, data.layout = &form, out.layout.Query()
	if err != nil {
		data.Wrong = strings.Split(err.Error(), "\n")
		return nil
	}
	if data.Rows, err = pagesOf(r.URL, "page", len(out.table.Rows), rowsShown); err != nil {
		return err
	}
	data.Files = tableFiles(data.Handle, data.layout)
	var claims strings.Builder
	if err := out.table.HypothesesHTML(&claims, reports.HTMLOptions{Classes: true}); err != nil {
		return err
	}
	data.Claims = template.HTML(claims.String()) // package reports escapes every text
	data.Table, err = s.figure(r, out, data.Rows)
	return err
}

// tableFiles leads to the table in all formats.
func tableFiles(handle string, query url.Values) []tableFileLink {
	var list []tableFileLink
	for _, f := range [][2]string{{"LaTeX", "tex"}, {"Markdown", "md"}, {"CSV", "csv"}, {"JSON", "json"}, {"Typst", "typ"}, {"HTML", "html"}, {"text", "txt"}} {
		address := sweepURL(handle) + "/table." + f[1]
		if len(query) > 0 {
			address += "?" + query.Encode()
		}
		list = append(list, tableFileLink{f[0], address, f[1]})
	}
	return list
}

// Copied reports whether the table can be copied in this format by a button.
func (l tableFileLink) Copied() bool { return slices.Contains([]string{"tex", "md", "csv"}, l.Ending) }

// Download is where the file is saved instead of shown.
func (l tableFileLink) Download() string {
	if strings.Contains(l.URL, "?") {
		return l.URL + "&download"
	}
	return l.URL + "?download"
}

// isMisuse reports whether an error is a filter that the reader has given wrong.
func isMisuse(err error) bool {
	var misuse *view.MisuseError
	return errors.As(err, &misuse)
}

// HasSamples reports whether the page of samples may have something to show.
func (d sweepData) HasSamples() bool {
	return d.Answers || d.Standing.Counts[registry.Done] > 0 && !d.Plan.Command
}

// Filters names what a filter of the table can ask for.
func (d sweepData) Filters() string { return reports.RowFilterHelp }

// hidden is a part of the address that another form keeps.
type hidden struct{ Label, Value string }

// Hidden is the layout of the table, for the form that filters trials.
func (d sweepData) Hidden() []hidden {
	var list []hidden
	for _, part := range reports.LayoutParts {
		for _, value := range d.layout[part] {
			list = append(list, hidden{part, value})
		}
	}
	return list
}

// AllTrials leads to the page without the filter of trials.
func (d sweepData) AllTrials() string {
	return sweepURL(d.Handle) + "?" + d.layout.Encode() + "#trials"
}
