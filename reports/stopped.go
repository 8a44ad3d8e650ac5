package reports

import (
	"fmt"
	"slices"
	"strings"

	"harness/registry"
	"harness/registry/journal"
	"harness/sweeps"
)

// Trials that were stopped early have no final numbers: no mean, test or mark contains one of theirs. What a rule stops is what looked
// bad, so that the seeds that are left look better than the row is: docs/statistics.md.

// countStopped is how many seeds of a row were stopped early.
func (b *builder) countStopped(r *seeded) int {
	n := 0
	for _, id := range r.Trials {
		if b.results[id].State == registry.Stopped {
			n++
		}
	}
	return n
}

// stoppedNote says which seeds of a row were stopped, at which step, and what that does to a cell.
func (b *builder) stoppedNote(r *seeded, c Cell) string {
	var seeds, places []string
	for i, id := range r.Trials {
		result := b.results[id]
		if result.State != registry.Stopped {
			continue
		}
		at := stoppedAt(result)
		seeds, places = append(seeds, fmt.Sprintf("seed %d%s", b.plan.Seeds[i], at)), append(places, at)
	}
	places = slices.Compact(places)
	switch {
	case c.Want == 1:
		return "stopped early" + places[0]
	case c.Stopped == c.Want && len(places) == 1:
		return fmt.Sprintf("stopped early: %d of %d seeds%s", c.Stopped, c.Want, places[0])
	}
	text := fmt.Sprintf("stopped early: %d of %d seeds: %s", c.Stopped, c.Want, strings.Join(seeds, ", "))
	if c.N > 0 {
		text += "; the mean is of the other seeds only, and is neither tested nor called best"
	}
	return text
}

// stoppedAt is the step at which a trial was stopped, behind a word; "" where it is not known.
func stoppedAt(r Result) string {
	if step, ok := journal.StoppedAt(r.Error); ok {
		return fmt.Sprintf(" at step %d", step)
	}
	return ""
}

// describeStopped says in the caption how many trials the rule has stopped.
func (b *builder) describeStopped(say func(string, ...any)) {
	n := 0
	for _, t := range b.plan.Trials {
		if b.results[t.ID].State == registry.Stopped {
			n++
		}
	}
	verb, them := "were", "them"
	if n == 1 {
		verb, them = "was", "it"
	}
	if n > 0 {
		say("%d of %s %s stopped early%s: no mean, test or mark contains %s.", n, count(len(b.plan.Trials), "trial"), verb, ruleText(b.plan.Run.Stop), them)
	}
}

// ruleText names the rule of a plan; "" where it has none now.
func ruleText(s *sweeps.Stop) string {
	if s == nil {
		return ""
	}
	names := map[string]string{"median": "median rule", "asha": "ASHA"}
	rule, known := names[s.Rule]
	if !known {
		rule = s.Rule
	}
	return fmt.Sprintf(" (%s on %s)", rule, s.Metric)
}

// stopped reports whether a trial was stopped early.
func (c *Curves) stopped(id string) bool { return c.results[id].State == registry.Stopped }

// untilStopped is the curve of a seed that was stopped early, broken where it has no number.
func untilStopped(parts []segment) []Trace {
	drawn := make([]bool, len(parts))
	for i, p := range parts {
		drawn[i] = p.N > 0
	}
	return traces(parts, drawn)
}
