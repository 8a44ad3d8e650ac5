package metrics

import (
	"fmt"
	"slices"
	"strings"
)

// Key describes one number that Score can give.
type Key struct {
	Name  string // in files: "bleu4"
	Label string // in tables: "BLEU-4"
	Group string // what Options.Metrics asks for: "bleu"
}

// keys are all numbers in the order in which they are printed. A new metric is a line here, a line in scorers and a file.
var keys = []Key{
	{"bleu1", "BLEU-1", "bleu"},
	{"bleu2", "BLEU-2", "bleu"},
	{"bleu3", "BLEU-3", "bleu"},
	{"bleu4", "BLEU-4", "bleu"},
	{"meteor", "METEOR", "meteor"},
	{"rouge_l", "ROUGE-L", "rouge"},
	{"cider", "CIDEr", "cider"},
	{"bertscore_p", "BERTScore P", "bertscore"},
	{"bertscore_r", "BERTScore R", "bertscore"},
	{"bertscore_f1", "BERTScore F1", "bertscore"},
	{"acc_0.5", "Acc@0.5", "box"},
	{"mean_iou", "mean IoU", "box"},
	{"finding_p", "finding P", "finding"},
	{"finding_r", "finding R", "finding"},
	{"finding_f1", "finding F1", "finding"},
	{"added_p", "added P", "finding"},
	{"added_r", "added R", "finding"},
	{"added_f1", "added F1", "finding"},
	{"missing_p", "missing P", "finding"},
	{"missing_r", "missing R", "finding"},
	{"missing_f1", "missing F1", "finding"},
	{"finding_exact", "exact set", "finding"},
	{"nothing_acc", "nothing acc.", "finding"},
	{"level_acc", "level acc.", "finding"},
	{"label14_micro_f1", "label F1-14 micro (rules)", "label"},
	{"label14_macro_f1", "label F1-14 macro (rules)", "label"},
	{"label5_micro_f1", "label F1-5 micro (rules)", "label"},
	{"label5_macro_f1", "label F1-5 macro (rules)", "label"},
}

// scorers make the scorer of a group.
var scorers = map[string]func(c *corpus, opts Options) (scorer, error){
	"bleu":      newBLEU,
	"meteor":    newMETEOR,
	"rouge":     newROUGE,
	"cider":     newCIDEr,
	"bertscore": newBERTScore,
	"box":       newBoxScorer,
	"finding":   newFindingScorer,
	"label":     newLabelScorer,
}

// Keys returns every number that Score can give, in print order.
func Keys() []Key { return slices.Clone(keys) }

// LookupKey returns the key of that name.
func LookupKey(name string) (Key, bool) {
	i := slices.IndexFunc(keys, func(k Key) bool { return k.Name == name })
	if i < 0 {
		return Key{}, false
	}
	return keys[i], true
}

// Groups returns the names that Options.Metrics accepts, in print order.
func Groups() []string {
	var groups []string
	for _, k := range keys {
		if !slices.Contains(groups, k.Group) {
			groups = append(groups, k.Group)
		}
	}
	return groups
}

// TextGroups are the groups that need nothing but text: what Score gives when Options.Metrics is empty.
var TextGroups = []string{"bleu", "meteor", "rouge", "cider"}

// orderGroups checks names and puts them in print order without repeats.
func orderGroups(names []string) ([]string, error) {
	if len(names) == 0 {
		names = TextGroups
	}
	all := Groups()
	for _, name := range names {
		if !slices.Contains(all, name) {
			return nil, fmt.Errorf("unknown metric %q; known are %s", name, strings.Join(all, ", "))
		}
	}
	return slices.DeleteFunc(all, func(g string) bool { return !slices.Contains(names, g) }), nil
}

// keysOf returns the keys of a group in print order.
func keysOf(group string) []string {
	var names []string
	for _, k := range keys {
		if k.Group == group {
			names = append(names, k.Name)
		}
	}
	return names
}
