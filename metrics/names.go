package metrics

import (
	"slices"
	"strings"
)

// Goal says which direction of a metric is better.
type Goal string

// The goals. Without one a table shows no arrow, no bold and no sign of gain or loss.
const (
	Maximize Goal = "maximize"
	Minimize Goal = "minimize"
	NoGoal   Goal = "none"
)

// Arrow is the sign of the better direction; "" where neither is.
func (g Goal) Arrow() string {
	switch g {
	case Maximize:
		return "↑"
	case Minimize:
		return "↓"
	}
	return ""
}

// Metric is everything that is known of one number, wherever it is computed, recorded or printed.
type Metric struct {
	Name   string // in files, tables and on the command line: "bleu4" of Score, "diffvqa/bleu4" of a trial
	Label  string // in tables: "BLEU-4"
	Group  string // what is computed together, and what Options.Metrics asks for: "bleu"; "" where Score does not give it
	Unit   string // at the axis of a plot
	Goal   Goal
	Digits int     // behind the point
	Scale  float64 // printed value = value × Scale

	// Primary says that comparisons in it count by default in a table's family of tests. Of numbers that measure the same
	// thing one is primary: BLEU-4 and not BLEU-1.
	Primary bool
	Shown   bool // in a table whose experiment names no metrics
	Main    bool // shown first where there is little room
	Detail  bool // the name lies below a metric's, such as caref/acc50/REGION
}

const (
	unitInterval = "0 to 1"
	percent      = "0 to 100"
	nats         = "nats"
	natsPerToken = "nats per token"
	rocArea      = "area under ROC (chance: 0.5)"
)

// scored are the numbers that Score gives, in the order in which they are printed. A new metric is a line here, a line in
// scorers and a file.
var scored = []Metric{
	{Name: "bleu1", Label: "BLEU-1", Group: "bleu", Unit: unitInterval, Goal: Maximize},
	{Name: "bleu2", Label: "BLEU-2", Group: "bleu", Unit: unitInterval, Goal: Maximize},
	{Name: "bleu3", Label: "BLEU-3", Group: "bleu", Unit: unitInterval, Goal: Maximize},
	{Name: "bleu4", Label: "BLEU-4", Group: "bleu", Unit: unitInterval, Goal: Maximize, Primary: true},
	{Name: "meteor", Label: "METEOR", Group: "meteor", Unit: unitInterval, Goal: Maximize, Primary: true},
	{Name: "rouge_l", Label: "ROUGE-L", Group: "rouge", Unit: unitInterval, Goal: Maximize, Primary: true},
	{Name: "cider", Label: "CIDEr", Group: "cider", Unit: "0 to 10", Goal: Maximize, Primary: true},
	{Name: "sacrebleu", Label: "BLEU (13a)", Group: "sacrebleu", Unit: percent, Goal: Maximize, Primary: true},
	{Name: "chrf", Label: "chrF", Group: "chrf", Unit: percent, Goal: Maximize, Primary: true},
	{Name: "chrf++", Label: "chrF++", Group: "chrf++", Unit: percent, Goal: Maximize},
	{Name: "ter", Label: "TER", Group: "ter", Unit: "edits in percent of the reference", Goal: Minimize, Primary: true},
	{Name: "rouge1", Label: "ROUGE-1", Group: "rouge_score", Unit: unitInterval, Goal: Maximize, Primary: true},
	{Name: "rouge2", Label: "ROUGE-2", Group: "rouge_score", Unit: unitInterval, Goal: Maximize, Primary: true},
	{Name: "rougeL", Label: "ROUGE-L (rouge_score)", Group: "rouge_score", Unit: unitInterval, Goal: Maximize},
	{Name: "rougeLsum", Label: "ROUGE-Lsum", Group: "rouge_score", Unit: unitInterval, Goal: Maximize, Primary: true},
	{Name: "bertscore_p", Label: "BERTScore P", Group: "bertscore", Unit: unitInterval, Goal: Maximize},
	{Name: "bertscore_r", Label: "BERTScore R", Group: "bertscore", Unit: unitInterval, Goal: Maximize},
	{Name: "bertscore", Label: "BERTScore", Group: "bertscore", Unit: unitInterval, Goal: Maximize, Primary: true},
	{Name: "acc50", Label: "Acc@0.5", Group: "box", Unit: "share of boxes", Goal: Maximize, Primary: true},
	{Name: "acc75", Label: "Acc@0.75", Group: "box", Unit: "share of boxes", Goal: Maximize},
	{Name: "iou", Label: "mean IoU", Group: "box", Unit: unitInterval, Goal: Maximize},
	{Name: "precision", Label: "finding precision", Group: "finding", Unit: unitInterval, Goal: Maximize},
	{Name: "recall", Label: "finding recall", Group: "finding", Unit: unitInterval, Goal: Maximize},
	{Name: "f1", Label: "finding F1", Group: "finding", Unit: unitInterval, Goal: Maximize, Primary: true},
	{Name: "precision_added", Label: "precision of added findings", Group: "finding", Unit: unitInterval, Goal: Maximize},
	{Name: "recall_added", Label: "recall of added findings", Group: "finding", Unit: unitInterval, Goal: Maximize},
	{Name: "f1_added", Label: "F1 of added findings", Group: "finding", Unit: unitInterval, Goal: Maximize},
	{Name: "precision_missing", Label: "precision of missing findings", Group: "finding", Unit: unitInterval, Goal: Maximize},
	{Name: "recall_missing", Label: "recall of missing findings", Group: "finding", Unit: unitInterval, Goal: Maximize},
	{Name: "f1_missing", Label: "F1 of missing findings", Group: "finding", Unit: unitInterval, Goal: Maximize},
	{Name: "exact", Label: "exact match", Group: "finding", Unit: unitInterval, Goal: Maximize, Primary: true},
	{Name: "nothing", Label: "nothing-has-changed accuracy", Group: "finding", Unit: unitInterval, Goal: Maximize},
	{Name: "level", Label: "level accuracy", Group: "finding", Unit: unitInterval, Goal: Maximize},
	{Name: "label14_micro_f1", Label: "label F1-14 micro (rules)", Group: "label", Unit: unitInterval, Goal: Maximize, Primary: true},
	{Name: "label14_macro_f1", Label: "label F1-14 macro (rules)", Group: "label", Unit: unitInterval, Goal: Maximize},
	{Name: "label5_micro_f1", Label: "label F1-5 micro (rules)", Group: "label", Unit: unitInterval, Goal: Maximize},
	{Name: "label5_macro_f1", Label: "label F1-5 macro (rules)", Group: "label", Unit: unitInterval, Goal: Maximize},
}

