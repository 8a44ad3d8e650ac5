package bert

import (
	"path/filepath"
	"strings"

	"harness/model/checkpoint/hub"
)

// published are the models that bert_score 0.3.13 knows of the families that Open knows, each with the layer that it reads, found by
// its authors on the WMT16 judgements.
var published = []publishedModel{
	{"bert-base-uncased", 9},
	{"bert-large-uncased", 18},
	{"bert-base-cased-finetuned-mrpc", 9},
	{"bert-base-multilingual-cased", 9},
	{"bert-base-chinese", 8},
	{"roberta-base", 10},
	{"roberta-large", 17},
	{"roberta-large-mnli", 19},
	{"roberta-base-openai-detector", 7},
	{"roberta-large-openai-detector", 15},
	{"allenai/scibert_scivocab_uncased", 8},
	{"allenai/scibert_scivocab_cased", 9},
	{"nfliu/scibert_basevocab_uncased", 9},
	{"xlm-roberta-base", 9},
	{"xlm-roberta-large", 17},
	{"google/bert_uncased_L-2_H-128_A-2", 1},
	{"google/bert_uncased_L-2_H-256_A-4", 1},
	{"google/bert_uncased_L-2_H-512_A-8", 1},
	{"google/bert_uncased_L-2_H-768_A-12", 2},
	{"google/bert_uncased_L-4_H-128_A-2", 3},
	{"google/bert_uncased_L-4_H-256_A-4", 3},
	{"google/bert_uncased_L-4_H-512_A-8", 3},
	{"google/bert_uncased_L-4_H-768_A-12", 3},
	{"google/bert_uncased_L-6_H-128_A-2", 5},
	{"google/bert_uncased_L-6_H-256_A-4", 5},
	{"google/bert_uncased_L-6_H-512_A-8", 5},
	{"google/bert_uncased_L-6_H-768_A-12", 5},
	{"google/bert_uncased_L-8_H-128_A-2", 7},
	{"google/bert_uncased_L-8_H-256_A-4", 7},
	{"google/bert_uncased_L-8_H-512_A-8", 6},
	{"google/bert_uncased_L-8_H-768_A-12", 7},
	{"google/bert_uncased_L-10_H-128_A-2", 8},
	{"google/bert_uncased_L-10_H-256_A-4", 8},
	{"google/bert_uncased_L-10_H-512_A-8", 9},
	{"google/bert_uncased_L-10_H-768_A-12", 8},
	{"google/bert_uncased_L-12_H-128_A-2", 10},
	{"google/bert_uncased_L-12_H-256_A-4", 11},
	{"google/bert_uncased_L-12_H-512_A-8", 10},
	{"google/bert_uncased_L-12_H-768_A-12", 9},
	{"microsoft/deberta-base", 9},
	{"microsoft/deberta-base-mnli", 9},
	{"microsoft/deberta-large", 16},
	{"microsoft/deberta-large-mnli", 18},
	{"microsoft/deberta-xlarge", 18},
	{"microsoft/deberta-xlarge-mnli", 40},
	{"SpanBERT/spanbert-base-cased", 8},
	{"SpanBERT/spanbert-large-cased", 17},
	{"ProsusAI/finbert", 10},
	{"microsoft/deberta-v2-xlarge", 10},
	{"microsoft/deberta-v2-xlarge-mnli", 17},
	{"microsoft/deberta-v2-xxlarge", 21},
	{"microsoft/deberta-v2-xxlarge-mnli", 22},
	{"princeton-nlp/unsup-simcse-bert-base-uncased", 10},
	{"princeton-nlp/unsup-simcse-bert-large-uncased", 18},
	{"princeton-nlp/unsup-simcse-roberta-base", 8},
	{"princeton-nlp/unsup-simcse-roberta-large", 13},
	{"princeton-nlp/sup-simcse-bert-base-uncased", 10},
	{"princeton-nlp/sup-simcse-bert-large-uncased", 18},
	{"princeton-nlp/sup-simcse-roberta-base", 10},
	{"princeton-nlp/sup-simcse-roberta-large", 16},
	{"dbmdz/bert-base-turkish-cased", 10},
	{"microsoft/deberta-v3-xsmall", 10},
	{"microsoft/deberta-v3-small", 4},
	{"microsoft/deberta-v3-base", 9},
	{"microsoft/mdeberta-v3-base", 10},
	{"microsoft/deberta-v3-large", 12},
	{"khalidalt/DeBERTa-v3-large-mnli", 18},
}

type publishedModel struct {
	name  string
	layer int
}

// LayerOf returns the layer for a model that calls itself name in config.json and lies in dir; false if neither the name, nor the
// folder's, nor its last two together are those of a published model.
func LayerOf(name, dir string) (int, bool) {
	m, known := find(name, dir)
	return m.layer, known
}

// find returns the published model of the first known name among the candidates.
func find(name, dir string) (publishedModel, bool) {
	for _, candidate := range candidates(name, dir) {
		for _, m := range published {
			if m.name == candidate {
				return m, true
			}
		}
	}
	return publishedModel{}, false
}

// candidates are the names that a folder may go by, the surest first. The hub has put its early models, such as roberta-large,
// under the names of their makers since.
func candidates(name, dir string) []string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	if repository := hub.NameOf(dir); repository != "" { // a snapshot in the Hugging Face cache lies below its name
		dir = filepath.Join(filepath.Dir(dir), repository)
	}
	parent, base := filepath.Split(dir)
	all := []string{filepath.Base(parent) + "/" + base, base}
	if name != "" && !filepath.IsAbs(name) {
		all = append(all, strings.Trim(name, "./"))
	}
	for _, m := range published { // a folder of a published model's name without its maker's; no two models share one
		if strings.HasSuffix(m.name, "/"+base) {
			all = append(all, m.name)
		}
	}
	for _, maker := range []string{"google-bert/", "FacebookAI/"} {
		for _, candidate := range all {
			if short, cut := strings.CutPrefix(candidate, maker); cut {
				all = append(all, short)
			}
		}
	}
	return all
}
