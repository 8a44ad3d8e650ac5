package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"harness/registry"
)

// copyAs is a button that copies a table of a page.
type copyAs struct{ Label, URL string }

// copiesOf are the formats of the sheet at an address, with the query that chooses its rows.
func copiesOf(path string, query string) []copyAs {
	if query != "" {
		query = "?" + query
	}
	return []copyAs{{"Markdown", path + ".md" + query}, {"CSV", path + ".csv" + query}, {"LaTeX", path + ".tex" + query}}
}

// withoutPages is a query without the numbers of pages: what is copied is the whole list.
func withoutPages(query url.Values) string {
	rest := url.Values{}
	for key, values := range query {
		if key != "page" && key != "tpage" {
			rest[key] = values
		}
	}
	return rest.Encode()
}

// sweepSheet is the list of sweeps that an address asks for.
func (s *Server) sweepSheet(r *http.Request) (sheet, error) {
	_, list, err := s.chosenSweeps(r)
	if err != nil {
		return sheet{}, err
	}
	t := sheet{Head: []string{"sweep", "planned"}, Numbers: len(registry.States)}
	for _, state := range registry.States {
		t.Head = append(t.Head, string(state))
	}
	for _, info := range list {
		row := []string{info.Handle, info.Planned.UTC().Format(time.RFC3339)}
		for _, state := range registry.States {
			row = append(row, strconv.Itoa(info.Counts[state]))
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

// memberSheet is the list of a sweep's trials that an address asks for.
func (s *Server) memberSheet(r *http.Request) (sheet, error) {
	handle := r.PathValue("handle")
	if _, err := s.plannedSweep(r.Context(), handle); err != nil { // a sweep that is not there has no trials either
		return sheet{}, err
	}
	m, all, err := s.matchingMembers(r, handle)
	if err == nil && m.Wrong != "" {
		err = badRequest{errors.New(m.Wrong)}
	}
	if err != nil {
		return sheet{}, err
	}
	t := sheet{Head: []string{"trial", "state", "settings", "error", "tags", "note", "began", "ended", "seed"}, Numbers: 1}
	for i := range all {
		l := &all[i]
		t.Rows = append(t.Rows, []string{l.ID, string(l.State), l.Label, l.Error, strings.Join(l.Tags, " "), l.Note,
			l.Text("started", nil), l.Text("ended", nil), strconv.FormatInt(l.Seed, 10)})
	}
	return t, nil
}

// answerSheet says how often each row of a sweep is right, over all samples of a task.
func (s *Server) answerSheet(r *http.Request) (sheet, error) {
	q, err := parseSamples(r.URL.Query())
	if err != nil {
		return sheet{}, err
	}
	of, err := s.samples(r, r.PathValue("handle"), q)
	if err != nil {
		return sheet{}, misusedAddress(err)
	}
	t := sheet{Head: []string{"row", "right", "wrong", "no answer"}, Numbers: 3}
	for i, row := range of.samples.Rows {
		n := of.samples.Numbers[i]
		t.Rows = append(t.Rows, []string{row.Name, strconv.Itoa(n.Right), strconv.Itoa(n.Wrong), strconv.Itoa(n.None)})
	}
	return t, nil
}
