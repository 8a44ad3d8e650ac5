package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"harness/registry"
)

// sweepsShown is how many sweeps stand on one page of the list.
const sweepsShown = 100

// sweepList is the list of sweeps.
type sweepList struct {
	Rows    []sweepRow
	Search  string
	State   registry.State // only sweeps that have trials in it
	States  []registry.State
	Sort    string
	Heads   []listHead
	Matches int // sweeps that fit
	All     int
	Pages   pages
	Pending bool // the leading row of some is still being looked for
	Copies  []copyAs
}

// sweepRow is one line of the list.
type sweepRow struct {
	standing
	Best leader
}

// listHead is a heading that sorts the list.
type listHead struct {
	Label, URL, Sorted string
	Number             bool
}

// sweepOrders are what the list can be sorted by.
var sweepOrders = []struct {
	name, label string
	compare     func(a, b registry.SweepInfo) int
}{
	{"sweep", "sweep", func(a, b registry.SweepInfo) int { return strings.Compare(a.Handle, b.Handle) }},
	{"trials", "trials", func(a, b registry.SweepInfo) int { return cmp.Compare(total(a), total(b)) }},
	{"left", "to do", func(a, b registry.SweepInfo) int { return cmp.Compare(unfinished(a), unfinished(b)) }},
	{"planned", "planned", func(a, b registry.SweepInfo) int { return a.Planned.Compare(b.Planned) }},
}

func total(s registry.SweepInfo) int {
	n := 0
	for _, k := range s.Counts {
		n += k
	}
	return n
}

func unfinished(s registry.SweepInfo) int {
	return s.Counts[registry.Queued] + s.Counts[registry.Running] + s.Counts[registry.Interrupted]
}

// sweepsPage lists the sweeps, the one that was planned last first.
func (s *Server) sweepsPage(w http.ResponseWriter, r *http.Request) {
	data, err := s.listSweeps(r)
	if err != nil && !errors.Is(err, registry.ErrNone) {
		s.fail(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, "sweeps.html", frame{Title: "sweeps", Styles: []string{"table.css"}, Scripts: []string{"table.js"}}, data)
}

// chosenSweeps are the sweeps that the address asks for, in its order.
func (s *Server) chosenSweeps(r *http.Request) (data sweepList, list []registry.SweepInfo, err error) {
	ctx, query := r.Context(), r.URL.Query()
	data = sweepList{Search: query.Get("q"), State: registry.State(query.Get("state")), Sort: query.Get("sort"), States: registry.States[:]}
	if data.State != "" && !slices.Contains(data.States, data.State) {
		return data, nil, badRequest{fmt.Errorf("state: unknown state %q", data.State)}
	}
	if err := printable("q", data.Search); err != nil {
		return sweepList{}, nil, err
	}
	err = s.read(ctx, func(db *registry.DB) (err error) {
		list, err = db.Sweeps(ctx)
		return err
	})
	if err != nil {
		return data, nil, err
	}
	data.All = len(list)
	list = slices.DeleteFunc(list, func(info registry.SweepInfo) bool { return !data.fits(info) })
	data.Matches = len(list)
	return data, list, data.order(list, query)
}

// listSweeps reads a page of the list.
func (s *Server) listSweeps(r *http.Request) (sweepList, error) {
	ctx := r.Context()
	data, list, err := s.chosenSweeps(r)
	if err != nil {
		return data, err
	}
	data.Copies = copiesOf("/sweeps", withoutPages(r.URL.Query()))
	if data.Pages, err = pagesOf(r.URL, "page", len(list), sweepsShown); err != nil {
		return data, err
	}
	list = list[data.Pages.From:data.Pages.To]
	running, err := s.running(ctx)
	if err != nil {
		return data, err
	}
	best, pending := s.leadersOf(ctx, list)
	data.Pending = pending
	for _, info := range list {
		st, err := s.stand(ctx, info, running)
		if err != nil {
			return data, err
		}
		data.Rows = append(data.Rows, sweepRow{st, best[info.Handle]})
	}
	return data, nil
}

// fits reports whether a sweep is looked for.
func (l *sweepList) fits(info registry.SweepInfo) bool {
	if l.State != "" && info.Counts[l.State] == 0 {
		return false
	}
	text := strings.ToLower(strings.Join([]string{info.Handle, info.Name, info.File, info.Options}, " "))
	for _, word := range strings.Fields(strings.ToLower(l.Search)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// order sorts the list, and makes the heads that do.
func (l *sweepList) order(list []registry.SweepInfo, query url.Values) error {
	name, falling := strings.CutPrefix(l.Sort, "-")
	at := slices.IndexFunc(sweepOrders, func(o struct {
		name, label string
		compare     func(a, b registry.SweepInfo) int
	}) bool {
		return o.name == name
	})
	if l.Sort != "" && at < 0 {
		return badRequest{fmt.Errorf("sort: unknown name %q: want sweep, trials, left or planned, with - for falling order", name)}
	}
	for i, o := range sweepOrders {
		next, sorted := o.name, ""
		if i == at && falling {
			sorted = "descending"
		} else if i == at {
			next, sorted = "-"+o.name, "ascending"
		}
		l.Heads = append(l.Heads, listHead{Label: o.label, URL: "/?" + with(query, "sort", next).Encode(), Sorted: sorted, Number: o.name == "trials" || o.name == "left"})
	}
	if at >= 0 {
		slices.SortStableFunc(list, func(a, b registry.SweepInfo) int {
			if falling {
				return -sweepOrders[at].compare(a, b)
			}
			return sweepOrders[at].compare(a, b)
		})
	}
	return nil
}