// scorers make the scorer of a group.
var scorers = map[string]func(c *corpus, opts Options) (scorer, error){
	"bleu":        newBLEU,
	"meteor":      newMETEOR,
	"rouge":       newROUGE,
	"cider":       newCIDEr,
	"sacrebleu":   newSacreBLEU,
	"chrf":        newChrF,
	"chrf++":      newChrFWords,
	"ter":         newTER,
	"rouge_score": newRougeScore,
	"bertscore":   newBERTScore,
	"box":         newBoxScorer,
	"finding":     newFindingScorer,
	"label":       newLabelScorer,
}

// TextGroups are the groups that need nothing but text: what Score gives when Options.Metrics is empty.
var TextGroups = []string{"bleu", "meteor", "rouge", "cider"}

// tasks are what a trial of the built-in trainer is tested on, in the order of a table.
var tasks = []struct {
	name  string
	label string   // before the metric's
	names []string // the numbers of Score that are recorded of it
	shown []string // of them, in a table whose experiment names no metrics
	main  []string // of them, where there is little room
	other []Metric // numbers that Score does not give
}{
	{name: "caref", label: "CAREF ", names: []string{"acc50", "acc75", "iou"}, shown: []string{"acc50", "acc75"}, main: []string{"acc50"}, other: []Metric{
		{Name: "parsed", Label: "parsed", Unit: "share of boxes", Goal: Maximize},
	}},
	{name: "probe", other: []Metric{
		{Name: "auc", Label: "probe AUC (mean token)", Unit: rocArea, Goal: Maximize, Primary: true, Shown: true, Main: true},
		{Name: "tokens/auc", Label: "probe AUC (all tokens)", Unit: rocArea, Goal: Maximize, Primary: true, Shown: true, Main: true},
		{Name: "f1", Label: "set F1 (mean token)", Unit: unitInterval, Goal: Maximize},
		{Name: "tokens/f1", Label: "set F1 (all tokens)", Unit: unitInterval, Goal: Maximize, Shown: true},
	}},
	{name: "gcap", label: "GCAP ", names: captionNames, shown: []string{"bleu4", "cider"}, main: []string{"bleu4"}},
	{name: "diffvqa", names: append(slices.Clip(captionNames), "f1", "f1_added", "f1_missing", "exact", "nothing", "level"),
		shown: []string{"bleu4", "meteor", "rouge_l", "cider", "f1", "exact"}, main: []string{"bleu4", "cider", "f1"}},
	{name: "pretrain", other: stage("pretrain", nats)}, // a method's own: per token, pair of image and text, or finding
	{name: "qformer", other: stage("qformer", nats)},
	{name: "qformer-lm", other: stage("qformer-lm", natsPerToken)},
	{name: "diffvqa", other: stage("diffvqa", natsPerToken)},
	{name: "question-only", other: stage("question-only", natsPerToken)},
}

// What a stage of training has seen and computed in all; package reports says where rows of a table differ in it.
const (
	StageImages    = "images"    // encoded, counted as often as they were
	StageSequences = "sequences" // texts predicted or compared
	StageFLOPs     = "flops"     // floating-point operations of training
)

