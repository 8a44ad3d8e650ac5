package metrics

import "strings"

// Recorded describes a number that a trial of the built-in trainer records. What other programs record is not known
// here, nor which direction of their numbers is better.
type Recorded struct {
	Name   string // as recorded: "diffvqa/bleu4"
	Label  string // in tables: "BLEU-4"
	Unit   string // at the axis of a picture
	Goal   string // "maximize", "minimize", or "" where neither is better
	Digits int    // behind the point
	Shown  bool   // in a table whose experiment names no metrics
	Detail bool   // the name lies below one of these, such as caref/acc50/REGION
}

const unitInterval = "0 to 1"

// recorded are the numbers of the built-in trainer in the order in which a table shows them. Names below one of them, such
// as caref/acc50/REGION, count as the same metric.
var recorded = []Recorded{
	{"caref/acc50", "CAREF Acc@0.5", "share of boxes", "maximize", 3, true, false},
	{"caref/iou", "CAREF mean IoU", unitInterval, "maximize", 3, false, false},
	{"caref/parsed", "CAREF parsed", "share of boxes", "maximize", 3, false, false},
	{"probe/auc", "probe AUC", "area under ROC (chance: 0.5)", "maximize", 3, true, false},
	{"gcap/bleu1", "GCAP BLEU-1", unitInterval, "maximize", 3, false, false},
	{"gcap/bleu2", "GCAP BLEU-2", unitInterval, "maximize", 3, false, false},
	{"gcap/bleu3", "GCAP BLEU-3", unitInterval, "maximize", 3, false, false},
	{"gcap/bleu4", "GCAP BLEU-4", unitInterval, "maximize", 3, true, false},
	{"gcap/meteor", "GCAP METEOR", unitInterval, "maximize", 3, false, false},
	{"gcap/rouge_l", "GCAP ROUGE-L", unitInterval, "maximize", 3, false, false},
	{"gcap/cider", "GCAP CIDEr", "0 to 10", "maximize", 3, true, false},
	{"gcap/bertscore", "GCAP BERTScore", unitInterval, "maximize", 3, false, false},
	{"diffvqa/bleu1", "BLEU-1", unitInterval, "maximize", 3, false, false},
	{"diffvqa/bleu2", "BLEU-2", unitInterval, "maximize", 3, false, false},
	{"diffvqa/bleu3", "BLEU-3", unitInterval, "maximize", 3, false, false},
	{"diffvqa/bleu4", "BLEU-4", unitInterval, "maximize", 3, true, false},
	{"diffvqa/meteor", "METEOR", unitInterval, "maximize", 3, true, false},
	{"diffvqa/rouge_l", "ROUGE-L", unitInterval, "maximize", 3, true, false},
	{"diffvqa/cider", "CIDEr", "0 to 10", "maximize", 3, true, false},
	{"diffvqa/bertscore", "BERTScore", unitInterval, "maximize", 3, false, false},
	{"diffvqa/f1", "finding F1", unitInterval, "maximize", 3, true, false},
	{"diffvqa/f1_added", "F1 of added findings", unitInterval, "maximize", 3, false, false},
	{"diffvqa/f1_missing", "F1 of missing findings", unitInterval, "maximize", 3, false, false},
	{"diffvqa/exact", "exact match", unitInterval, "maximize", 3, true, false},
	{"diffvqa/nothing", "nothing-has-changed accuracy", unitInterval, "maximize", 3, false, false},
	{"diffvqa/level", "level accuracy", unitInterval, "maximize", 3, false, false},
	{"pretrain/loss", "pretrain/loss", "nats per token", "minimize", 3, false, false},
	{"diffvqa/loss", "diffvqa/loss", "nats per token", "minimize", 3, false, false},
	{"question-only/loss", "question-only/loss", "nats per token", "minimize", 3, false, false},
}

// RecordedKeys lists the numbers of the built-in trainer in the order of a table.
func RecordedKeys() []Recorded { return append([]Recorded(nil), recorded...) }

// LookupRecorded describes what the built-in trainer records under a name: the entry of that name, or, for a name below
// one, that entry with the full name as its label.
func LookupRecorded(name string) (Recorded, bool) {
	for _, r := range recorded {
		if r.Name == name {
			return r, true
		}
		if strings.HasPrefix(name, r.Name+"/") {
			r.Name, r.Label, r.Shown, r.Detail = name, name, false, true
			return r, true
		}
	}
	return Recorded{}, false
}

// IsRecorded reports whether the built-in trainer records numbers under a name: one of [RecordedKeys], what lies below it, the
// same of a control (controls/NAME/…), or what every stage of training records of its optimizer.
func IsRecorded(name string) bool {
	if rest, ok := strings.CutPrefix(name, "controls/"); ok {
		_, name, _ = strings.Cut(rest, "/")
	}
	if _, ok := LookupRecorded(name); ok {
		return true
	}
	stage, last, _ := strings.Cut(name, "/")
	_, trains := LookupRecorded(stage + "/loss")
	return trains && (last == "lr" || last == "grad_norm")
}
