package reports

import "math"

// ranges are the first steps of the ranges in which a curve from first to last is added up, and the last step of the last of them: of
// the whole curve, or of a part of it with a range on both sides, so that a line reaches the edge of a picture. What the registry has
// added up beforehand in ranges of grain steps is used where that costs little detail.
func (s Span) ranges(first, last, grain int64) (starts []int64, end int64) {
	from, to := first, last
	if s.Part {
		from, to = max(first, s.From), min(last, s.To)
		if from > to {
			return []int64{from}, to
		}
		before, behind := s.neighbours(from, to)
		from, to = max(first, before), min(last, behind)
	}
	if s.LogSteps && to > 1 {
		return ratioStarts(from, to, s.most(), grain), to
	}
	return evenStarts(from, to, s.most(), grain), to
}

// neighbours widens a part by about one range on both sides.
func (s Span) neighbours(from, to int64) (before, behind int64) {
	if s.LogSteps && to > 1 {
		ratio := math.Pow(float64(to)/float64(max(from, 1)), 1/float64(s.most()))
		return int64(float64(from)/ratio) - 1, atMost(float64(to)*ratio) + 1
	}
	width := (uint64(to)-uint64(from))/uint64(s.most()) + 1
	before, behind = from-int64(width), to+int64(width)
	if before > from {
		before = math.MinInt64
	}
	if behind < to {
		behind = math.MaxInt64
	}
	return before, behind
}

// atMost is a step that is not beyond what can be counted.
func atMost(v float64) int64 { return int64(math.Min(v, 1<<62)) }

// mostWidened is by how much ranges may be widened to consist of what was added up beforehand.
const mostWidened = 2.5

// evenStarts are the first steps of at most so many ranges of equal width. Steps may lie as far apart as numbers go. Where the width
// is about that of grains or more, ranges consist of whole grains, which begin at multiples of their width.
func evenStarts(first, last int64, most int, grain int64) []int64 {
	if first > last {
		return nil
	}
	whole := uint64(last) - uint64(first) // never overflows, whatever the signs
	width := whole/uint64(most) + 1
	begin := first
	if grain > 1 && float64(width)*mostWidened >= float64(grain) && first > math.MinInt64/2 && last < math.MaxInt64/2 {
		begin = floorTo(first, grain)
		whole = uint64(last - begin)
		width = (whole/uint64(most) + uint64(grain)) / uint64(grain) * uint64(grain)
	}
	starts := []int64{first}
	for at := width; at <= whole; at += width {
		starts = append(starts, int64(uint64(begin)+at))
		if at > math.MaxUint64-width {
			break
		}
	}
	return starts
}

// floorTo is the greatest multiple of width that is not above v.
func floorTo(v, width int64) int64 {
	if r := v % width; r < 0 {
		return v - r - width
	} else {
		return v - r
	}
}

// ratioStarts are the first steps of ranges that look equally wide on a logarithmic axis; all steps below 1 are one range. Wide ones
// consist of whole grains.
func ratioStarts(first, last int64, most int, grain int64) []int64 {
	starts := []int64{first}
	low := max(first, 1)
	ratio := math.Pow(float64(last)/float64(low), 1/float64(most))
	for i := range most {
		at := float64(low) * math.Pow(ratio, float64(i))
		if at >= math.MaxInt64 || int64(at) > last {
			break
		}
		start := int64(at)
		if at*(ratio-1)*mostWidened >= float64(grain) {
			start = floorTo(start, grain)
		}
		if start > starts[len(starts)-1] {
			starts = append(starts, start)
		}
	}
	return starts
}

// cut keeps of a seed's curve what the span asks for, and the position before and the one behind it.
func (s Span) cut(parts []segment) []segment {
	if !s.Part {
		return parts
	}
	i, j := 0, len(parts)
	for i < len(parts) && parts[i].Last < s.From {
		i++
	}
	for j > i && parts[j-1].First > s.To {
		j--
	}
	return parts[max(0, i-1):min(len(parts), j+1)]
}