// IsEffort reports whether a name is that of such a count. Versions before did not record them.
func IsEffort(name string) bool {
	stage, what, found := strings.Cut(name, "/")
	return found && stage != "" && (what == StageImages || what == StageSequences || what == StageFLOPs)
}

// stage is what every stage of training records beside its optimizer's; unit is that of its loss.
func stage(name, unit string) []Metric {
	return []Metric{
		{Name: "loss", Label: name + "/loss", Unit: unit, Goal: Minimize},
		{Name: StageImages, Label: name + "/images", Unit: "images", Goal: NoGoal, Scale: 1},
		{Name: StageSequences, Label: name + "/sequences", Unit: "sequences", Goal: NoGoal, Scale: 1},
		{Name: StageFLOPs, Label: name + " TFLOP", Unit: "floating-point operations", Goal: NoGoal, Digits: 2, Scale: 1e-12},
	}
}

var captionNames = []string{"bleu1", "bleu2", "bleu3", "bleu4", "meteor", "rouge_l", "cider", "bertscore"}

// optimizer are what every stage of training records beside its loss: settings and diagnostics, not results.
var optimizer = []string{"lr", "grad_norm"}

// recorded are the numbers of a trial of the built-in trainer in the order in which a table shows them.
var recorded = recordedMetrics()

func recordedMetrics() []Metric {
	var all []Metric
	for _, task := range tasks {
		for _, name := range task.names {
			m, known := Lookup(name)
			if !known {
				panic("metrics: no number " + name)
			}
			m.Shown, m.Main = slices.Contains(task.shown, name), slices.Contains(task.main, name)
			all = append(all, m.of(task.name, task.label))
		}
		for _, m := range task.other {
			all = append(all, withDefaults(m).of(task.name, task.label))
		}
	}
	return all
}

// of is the metric as a trial records it of a task.
func (m Metric) of(task, label string) Metric {
	m.Name, m.Label = task+"/"+m.Name, label+m.Label
	return m
}

// withDefaults adds three digits to a metric that has neither digits nor a scale.
func withDefaults(m Metric) Metric {
	if m.Scale == 0 {
		m.Digits, m.Scale = 3, 1
	}
	return m
}

// Recorded returns the numbers that trials of the built-in trainer record, in the order of a table.
func Recorded() []Metric { return slices.Clone(recorded) }

// Lookup describes a number that Score gives, by its name; ok is false where there is none.
func Lookup(name string) (m Metric, ok bool) {
	i := slices.IndexFunc(scored, func(m Metric) bool { return m.Name == name })
	if i < 0 {
		return Metric{}, false
	}
	return withDefaults(scored[i]), true
}

// LookupRecorded describes what the built-in trainer records under a name: the entry of that name, or, for a name below one,
// that entry with the full name as its label. What other programs record is not known here.
func LookupRecorded(name string) (Metric, bool) {
	for _, m := range recorded {
		if m.Name == name {
			return m, true
		}
		if strings.HasPrefix(name, m.Name+"/") {
			m.Name, m.Label, m.Primary, m.Shown, m.Main, m.Detail = name, name, false, false, false, true
			return m, true
		}
	}
	return Metric{}, false
}

// IsRecorded reports whether the built-in trainer records numbers under a name: one of [Recorded], what lies below it, the
// same of a control (controls/NAME/…), or what every stage of training records of its optimizer.
func IsRecorded(name string) bool {
	if rest, ok := strings.CutPrefix(name, "controls/"); ok {
		_, name, _ = strings.Cut(rest, "/")
	}
	_, known := LookupRecorded(name)
	return known || IsDiagnostic(name)
}

// IsDiagnostic reports whether the built-in trainer records under a name what its optimizer did, which is no result.
func IsDiagnostic(name string) bool {
	stage, last, _ := strings.Cut(name, "/")
	_, trains := LookupRecorded(stage + "/loss")
	return trains && slices.Contains(optimizer, last)
}

// SplitRecorded returns the task of a recorded metric, and what Score gives under the rest of its name; ok is false for
// one that is not computed from texts: probe/f1 is no f1 of Score.
func SplitRecorded(name string) (task string, m Metric, ok bool) {
	task, rest, _ := strings.Cut(name, "/")
	for _, t := range tasks {
		if t.name == task && slices.ContainsFunc(t.other, func(m Metric) bool { return m.Name == rest }) {
			return task, Metric{}, false
		}
	}
	m, ok = Lookup(rest)
	return task, m, ok
}

// Groups returns the names of the groups in print order.
func Groups() []string {
	var groups []string
	for _, m := range scored {
		if !slices.Contains(groups, m.Group) {
			groups = append(groups, m.Group)
		}
	}
	return groups
}

// namesOf returns the numbers of a group in print order.
func namesOf(group string) []string {
	var names []string
	for _, m := range scored {
		if m.Group == group {
			names = append(names, m.Name)
		}
	}
	return names
}
