package spec

import "strings"

// Records reports whether a trial of the built-in trainer can record a metric: a control that can record none of a table's columns
// would be a blank row.
func (t Trial) Records(metric string) bool {
	task, rest, _ := strings.Cut(metric, "/")
	if task == "controls" {
		_, below, _ := strings.Cut(rest, "/")
		task, _, _ = strings.Cut(below, "/")
	}
	switch task {
	case "caref", "gcap":
		return t.PredictsRegions() && (task == "caref" && t.Pretrain.Tasks.Has(CAREF) || task == "gcap" && t.Pretrain.Tasks.Has(GCAP))
	case string(StageDiffVQA), string(StageQuestionOnly):
		return t.Until != UntilRegions
	case string(StagePretrain):
		return t.Pretrains()
	}
	return true
}
