package examples

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"harness/internal/escape"
	"harness/internal/nearest"
	"harness/metrics"
	"harness/reports"
	"harness/reports/plots"
	"harness/sweeps"
)

// Options choose what is shown.
type Options struct {
	Choice    Choice
	TrialSeed *int64 // of the trials; nil: the first of the plan
	BoxesOf   string // the row whose boxes are drawn; "": the first that predicts boxes
}

// answered is one line of a row's answers.
type answered struct{ question, text, reference string }

// Build reads the answers of a plan's rows and chooses pairs. Controls are left out. An option that cannot be met is a *plots.OptionError.
func Build(plan *sweeps.Plan, results reports.Results, o Options) (*Examples, error) {
	e := &Examples{Name: plan.Name, Handle: plan.Handle, Choice: o.Choice, Pairs: []Pair{}, Notes: []string{}}
	at, err := seedOf(plan, "--trial-seed", o.TrialSeed)
	if err != nil {
		return nil, err
	}
	e.TrialSeed = plan.Seeds[at]
	for _, r := range plan.Rows {
		if r.Control != "" {
			continue
		}
		row, err := readRow(r, at, results)
		if err != nil {
			return nil, err
		}
		e.Rows = append(e.Rows, row)
		if row.Absent == "" {
			e.Synthetic = e.Synthetic || results[row.Trial].Synthetic
		}
	}
	if !slices.ContainsFunc(e.Rows, Row.hasAnswers) {
		return nil, fmt.Errorf("examples %s: no answers were kept%s", plan.Name, e.reasons())
	}
	if err := e.checkVerdicts(); err != nil {
		return nil, err
	}
	all := e.join()
	if len(all) == 0 {
		return nil, fmt.Errorf("examples %s: the rows have no test pair in common", plan.Name)
	}
	if err := e.choose(all); err != nil {
		return nil, err
	}
	for i := range e.Pairs {
		e.mark(&e.Pairs[i])
	}
	return e, e.readBoxes(o.BoxesOf)
}

// seedOf is the place of a seed in the plan; nil is the first.
func seedOf(plan *sweeps.Plan, option string, seed *int64) (int, error) {
	if seed == nil {
		return 0, nil
	}
	if at := slices.Index(plan.Seeds, *seed); at >= 0 {
		return at, nil
	}
	return 0, &plots.OptionError{Option: option, Reason: fmt.Sprintf("%d: the seeds of %s are %s", *seed, plan.Name, strings.Trim(fmt.Sprint(plan.Seeds), "[]"))}
}

// readRow reads the answers of a row's trial of one seed.
func readRow(r sweeps.Row, at int, results reports.Results) (Row, error) {
	row := newRow(r, at, results)
	if row.Absent != "" {
		return row, nil
	}
	list, err := reports.ReadPredictions(row.predictions, "diffvqa")
	if err != nil {
		return row, err
	}
	if len(list) == 0 {
		row.Absent = "the trial answered no difference question"
	}
	row.answers = make(map[string]answered, len(list))
	for _, p := range list {
		row.answers[p.ID] = answered{p.Question, p.Hyp, p.Refs[0]}
	}
	return row, nil
}

func (r Row) hasAnswers() bool { return len(r.answers) > 0 }

// reasons says why the rows have no answers, each reason once.
func (e *Examples) reasons() string {
	var list []string
	for _, r := range e.Rows {
		list = withNew(list, r.Absent)
	}
	return fmt.Sprintf(" by the trials of seed %d: %s", e.TrialSeed, strings.Join(list, "; "))
}

// join lists the pairs that all rows with answers have answered with the same question and reference, sorted by ID.
func (e *Examples) join() []Pair {
	var with []Row
	for _, r := range e.Rows {
		if r.hasAnswers() {
			with = append(with, r)
		}
	}
	var all []Pair
	for _, id := range slices.Sorted(maps.Keys(with[0].answers)) {
		first := with[0].answers[id]
		same := func(r Row) bool {
			own, ok := r.answers[id]
			return ok && own.question == first.question && own.reference == first.reference
		}
		if slices.IndexFunc(with, func(r Row) bool { return !same(r) }) >= 0 {
			continue
		}
		all = append(all, e.pair(id, first))
	}
	return all
}

