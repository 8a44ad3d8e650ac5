package reports

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"

	"harness/metrics"
)

// prediction is one line of predictions.jsonl.
type prediction struct {
	Task     string   `json:"task"`
	Control  string   `json:"control"`
	ID       string   `json:"id"`
	Question string   `json:"question"`
	Hyp      string   `json:"hyp"`
	Refs     []string `json:"refs"`

	BERTScore *float64 `json:"bertscore"` // nil where it was not scored with a model
}

// readPredictions reads the model's own answers to one task, in the order of the file.
func readPredictions(path, task string) ([]prediction, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read predictions: %w", err)
	}
	defer file.Close()
	var list []prediction
	d := json.NewDecoder(bufio.NewReader(file))
	for line := 1; ; line++ {
		var p prediction
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read predictions %s: line %d: %w", path, line, err)
		}
		if p.Task == task && p.Control == "" && len(p.Refs) > 0 {
			list = append(list, p)
		}
	}
}

// cases chooses test questions and prints every row's answer: first a question that the first row answers rightly and
// another wrongly, then one that only another answers rightly, then one that no row does, then in the order of the test set.
func (b *builder) cases() error {
	var answers [][]prediction
	var names []string
	for _, r := range b.rows {
		path := b.predictionsOf(r)
		if path == "" {
			continue
		}
		list, err := readPredictions(path, "diffvqa")
		if err != nil {
			return err
		}
		if len(list) > 0 {
			answers, names = append(answers, list), append(names, r.Name)
		}
	}
	if len(answers) == 0 {
		b.table.note("no cases: no trial has kept its answers")
		return nil
	}
	all := align(answers, names)
	for _, i := range choose(all, b.plan.Report.Cases) {
		b.table.Cases = append(b.table.Cases, all[i])
	}
	return nil
}

// predictionsOf is the path of the predictions of the first seed that has some.
func (b *builder) predictionsOf(r *seeded) string {
	for _, id := range r.Trials {
		if path := b.results[id].Predictions; path != "" {
			return path
		}
	}
	return ""
}

// align joins the answers of all rows to the questions of the first.
func align(answers [][]prediction, names []string) []Case {
	byID := make([]map[string]prediction, len(answers))
	for i, list := range answers {
		byID[i] = make(map[string]prediction, len(list))
		for _, p := range list {
			byID[i][p.ID] = p
		}
	}
	var all []Case
	for _, p := range answers[0] {
		c := Case{ID: p.ID, Question: p.Question, Truth: p.Refs[0]}
		for i, name := range names {
			if own, ok := byID[i][p.ID]; ok {
				c.Answers = append(c.Answers, Answer{Row: name, Text: own.Hyp, Right: sameAnswer(own.Hyp, c.Truth)})
			}
		}
		all = append(all, c)
	}
	return all
}

// sameAnswer reports whether two answers state the same by the grammar of the data set; in any order.
func sameAnswer(a, b string) bool {
	x, errX := metrics.ParseAnswer(a)
	y, errY := metrics.ParseAnswer(b)
	if errX != nil || errY != nil {
		return a == b
	}
	for _, list := range [][]string{x.Added, x.Missing, y.Added, y.Missing} {
		slices.Sort(list)
	}
	return slices.Equal(x.Added, y.Added) && slices.Equal(x.Missing, y.Missing) && reflect.DeepEqual(x.Levels, y.Levels) &&
		x.Nothing == y.Nothing
}

func choose(all []Case, n int) []int {
	first := func(c Case) bool { return c.Answers[0].Right }
	others := func(c Case) bool {
		return slices.ContainsFunc(c.Answers[1:], func(a Answer) bool { return a.Right })
	}
	kinds := []func(Case) bool{
		func(c Case) bool {
			return first(c) && slices.ContainsFunc(c.Answers[1:], func(a Answer) bool { return !a.Right })
		},
		func(c Case) bool { return !first(c) && others(c) },
		func(c Case) bool { return !first(c) && !others(c) },
	}
	var chosen []int
	for _, kind := range kinds {
		if i := slices.IndexFunc(all, kind); i >= 0 && len(chosen) < n {
			chosen = append(chosen, i)
		}
	}
	for i := range all {
		if len(chosen) < n && !slices.Contains(chosen, i) {
			chosen = append(chosen, i)
		}
	}
	return chosen
}
