package reportlabel

import "slices"

// The cues before a mention. Each reaches forward to the end of its clause or to a word that stops it.
var (
	// histories name a finding without stating it.
	histories = newPatternList(`
		history of; evaluate; evaluation of|for; eval for|of; assess; assess for; assessment of|for; assessing for;
		looking for; concern of; follow up of|for; followup of|for; clinical concern for; clinical suspicion for|of;
		treated for; to identify; to evaluate; to assess; to confirm`)

	// open doubts outrank negation: "cannot exclude X". See markExclusions.
	openDoubts = newPatternList(`unexcluded; limits|limit detection`)

	negations = newPatternList(`
		no; without; not; free of|from; clear of|from; negative for; absence of; absent; lack of; neither; nor; never; none;
		denies; resolution of; resolved; removal of; removed; extraction of; exclude|excludes|excluded|excluding;
		rules|ruled out; missing the finding|findings of; disappearance of; non; unremarkable for; rather than; instead of;
		no longer; lacks; nonvisualization of; cleared`)

	doubts = newPatternList(`
		may; might; could; would; suggest*; suspicious; suspicion*; suspect*; concerning; concern; concerns; worrisome;
		worry; question; questionable; questioned; ?; equivocal; possible; possibly; possibility; probable; probably;
		likely; presumably; presumed; perhaps; potential; potentially; favor; favors; favored; favoring; rule out;
		rules out; correlate for; correlate clinically|as; correlation for|as; versus; vs; borderline; consider; considered;
		considerations; consideration; differential; either; indeterminate; apparent; difficult to differentiate; maybe;
		uncertain`)
)

// changes after a negation leave the finding stated: "no change in X".
var changes = newPatternList(`
	change; changes; changed; increase; decrease; improvement; worsening; progression; difference; development in;
	enlargement of; increasing; enlarging; progressive; growing; increased in; further`)

// notChanges keep a negation that changes would lift: "no new or enlarging X".
var notChanges = newPatternList(`new; acute; evidence of increased`)

// The cues after a mention.
var (
	openDoubtsAfter = newPatternList(`unexcluded; not unlikely`)

	negationsAfter = newPatternList(`
		no longer;
		not|nor seen|identified|visualized|visualised|present|evident|appreciated|demonstrated|noted|detected;
		not|nor apparent|found|observed|visible|suspected|enlarged|shown;
		not clearly|definitely|well|readily|definitively|currently seen|identified|visualized|appreciated|evident|apparent;
		not clearly|definitely|radiographically|currently present|visible;
		not be seen|identified|appreciated|visualized; resolved; cleared; excluded; ruled out; absent; unlikely; removed;
		removal; not been seen|identified; : no|none|absent|negative; have|has disappeared; not any longer;
		within normal limits; within limits of normal; is|are|appear|appears normal|unremarkable`)

	doubtsAfter = newPatternList(`
		is|are|remains|remain|be|being|also|most|less|more possible|likely|probable|suspected|questioned|favored;
		is|are|remains|remain|be|being|also considered|equivocal|questionable|suggested|indeterminate;
		may|might|could be present|considered|possible|there|seen|due; suspected; questioned; less likely;
		should be considered; may|might|could also be present|considered; possible|questionable;
		a|another|also consideration|possibility|concern; a differential|diagnostic consideration`)
)

// unable are words before "exclude" and "rule out" that leave the finding open.
var unable = wordSet(`not cannot difficult hard unable impossible never without neither`)

var exclusions = newPatternList(`exclude|excluded|excluding; rule|ruled out`)

// markExclusions makes one word of an exclusion that is not made: "cannot be entirely excluded" holds "unexcluded" and no "cannot".
func (s sentence) markExclusions() {
	for i := range s.words {
		if exclusions.longest(s.words, i) == 0 {
			continue
		}
		for k := i - 1; k >= max(0, i-5) && s.words[k] != ","; k-- {
			if unable[s.words[k]] {
				s.words[k], s.words[i] = "can", "unexcluded"
				break
			}
		}
	}
}

// partial words before a cue of ending leave something behind: "near complete resolution of X".
var partial = wordSet(`near nearly almost partial partially incomplete incompletely mostly largely substantially not subtotal`)

// stoppers of a forward cue, beside finite verbs.
var statedAfter = wordSet(`
	the there a an stable unchanged mild mildly moderate moderately minimal minimally small trace tiny persistent increased
	decreased improved improving worsening worsened interval increasing decreasing slight slightly subtle is are was were
	has have`)

// judge returns every mention of the sentence with its status.
func (s sentence) judge() []mention {
	s.markExclusions()
	clauses := s.clauses()
	var judged []mention
	for _, c := range clauses {
		found := s.findPhrases(c)
		for k := range found {
			found[k].status = s.statusOf(found[k], found, c)
		}
		s.doubtAlternatives(found, c)
		judged = append(judged, found...)
		judged = append(judged, s.silhouettes(c)...)
	}
	return judged
}