// pair gathers the answers of all rows to one question, with the finding F1 by which pairs are chosen.
func (e *Examples) pair(id string, first answered) Pair {
	p := Pair{ID: id, Question: first.question, Reference: first.reference}
	var err error
	p.want, err = metrics.ParseAnswer(first.reference) // what is no difference answer states nothing
	for _, r := range e.Rows {
		a := Answer{Row: r.Name, Absent: r.Absent, Text: r.answers[id].text}
		if a.Absent == "" && len(p.want.Added)+len(p.want.Missing) > 0 {
			if counts, ok := metrics.CountFindings(a.Text, p.Reference); ok {
				f1 := counts.Both().F1()
				a.F1 = &f1
			}
		}
		if a.Absent == "" && e.Choice.Rule == Verdicts {
			want := &p.want
			if err != nil {
				want = nil
			}
			a.Verdict, _ = ByFindings.assess(a.Text, []string{p.Reference}, want)
		}
		p.Answers = append(p.Answers, a)
	}
	return p
}

// checkVerdicts refuses rows of the rule verdicts that there are not, or that have no answers.
func (e *Examples) checkVerdicts() error {
	for _, name := range slices.Concat(e.Choice.Right, e.Choice.Wrong) {
		at, err := placeOf(e.Rows, "--choose", name)
		if err != nil {
			return err
		}
		if absent := e.Rows[at].Absent; absent != "" {
			return &plots.OptionError{Option: "--choose", Reason: fmt.Sprintf("%s has no answers: %s", name, absent)}
		}
	}
	return nil
}

// mark judges the answers to a pair that was chosen; where its reference is no difference answer there is nothing to compare with.
func (e *Examples) mark(p *Pair) {
	_, err := metrics.ParseAnswer(p.Reference)
	if err != nil {
		e.Notes = append(e.Notes, fmt.Sprintf("Pair %s: nothing is marked, since the reference is no difference answer.", p.ID))
	}
	for i := range p.Answers {
		a := &p.Answers[i]
		switch {
		case a.Absent != "":
		case err != nil:
			a.Pieces = []Piece{{Text: a.Text}}
		default:
			a.Pieces, a.Left = judge(a.Text, p.want)
		}
	}
}

// choose keeps the pairs that the rule chooses.
func (e *Examples) choose(all []Pair) error {
	answering := 0
	for _, r := range e.Rows {
		if r.hasAnswers() {
			answering++
		}
	}
	if e.Choice.Rule == Disagreement && answering < 2 {
		return &plots.OptionError{Option: "--choose disagreement", Reason: fmt.Sprintf("it takes two rows with answers: %s has %d", e.Name, answering)}
	}
	e.Pairs, e.Candidates = e.Choice.choose(all)
	if e.Candidates > 0 {
		return nil
	}
	switch e.Choice.Rule {
	case Disagreement:
		return &plots.OptionError{Option: "--choose disagreement", Reason: "no reference states a finding"}
	case Verdicts:
		return &plots.OptionError{Option: "--choose", Reason: "there is no test pair that " + e.Choice.verdicts()}
	}
	return &plots.OptionError{Option: "--choose finding=" + e.Choice.Finding, Reason: "no reference names it: " + namedIn(all, e.Choice.Finding)}
}

// namedIn lists the findings that the references name, and which of them may have been meant.
func namedIn(all []Pair, meant string) string {
	var known []string
	for _, p := range all {
		known = withNew(known, findingsOf(p.want)...)
	}
	slices.Sort(known)
	text := "they name " + strings.Join(known, ", ")
	if len(known) == 0 {
		text = "they name none"
	}
	return escape.Line(text + nearest.Hint(nearest.Meant(meant, known)))
}
