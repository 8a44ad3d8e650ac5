package examples

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
)

// Rule says how pairs are chosen.
type Rule string

// The rules.
const (
	Random       Rule = "random"       // by chance, with a seed
	Disagreement Rule = "disagreement" // where the finding F1 of the rows differs most; pairs of equal difference by ID
	Finding      Rule = "finding"      // by chance among those whose reference names a finding
	Verdicts     Rule = "verdicts"     // by chance among those that some rows answered right and others wrong
)

// Choice is a rule with its settings.
type Choice struct {
	Rule    Rule   `json:"rule"`
	Finding string `json:"finding,omitempty"`
	Seed    *int64 `json:"seed"` // null where nothing is left to chance
	N       int    `json:"n"`    // pairs that were asked for

	Right []string `json:"right,omitempty"` // of the rule verdicts: rows that answered right
	Wrong []string `json:"wrong,omitempty"` // and wrong
}

// verdictWord begins a row of the rule verdicts. Names of rows may hold commas and equality signs.
var verdictWord = regexp.MustCompile(`(^|,\s*)(right|wrong)=`)

// ParseChoice reads random, disagreement, finding=NAME, or right=ROW,wrong=ROW with one or several of either.
func ParseChoice(text string) (Choice, error) {
	if at := verdictWord.FindAllStringSubmatchIndex(text, -1); len(at) > 0 && at[0][0] == 0 {
		return parseVerdicts(text, at)
	}
	rule, finding, named := strings.Cut(text, "=")
	finding = strings.Join(strings.Fields(strings.ToLower(finding)), " ")
	switch c := (Choice{Rule: Rule(rule), Finding: finding}); {
	case c.Rule == Finding && finding == "":
		return c, fmt.Errorf("%s: name the finding: finding=NAME", text)
	case c.Rule == Finding, !named && (c.Rule == Random || c.Rule == Disagreement):
		return c, nil
	}
	return Choice{}, fmt.Errorf("%s: want random, disagreement, finding=NAME or right=ROW,wrong=ROW", text)
}

// parseVerdicts reads the rows behind right= and wrong=, whose places in the text are given.
func parseVerdicts(text string, at [][]int) (Choice, error) {
	c := Choice{Rule: Verdicts}
	for i, m := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		word, row := text[m[4]:m[5]], strings.TrimSpace(text[m[1]:end])
		switch {
		case row == "":
			return Choice{}, fmt.Errorf("%s: name the row: %s=ROW", text, word)
		case slices.Contains(c.Right, row) || slices.Contains(c.Wrong, row):
			return Choice{}, fmt.Errorf("%s: %s stands there twice", text, row)
		case word == "right":
			c.Right = append(c.Right, row)
		default:
			c.Wrong = append(c.Wrong, row)
		}
	}
	return c, nil
}

// has reports whether the rows answered a pair as the rule verdicts asks.
func (c Choice) has(p Pair) bool {
	all := func(rows []string, want Verdict) bool {
		for _, row := range rows {
			if !slices.ContainsFunc(p.Answers, func(a Answer) bool { return a.Row == row && a.Absent == "" && a.Verdict == want }) {
				return false
			}
		}
		return true
	}
	return all(c.Right, RightAnswer) && all(c.Wrong, WrongAnswer)
}

// choose orders the pairs that a rule may take, which are sorted by ID, and takes the first n. candidates is how many there were.
func (c Choice) choose(all []Pair) (chosen []Pair, candidates int) {
	list := slices.Clone(all)
	switch c.Rule {
	case Disagreement:
		list = slices.DeleteFunc(list, func(p Pair) bool { return !p.judged() })
		slices.SortStableFunc(list, func(a, b Pair) int { return cmp.Compare(b.spread(), a.spread()) })
		return list[:min(c.N, len(list))], len(list)
	case Finding:
		list = slices.DeleteFunc(list, func(p Pair) bool { return !slices.Contains(findingsOf(p.want), c.Finding) })
	}
	if c.Rule == Verdicts {
		list = slices.DeleteFunc(list, func(p Pair) bool { return !c.has(p) })
	}
	var seed int64
	if c.Seed != nil {
		seed = *c.Seed
	}
	for _, i := range rand.New(rand.NewPCG(uint64(seed), 0)).Perm(len(list))[:min(c.N, len(list))] {
		chosen = append(chosen, list[i])
	}
	return chosen, len(list)
}

// judged reports whether the answers to a pair have a finding F1: its reference states findings.
func (p Pair) judged() bool {
	return slices.ContainsFunc(p.Answers, func(a Answer) bool { return a.F1 != nil })
}

// spread is the greatest less the smallest finding F1 of the answers.
func (p Pair) spread() float64 {
	low, high := 1.0, 0.0
	for _, a := range p.Answers {
		if a.F1 != nil {
			low, high = min(low, *a.F1), max(high, *a.F1)
		}
	}
	return high - low
}

// sentence says how the pairs of a table were chosen.
func (e *Examples) sentence() string {
	var rule string
	switch e.Choice.Rule {
	case Disagreement:
		rule = "whose reference states findings: those on which the finding F1 of the rows differs most (greatest less smallest; ties by ID)"
	case Finding:
		rule = fmt.Sprintf("whose reference names %s, at random (seed %d)", e.Choice.Finding, *e.Choice.Seed)
	case Verdicts:
		rule = fmt.Sprintf("that %s, at random (seed %d); right is an answer that states the findings and levels of the reference and no others", e.Choice.verdicts(), *e.Choice.Seed)
	case Random:
		rule = fmt.Sprintf("at random (seed %d)", *e.Choice.Seed)
	}
	return fmt.Sprintf("Chosen by rule: %d of %d test pairs that all rows with a result answered, %s.", len(e.Pairs), e.Candidates, rule)
}

// verdicts says which rows answered right and which wrong.
func (c Choice) verdicts() string {
	var parts []string
	if len(c.Right) > 0 {
		parts = append(parts, strings.Join(c.Right, " and ")+" answered right")
	}
	if len(c.Wrong) > 0 {
		parts = append(parts, strings.Join(c.Wrong, " and ")+" answered wrong")
	}
	return strings.Join(parts, " and ")
}
