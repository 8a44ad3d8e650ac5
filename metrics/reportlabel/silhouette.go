package reportlabel

import (
	"slices"
	"strings"
)

// Heart and mediastinum are named in normal reports too: what counts is the word for their size.
var (
	hearts = newPatternList(`
		heart; cardiac silhouette|silhouettes|size|shadow|contour|contours|outline|enlargement|diameter|configuration;
		cardiac and|, mediastin*; cardiac mediastinal; cardiopericardial silhouette; cardio pericardial silhouette;
		heart size`)
	// notHearts hold the word heart without its size.
	notHearts  = newPatternList(`heart failure|rate|block|disease|valve|valves|border|borders|surgery|transplant; left|right heart`)
	mediastina = newPatternList(`
		mediastinum; cardiomediastinal; cardiomediastinum; cardio mediastinal; mediastinal and|, hilar|cardiac|aortic|pleural;
		mediastinal contour|contours|silhouette|silhouettes|structures|configuration|width|size|outline|borders|margins;
		mediastinal widening|enlargement|prominence|fullness; cardiomediastinal silhouette|contour|contours`)
)

// The words for their size.
var (
	sizeOpen  = newPatternList(`borderline`)
	sizeLarge = newPatternList(`
		enlarged; increase in; enlargement; enlarging; large; larger; widened; widening; wide; prominent; prominence;
		increased; dilated; dilatation; dilation; fullness; globular; big; generous; cardiomegaly`)
	sizeNormal = newPatternList(`
		normal; upper limit|limits; top limit|limits; unremarkable; nonenlarged; midline and normal; negative; normally`)
	sizeStable = newPatternList(`
		stable; unchanged; similar; not significantly changed; not changed; no change; no interval change;
		no significant change; no significant interval change; without change; unaltered; grossly stable;
		not substantially changed`)
	places    = wordSet(`over overlying overlies overlie behind in within to near beneath obscuring obscures projecting adjacent`)
	sizeNot   = wordSet(`not no without non nor never`)
	sizeMaybe = wordSet(`
		borderline may might possible possibly probable probably likely questionable question suggest suggests suggesting perhaps could`)
)

// silhouettes returns the mentions of heart and mediastinum in a clause whose size is told.
func (s sentence) silhouettes(c span) []mention {
	var named []mention
	for i := c.start; i < c.end; i++ {
		if s.isPlace(i) {
			continue
		}
		// The mention is the first word alone: the size may be the second, as in "mediastinal widening".
		if hearts.longest(s.words, i) > 0 && notHearts.longest(s.words, i) == 0 && (i == 0 || notHearts.longest(s.words, i-1) == 0) {
			named = append(named, mention{of: Cardiomegaly, start: i, end: i + 1})
		}
		if mediastina.longest(s.words, i) > 0 {
			named = append(named, mention{of: EnlargedCardiomediastinum, start: i, end: i + 1})
		}
	}
	var told []mention
	for k, m := range named {
		if s.reached(histories, m, c) {
			continue
		}
		before := s.sizeBefore(m, c)
		if before != Blank && before != Uncertain {
			m.status = before
		} else if m.status = s.sizeAfter(named, k, c); m.status == Blank {
			m.status = before
		}
		if m.status != Blank {
			told = append(told, m)
		}
	}
	return told
}

// isPlace reports whether the words before i make what stands there a place: "overlying the lower mediastinum".
func (s sentence) isPlace(i int) bool {
	for k := i - 1; k >= max(0, i-3); k-- {
		if places[s.words[k]] {
			return !strings.HasSuffix(strings.Join(s.words[i:min(i+2, len(s.words))], " "), "size")
		}
		if finite[s.words[k]] || s.words[k] == "," {
			return false
		}
	}
	return false
}

// sizeAfter reads the size behind place k: up to the next place, or behind that when they share it ("heart and mediastinum are normal").
func (s sentence) sizeAfter(named []mention, k int, c span) Status {
	start := named[k].end
	for next := k + 1; ; next++ {
		end := c.end
		if next < len(named) {
			end = named[next].start
		}
		if start < end {
			if status := s.firstSize(start, end, c); status != Blank {
				return status
			}
		}
		if next >= len(named) {
			return Blank
		}
		start = named[next].end
	}
}

// firstSize returns the first size that is told in words[start:end] of a clause; a stable one counts when no other is there.
func (s sentence) firstSize(start, end int, c span) Status {
	for i := start; i < end; i++ {
		if sizeOpen.longest(s.words, i) > 0 {
			return Uncertain
		}
		if status := s.sizeAt(i, c); status != Blank {
			return status
		}
	}
	for i := start; i < end; i++ {
		if sizeStable.longest(s.words, i) > 0 {
			return Uncertain
		}
	}
	return Blank
}

// sizeAt reads the word for a size at i.
func (s sentence) sizeAt(i int, in span) Status {
	near := s.words[max(in.start, i-5):i]
	denied := slices.ContainsFunc(near, func(w string) bool { return sizeNot[w] })
	large := sizeLarge.longest(s.words, i) > 0
	switch {
	case large && denied:
		return Negative
	case large && slices.ContainsFunc(near, func(w string) bool { return sizeMaybe[w] }):
		return Uncertain
	case large:
		return Positive
	case sizeNormal.longest(s.words, i) > 0 && !denied:
		return Negative
	}
	return Blank
}

// sizeBefore reads the size in front of m: "enlarged heart", "widening of the mediastinum", "normal heart, lungs and mediastinum".
func (s sentence) sizeBefore(m mention, c span) Status {
	for i := m.start - 1; i >= max(c.start, m.start-8); i-- {
		next := s.words[i+1]
		if finite[s.words[i]] {
			return Blank
		}
		if next == "," || next == "and" && i+1 != m.start || finite[next] {
			continue // the size of what stands before it
		}
		if sizeOpen.longest(s.words, i) > 0 {
			return Uncertain
		}
		if status := s.sizeAt(i, c); status != Blank {
			return status
		}
		if sizeStable.longest(s.words, i) > 0 {
			if i > c.start { // "enlarged stable heart" tells more than a stable one
				if before := s.sizeAt(i-1, c); before != Blank {
					return before
				}
			}
			return Uncertain
		}
	}
	return Blank
}
