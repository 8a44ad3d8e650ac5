// Package census counts what a usable data set holds, split by split, and scores the two answers that need no model: the mean box of each
// region, and the most frequent answer to each question. These are numbers to check a copy of the data by before anything is trained; trials
// record the two baselines as controls, and get the same.
//
// The flow: Of takes a set as package dataset reads it, and returns a Census; WriteText prints it (text.go), JSON is its fields. No pixel
// is read.
package census

import (
	"cmp"
	"context"
	"slices"

	"harness/model/corpus"
	"harness/model/dataset"
	"harness/model/nn"
	"harness/model/spec"
	"harness/model/tokenizer"
)

// Census is what a data set holds.
type Census struct {
	Views          map[string]int  `json:"views"`                     // usable images by view: AP, PA; frontal or unknown in open sets
	Images         BySplit         `json:"images"`                    // usable ones
	Studies        BySplit         `json:"studies"`                   // with a usable image
	Subjects       BySplit         `json:"subjects"`                  // with a usable image
	Captions       BySplit         `json:"captions"`                  // images with a caption
	Regions        BySplit         `json:"regions"`                   // regions with a phrase and a box
	Labelled       int             `json:"labelled"`                  // studies with labels for the linear probe; 0: there will be none
	Questions      []TypeCount     `json:"questions"`                 // usable ones, by type
	Lengths        []Length        `json:"lengths"`                   // of texts
	MeanBox        *MeanBox        `json:"mean_box,omitempty"`        // absent without regions to train and test on
	FrequentAnswer *FrequentAnswer `json:"frequent_answer,omitempty"` // absent without pairs to train and test on
}

// BySplit is a count of each split.
type BySplit struct {
	Train int `json:"train"`
	Val   int `json:"val"`
	Test  int `json:"test"`
}

func (b *BySplit) add(s dataset.Split) {
	switch s {
	case dataset.Train:
		b.Train++
	case dataset.Val:
		b.Val++
	case dataset.Test:
		b.Test++
	}
}

// TypeCount counts the usable questions of a type.
type TypeCount struct {
	Type string `json:"type"`
	BySplit
}

// Length says how long texts are in tokens of GPT-2.
type Length struct {
	Of    string  `json:"of"`
	N     int     `json:"count"`
	Mean  float64 `json:"mean"`
	P95   int     `json:"p95"`             // 95% are not longer
	Most  int     `json:"most"`            // tokens of the longest
	Limit int     `json:"limit,omitempty"` // tokens at which preset paper cuts them, or ends answers; absent for nothing
	Over  int     `json:"over"`            // how many are longer than the limit
}

// Of counts a set and scores the baselines on its test split. It fails where the labels of the probe are there and cannot be read, which a trial
// would find only behind pretraining.
func Of(ctx context.Context, set *dataset.Set) (*Census, error) {
	labels, err := set.Findings()
	if err != nil {
		return nil, err
	}
	c := &Census{Views: map[string]int{}, Labelled: len(labels)}
	c.countImages(set)
	c.countQuestions(set)
	c.measure(set)
	c.MeanBox = scoreMeanBox(&corpus.Corpus{Set: set})
	c.FrequentAnswer, err = scoreFrequentAnswer(ctx, set)
	return c, err
}

func (c *Census) countImages(set *dataset.Set) {
	studies, subjects := map[string]bool{}, map[string]bool{}
	for i := range set.Images {
		m := &set.Images[i]
		c.Views[m.View]++
		c.Images.add(m.Split)
		if !studies[m.Study] {
			studies[m.Study] = true
			c.Studies.add(m.Split)
		}
		if key := m.Subject + " " + m.Split.String(); !subjects[key] {
			subjects[key] = true
			c.Subjects.add(m.Split)
		}
		if m.Caption != "" {
			c.Captions.add(m.Split)
		}
		for range m.Regions {
			c.Regions.add(m.RegionSplit)
		}
	}
}

// countQuestions counts difference questions first, then the other types in the order of their names.
func (c *Census) countQuestions(set *dataset.Set) {
	counts := map[string]*BySplit{}
	for _, list := range [][]dataset.Pair{set.Pairs, set.Questions} {
		for _, p := range list {
			if counts[p.Type] == nil {
				counts[p.Type] = &BySplit{}
			}
			counts[p.Type].add(p.Split)
		}
	}
	for kind, n := range counts {
		c.Questions = append(c.Questions, TypeCount{kind, *n})
	}
	slices.SortFunc(c.Questions, func(a, b TypeCount) int {
		if first := a.Type == "difference"; first != (b.Type == "difference") {
			return map[bool]int{true: -1, false: 1}[first]
		}
		return cmp.Compare(a.Type, b.Type)
	})
}

// measure counts tokens of captions, of phrases with their boxes as AREF and CAREF write them, and of difference questions and answers.
func (c *Census) measure(set *dataset.Set) {
	paper, err := spec.Default(spec.Paper)
	if err != nil {
		panic(err) // a preset of ours
	}
	tokens := counter()
	var captions, phrases, questions, answers []int
	seen := map[string]bool{}
	for i := range set.Images {
		m := &set.Images[i]
		if m.Caption != "" && !seen[m.Study] {
			seen[m.Study] = true
			captions = append(captions, tokens(corpus.CapBody(m.Caption)))
		}
		for k := range m.Regions {
			if box, ok := corpus.Quantised(m, &m.Regions[k]); ok {
				phrases = append(phrases, tokens(" "+m.Regions[k].Phrase)+tokens(" "+nn.BoxText(box)))
			}
		}
	}
	for _, p := range set.Pairs {
		questions = append(questions, tokens(p.Question))
		answers = append(answers, tokens(corpus.AnswerText(p.Answer)))
	}
	for _, l := range []struct {
		of    string
		all   []int
		limit int
	}{
		{"captions", captions, paper.Pretrain.MaxReport},
		{"phrases with box", phrases, paper.Pretrain.MaxPhrase},
		{"difference questions", questions, 0},
		{"difference answers", answers, paper.Eval.MaxNewTokens},
	} {
		if len(l.all) > 0 {
			c.Lengths = append(c.Lengths, lengthOf(l.of, l.all, l.limit))
		}
	}
}

// counter returns a function that counts a text's tokens, and remembers those of texts that come again.
func counter() func(string) int {
	known, gpt2 := map[string]int{}, tokenizer.GPT2()
	return func(text string) int {
		n, ok := known[text]
		if !ok {
			n = len(gpt2.Encode(text))
			known[text] = n
		}
		return n
	}
}

func lengthOf(of string, all []int, limit int) Length {
	slices.Sort(all)
	l := Length{Of: of, N: len(all), Limit: limit, Most: all[len(all)-1], P95: all[(len(all)*95+99)/100-1]}
	sum := 0
	for _, n := range all {
		sum += n
		if limit > 0 && n > limit {
			l.Over++
		}
	}
	l.Mean = float64(sum) / float64(len(all))
	return l
}
