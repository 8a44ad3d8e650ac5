package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"harness/metrics"
	"harness/model/spec"
	"harness/registry"
)

// Effort is what the training of a row saw and computed: the mean over its finished trials.
type Effort struct {
	Images    float64 `json:"images"`          // encoded by the stages that train the vision encoder, as often as they were
	Sequences float64 `json:"sequences"`       // texts predicted or compared by these stages
	FLOPs     float64 `json:"flops,omitempty"` // floating-point operations of all stages; 0 where a stage has not recorded them
}

// effort is what the finished trials of a row recorded of their training; nil where one recorded nothing, as older versions did, and
// for a program, whose numbers may have the same names.
func (b *builder) effort(r *seeded) *Effort {
	if b.plan.Command {
		return nil
	}
	var sum Effort
	var n float64
	whole := true
	for _, id := range r.Trials {
		result, ok := b.results[id]
		if !ok || result.State != registry.Done {
			continue
		}
		one := effortOf(result.Values)
		if one == nil {
			return nil
		}
		n++
		sum.Images, sum.Sequences, sum.FLOPs = sum.Images+one.Images, sum.Sequences+one.Sequences, sum.FLOPs+one.FLOPs
		whole = whole && one.FLOPs > 0
	}
	if n == 0 {
		return nil
	}
	if !whole {
		sum.FLOPs = 0
	}
	return &Effort{sum.Images / n, sum.Sequences / n, sum.FLOPs / n}
}

func effortOf(values map[string]registry.Summary) *Effort {
	var e Effort
	whole := true
	for _, stage := range spec.Stages {
		of := func(name string) (float64, bool) {
			v, ok := values[string(stage)+"/"+name]
			return v.Last, ok
		}
		if _, trained := of("loss"); !trained {
			continue
		}
		images, known := of(metrics.StageImages)
		sequences, _ := of(metrics.StageSequences)
		flops, counted := of(metrics.StageFLOPs)
		whole = whole && counted
		e.FLOPs += flops
		if stage.TrainsEncoder() {
			if !known {
				return nil
			}
			e.Images, e.Sequences = e.Images+images, e.Sequences+sequences
		}
	}
	if !whole {
		e.FLOPs = 0
	}
	if e == (Effort{}) {
		return nil
	}
	return &e
}

// compareEfforts marks the rows whose pretraining saw another number of samples than that of their baseline: they are not compared
// at equal samples.
func (b *builder) compareEfforts() {
	bySequence := map[string]bool{} // the trials that count sequences as their samples
	for _, t := range b.plan.Trials {
		bySequence[t.ID] = t.Spec.Pretrain.Equal == spec.EqualSequences
	}
	for i := range b.table.Rows {
		row := &b.table.Rows[i]
		base := b.row(row.Baseline)
		if row.Kind != Model || base == nil || row.Effort == nil || base.Effort == nil || row.Effort.Images == 0 || base.Effort.Images == 0 {
			continue
		}
		what, own, its := "images", row.Effort.Images, base.Effort.Images
		if slices.ContainsFunc(row.trials, func(id string) bool { return bySequence[id] }) {
			what, own, its = "sequences", row.Effort.Sequences, base.Effort.Sequences
		}
		if own != its {
			row.Marks = append(row.Marks, b.table.note(fmt.Sprintf("pretrained on %s %s, its baseline on %s", counted(own), what, counted(its))))
		}
	}
}

// describeEffort says in the caption how much every row was trained.
func (b *builder) describeEffort(say func(string, ...any)) {
	var rows []Row
	for _, row := range b.table.Rows {
		if row.Kind == Model && row.Effort != nil && row.Effort.Images > 0 {
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return
	}
	say("Pretraining: %s images; %s sequences.", perRow(rows, func(e Effort) float64 { return e.Images }, counted),
		perRow(rows, func(e Effort) float64 { return e.Sequences }, counted))
	if !slices.ContainsFunc(rows, func(r Row) bool { return r.Effort.FLOPs == 0 }) {
		say("Training: %s FLOPs a trial.", perRow(rows, func(e Effort) float64 { return e.FLOPs }, short2))
	}
}

// Of how many different values a sentence lists each with its rows, and how many rows it names of one; of more values it says the
// smallest and the largest.
const (
	mostValues = 3
	mostRows   = 3
)

// perRow is what all rows have, or each value with the rows that have it. Where many rows have one value, and the sentence names all
// others, they are the others.
func perRow(rows []Row, of func(Effort) float64, text func(float64) string) string {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(of(*a.Effort), of(*b.Effort)) })
	var values []string
	names := map[string][]string{}
	for _, row := range rows {
		v := text(of(*row.Effort))
		if names[v] == nil {
			values = append(values, v)
		}
		names[v] = append(names[v], row.Name)
	}
	if len(values) == 1 {
		return values[0]
	}
	all, between := len(values) <= mostValues, ", "
	if !all {
		values, between = []string{values[0], values[len(values)-1]}, " to "
	}
	long := 0 // values that have more rows than are named
	for _, v := range values {
		if len(names[v]) > mostRows {
			long++
		}
	}
	parts := make([]string, len(values))
	for i, v := range values {
		who := listed(names[v], mostRows)
		if all && long == 1 && len(names[v]) > mostRows {
			who = "the others"
		}
		parts[i] = fmt.Sprintf("%s (%s)", v, who)
	}
	return strings.Join(parts, between)
}

// short2 is a number with two digits: 8.9e8.
func short2(v float64) string {
	mantissa, exponent, _ := strings.Cut(fmt.Sprintf("%.1e", v), "e")
	power, _ := strconv.Atoi(exponent)
	return fmt.Sprintf("%se%d", mantissa, power)
}

// counted is a whole number with its digits in groups of three.
func counted(v float64) string {
	digits := fmt.Sprintf("%.0f", v)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