// statusOf judges one mention: open doubt, then negation, then doubt, as the CheXpert labeler orders them.
func (s sentence) statusOf(m mention, all []mention, c span) Status {
	switch {
	case s.reached(histories, m, c):
		return Blank
	case s.reached(openDoubts, m, c) || s.followed(openDoubtsAfter, m, all, c):
		return Uncertain
	case s.reached(negations, m, c) || s.followed(negationsAfter, m, all, c):
		return Negative
	case s.reached(doubts, m, c) || s.followed(doubtsAfter, m, all, c):
		return Uncertain
	}
	return Positive
}

// reached reports whether a cue before the mention reaches it.
func (s sentence) reached(cues *patternList, m mention, c span) bool {
	for i := m.start - 1; i >= c.start; i-- {
		n := cues.longest(s.words, i)
		if n > 0 && i+n <= m.start && !s.stopped(i+n, m.start) && !s.lifted(i, i+n, c) {
			return true
		}
	}
	return false
}

// stopped reports whether a word in words[from:to] ends the reach of a cue before it.
func (s sentence) stopped(from, to int) bool {
	for i := from; i < to; i++ {
		next := ""
		if i+1 < to {
			next = s.words[i+1]
		}
		previous := s.words[i-1]
		switch w := s.words[i]; {
		case finite[w] && i > from && !slices.Contains([]string{"that", "which", "there", "to", "not", "be"}, previous):
			return true
		case w == "and" && (statedAfter[next]), w == "," && statedAfter[next]:
			return true
		case i > from && (w == "after" || w == "following"):
			return true
		case w == "with" && !slices.Contains([]string{"consistent", "compatible", "associated", "keeping", "concordant"}, previous):
			return true
		case i > from && slices.Contains([]string{"seen", "noted", "identified", "visualized", "present"}, w):
			return true
		}
	}
	return false
}

// lifted reports whether the cue at words[start:end] is a negation of a change, or an ending that is only partial.
func (s sentence) lifted(start, end int, c span) bool {
	switch s.words[start] {
	case "no", "without", "not", "nor":
		for i := end; i < min(end+5, c.end) && s.words[i] != ","; i++ {
			if notChanges.longest(s.words, i) > 0 {
				return false
			}
			if changes.longest(s.words, i) > 0 {
				return true
			}
		}
	case "resolution", "resolved", "cleared":
		for i := max(c.start, start-2); i < start; i++ {
			if partial[s.words[i]] {
				return true
			}
		}
	}
	return false
}

// followed reports whether a cue after the mention speaks of it: at most one verb stands between, and no mention after the cue
// takes it for itself.
func (s sentence) followed(cues *patternList, m mention, all []mention, c span) bool {
	verbs := 0
	for i := m.end; i < c.end; i++ {
		if n := cues.longest(s.words, i); n > 0 {
			if s.lifted(i, i+n, c) || i > 0 && partial[s.words[i-1]] && s.words[i] != "excluded" {
				return false
			}
			return !s.taken(i+n, all, c)
		}
		if finite[s.words[i]] && (i == m.end || !finite[s.words[i-1]]) {
			verbs++
		}
		if verbs > 1 || s.words[i] == "without" {
			return false
		}
	}
	return false
}

// taken reports whether a mention stands right behind the cue that ends at i, so that the cue speaks of that one.
func (s sentence) taken(i int, all []mention, c span) bool {
	for k := i; k < min(i+4, c.end) && !partings[s.words[k]]; k++ {
		if causes[s.words[k]] {
			return true
		}
		if slices.ContainsFunc(all, func(o mention) bool { return o.start == k }) {
			return true
		}
	}
	return false
}

// partings are words behind which a cue no longer speaks of what follows; causes are words with which it speaks of what explains
// the mention.
var (
	partings = wordSet(`, over with without no`)
	causes   = wordSet(`due secondary related represents represent representing reflects reflect reflecting from caused`)
)

// doubtAlternatives makes two mentions uncertain that stand as alternatives: "X or Y", "X versus Y".
func (s sentence) doubtAlternatives(found []mention, c span) {
	for k := 0; k+1 < len(found); k++ {
		a, b := &found[k], &found[k+1]
		if a.of == b.of || b.start-a.end > 5 || b.start < a.end {
			continue
		}
		between := s.words[a.end:b.start]
		or := slices.ContainsFunc(between, func(w string) bool { return w == "or" || w == "vs" || w == "versus" })
		if !or || slices.Contains(between, "no") || s.unchangedBefore(*a, c) {
			continue
		}
		for _, m := range []*mention{a, b} {
			if m.status == Positive {
				m.status = Uncertain
			}
		}
	}
}

// unchangedBefore reports whether a negated change stands before the mention.
func (s sentence) unchangedBefore(m mention, c span) bool {
	for i := c.start; i < m.start; i++ {
		if negations.longest(s.words, i) > 0 && s.lifted(i, i+1, c) {
			return true
		}
	}
	return false
}
