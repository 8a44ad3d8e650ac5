package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"harness/internal/view"
	"harness/registry"
)

// membersShown is how many trials stand on one page.
const membersShown = 100

// memberList is a part of the trials of a sweep.
type memberList struct {
	Filter  string
	Wrong   string // what is wrong with the filter
	Trials  []view.Listed
	Matches int
	Pages   pages
	Copies  []copyAs
}

// matchingMembers are all trials that the address asks for, by the filter language of "harness ls".
func (s *Server) matchingMembers(r *http.Request, handle string) (m memberList, all []view.Listed, err error) {
	m = memberList{Filter: strings.TrimSpace(r.URL.Query().Get("trials"))}
	if err := printable("trials", m.Filter); err != nil {
		return m, nil, err
	}
	if all, err = s.members(r.Context(), handle); err != nil {
		return m, nil, err
	}
	if m.Filter != "" {
		if all, err = s.filterMembers(r.Context(), m.Filter, all); isMisuse(err) {
			m.Wrong, all = err.Error(), nil
		} else if err != nil {
			return m, nil, err
		}
	}
	m.Matches = len(all)
	return m, all, nil
}

// chooseMembers is a page of the trials that the address asks for.
func (s *Server) chooseMembers(r *http.Request, handle string) (memberList, error) {
	m, all, err := s.matchingMembers(r, handle)
	if err != nil {
		return m, err
	}
	m.Copies = copiesOf(sweepURL(handle)+"/trials", withoutPages(r.URL.Query()))
	if m.Pages, err = pagesOf(r.URL, "tpage", len(all), membersShown); err != nil {
		return m, err
	}
	m.Trials = all[m.Pages.From:m.Pages.To]
	return m, nil
}

// filterMembers chooses trials. Their numbers are read only where the filter asks for them.
func (s *Server) filterMembers(ctx context.Context, text string, all []view.Listed) ([]view.Listed, error) {
	filter, err := view.ParseFilter("trials", text)
	if err != nil {
		return nil, err
	}
	ofNumbers := func(name string) bool { return strings.HasPrefix(name, "metrics.") || name == "diverged" }
	if slices.ContainsFunc(filter.Names(), ofNumbers) {
		all = slices.Clone(all) // what is kept has no numbers
		if err := s.read(ctx, func(db *registry.DB) error { return view.AddMetrics(ctx, db, all) }); err != nil {
			return nil, err
		}
	}
	return filter.Apply(all)
}
