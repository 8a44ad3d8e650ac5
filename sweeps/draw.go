package sweeps

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"harness/sweeps/search"
)

// chooser draws the settings of a search.
type chooser struct {
	from   *Sweep
	to     *Sweep // gets the values that were drawn, and points
	start  row
	drawn  []int            // the axes that are searched
	index  []map[string]int // of to's options, by their values
	tried  map[string]bool  // what was drawn, before conditions
	chosen map[string]bool  // what it came to
}

// searched is the sweep with the settings of its search as points. Settings that come twice count once, and those that exclude
// leaves out do not count: the search goes on until it has run_cap of them, or finds no more.
func (s *Sweep) searched(start row) (*Sweep, error) {
	if s.Search.RunCap == 0 {
		return nil, s.noRunCap()
	}
	total := s.Search.RunCap * len(s.Seeds)
	for _, a := range s.axes {
		if !a.drawn {
			total *= len(a.options)
		}
		if total > maxTrials {
			return nil, &Error{File: s.File, Line: s.searchLine, Key: "run_cap", Reason: fmt.Sprintf("%d settings: more than %d trials", s.Search.RunCap, maxTrials)}
		}
	}
	c := chooser{from: s, start: start, tried: map[string]bool{}, chosen: map[string]bool{}}
	to := *s
	c.to = &to
	to.axes = slices.Clone(s.axes)
	var names []string
	for a, axis := range s.axes {
		if axis.drawn {
			c.drawn = append(c.drawn, a)
			c.index = append(c.index, map[string]int{})
			to.axes[a].options = nil
			names = append(names, axis.path)
		}
	}
	sequence, err := search.New(s.Search.Method, uint64(s.Search.Seed), names, s.Search.RunCap)
	if err != nil {
		return nil, &Error{File: s.File, Line: s.searchLine, Key: "method", Reason: err.Error()}
	}
	for misses := 0; len(to.points) < s.Search.RunCap && misses < 1000+20*s.Search.RunCap; misses++ {
		u := sequence.Next()
		if u == nil {
			break
		}
		chosen, err := c.try(u)
		if err != nil {
			return nil, err
		}
		if chosen {
			misses = 0
		}
	}
	to.Search.Settings = len(to.points)
	to.sortOptions()
	s.sayFewer(len(to.points))
	return &to, nil
}

// sayFewer warns where there are fewer settings than wanted.
func (s *Sweep) sayFewer(n int) {
	if n == 0 || n == s.Search.RunCap {
		return
	}
	why := "there are no more different ones"
	if s.Search.Method == search.LatinHypercube {
		why = "the others of the Latin hypercube are alike or excluded"
	}
	text := fmt.Sprintf("%s: line %d: run_cap: %d settings instead of %d: %s", s.File, s.searchLine, n, s.Search.RunCap, why)
	if !slices.Contains(s.Warnings, text) {
		s.Warnings = append(s.Warnings, text)
	}
}

// try makes a setting of a point, and chooses it unless it is there already or excluded.
func (c *chooser) try(u []float64) (bool, error) {
	one := *c.from
	one.axes = slices.Clone(c.from.axes)
	one.points = [][]int{make([]int, len(one.axes))}
	var values []any
	for i, a := range c.drawn {
		o := c.from.axes[a].at(u[i])
		one.axes[a].options = []option{o}
		values = append(values, o.Value)
	}
	raw, err := json.Marshal(values)
	if err != nil || c.tried[string(raw)] {
		return false, err
	}
	c.tried[string(raw)] = true
	rows, err := one.rows(c.start)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	used := make([]bool, len(one.axes)) // by some row: when leaves axes out
	for _, r := range rows {
		for a, choice := range r.choice {
			used[a] = used[a] || choice >= 0
		}
	}
	for i, a := range c.drawn {
		if !used[a] {
			values[i] = nil
		}
	}
	key, err := json.Marshal([]any{values, used})
	if err != nil || c.chosen[string(key)] {
		return false, err
	}
	c.chosen[string(key)] = true
	return true, c.add(one.axes, used)
}

// add chooses a setting.
func (c *chooser) add(axes []axis, used []bool) error {
	point := make([]int, len(axes))
	for i, a := range c.drawn {
		if point[a] = -1; !used[a] {
			continue
		}
		o := axes[a].options[0]
		key, err := json.Marshal(o.Value)
		if err != nil {
			return err
		}
		at, known := c.index[i][string(key)]
		if !known {
			at = len(c.to.axes[a].options)
			c.index[i][string(key)] = at
			c.to.axes[a].options = append(c.to.axes[a].options, o)
		}
		point[a] = at
	}
	c.to.points = append(c.to.points, point)
	return nil
}

// at is the option of an axis at a coordinate.
func (a axis) at(u float64) option {
	v := a.spread.At(u)
	if a.spread.Kind == search.Constant || a.spread.Kind == search.Categorical {
		return a.options[v.Index]
	}
	value := numberOf(v)
	return option{Option: Option{Text: shownValue(value), Value: value}, settings: []setting{{path: a.path, value: value, line: a.line}}}
}

// sortOptions puts the values of searched axes in order: numbers by size, listed values as the file lists them. The order of the points
// stays.
func (s *Sweep) sortOptions() {
	for a := range s.axes {
		if !s.axes[a].drawn {
			continue
		}
		options := s.axes[a].options
		order := make([]int, len(options))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(i, j int) int { return compareOptions(options[i], options[j]) })
		sorted, place := make([]option, len(options)), make([]int, len(options))
		for to, from := range order {
			sorted[to], place[from] = options[from], to
		}
		s.axes[a].options = sorted
		for _, point := range s.points {
			if point[a] >= 0 {
				point[a] = place[point[a]]
			}
		}
	}
}

// compareOptions orders by the place in the file, then by size.
func compareOptions(a, b option) int {
	if a.place != b.place {
		return a.place - b.place
	}
	x, _ := strconv.ParseFloat(a.Text, 64)
	y, _ := strconv.ParseFloat(b.Text, 64)
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}
