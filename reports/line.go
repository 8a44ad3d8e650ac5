package reports

import (
	"math"

	"harness/registry"
)

// lineOf averages a row over its seeds, position by position, where at least two of them have numbers; a row of one seed is its
// curve.
func lineOf(row string, seeds [][]segment) Line {
	line := Line{Row: row, N: len(seeds), Averaged: 1}
	lone := make([][]bool, len(seeds)) // of each seed: the parts that no other seed has
	for i, parts := range seeds {
		lone[i] = make([]bool, len(parts))
		for _, p := range parts {
			line.Averaged = max(line.Averaged, p.N)
		}
	}
	next := make([]int, len(seeds)) // the segment of each seed that comes next
	for {
		at, here := nextPosition(seeds, next)
		if len(here) == 0 {
			break
		}
		var values []segment
		for _, i := range here {
			if p := seeds[i][next[i]]; p.N > 0 {
				values = append(values, p)
			}
		}
		switch {
		case len(values) == 1 && len(seeds) > 1:
			for _, i := range here {
				lone[i][next[i]] = seeds[i][next[i]].N > 0
			}
		case len(values) == 0:
			line.add(float64(at), []segment{nothing()})
		default:
			line.add(middleOf(values), values)
			if len(values) < len(seeds) {
				line.Partial++
			}
		}
		for _, i := range here {
			next[i]++
		}
	}
	for i, parts := range seeds {
		line.Lone = append(line.Lone, traces(parts, lone[i])...)
	}
	return line
}

// nextPosition is the least position that is still to come, and the seeds that have it.
func nextPosition(seeds [][]segment, next []int) (at int64, here []int) {
	for i, parts := range seeds {
		if next[i] == len(parts) {
			continue
		}
		switch p := parts[next[i]].at; {
		case len(here) == 0 || p < at:
			at, here = p, append(here[:0], i)
		case p == at:
			here = append(here, i)
		}
	}
	return at, here
}

// add adds a position.
func (l *Line) add(step float64, values []segment) {
	means := make([]float64, len(values))
	low, high := math.NaN(), math.NaN()
	for i, p := range values {
		means[i] = p.Mean
		if !(low <= p.Min) {
			low = p.Min
		}
		if !(high >= p.Max) {
			high = p.Max
		}
	}
	mean, std := meanStd(means)
	l.Step, l.Mean, l.Std = append(l.Step, step), append(l.Mean, mean), append(l.Std, std)
	l.Low, l.High = append(l.Low, low), append(l.High, high)
}

// traces are the pieces of a seed's curve that no other seed has, each with the point before and behind it.
func traces(parts []segment, lone []bool) []Trace {
	var list []Trace
	for i := 0; i < len(parts); i++ {
		if !lone[i] {
			continue
		}
		from := i
		for i+1 < len(parts) && (lone[i+1] || i+2 < len(parts) && parts[i+1].N > 0 && lone[i+2]) {
			i++ // one shared point between two pieces belongs to both
		}
		to := i
		if from > 0 && parts[from-1].N > 0 {
			from--
		}
		if to+1 < len(parts) && parts[to+1].N > 0 {
			to++
		}
		var t Trace
		for _, p := range parts[from : to+1] {
			t.Step, t.Mean = append(t.Step, middle(p)), append(t.Mean, p.Mean)
			t.Low, t.High = append(t.Low, p.Min), append(t.High, p.Max)
		}
		list = append(list, t)
	}
	return list
}

// nothing stands where all points are NaN or infinite.
func nothing() segment {
	return segment{Bucket: registry.Bucket{Mean: math.NaN(), Min: math.NaN(), Max: math.NaN()}}
}

// middle is where the points of a segment lie.
func middle(p segment) float64 { return float64(p.First)/2 + float64(p.Last)/2 }

// middleOf is where the segments of several seeds at one position lie: the mean of their middles.
func middleOf(parts []segment) float64 {
	values := make([]float64, len(parts))
	for i, p := range parts {
		values[i] = middle(p)
	}
	mean, _ := meanStd(values)
	return mean
}
