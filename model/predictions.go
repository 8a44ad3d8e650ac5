package model

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"

	"harness/internal/atomicfile"
)

// prediction is one line of predictions.jsonl: the answer of a model or a control to one sample.
type prediction struct {
	Task     string   `json:"task"` // gcap, caref or diffvqa
	Control  string   `json:"control,omitempty"`
	ID       string   `json:"id"`
	Question string   `json:"question,omitempty"`
	Hyp      string   `json:"hyp"`
	Refs     []string `json:"refs"`

	BERTScore *float64 `json:"bertscore,omitempty"` // of this sample, where the trial names a model
}

// predictions writes predictions.jsonl, which appears only when the evaluation is complete.
type predictions struct {
	file *atomicfile.File
	list []prediction
	at   map[predictionKey]int // in list
}

// predictionKey names a prediction of a trial.
type predictionKey struct{ task, control, id string }

// createPredictions begins the file that commit will put at path. The caller defers abort.
func createPredictions(path string) (*predictions, error) {
	file, err := atomicfile.Create(path)
	if err != nil {
		return nil, err
	}
	return &predictions{file: file, at: map[predictionKey]int{}}, nil
}

func (p *predictions) add(one prediction) {
	p.at[predictionKey{one.Task, one.Control, one.ID}] = len(p.list)
	p.list = append(p.list, one)
}

// score keeps the BERTScore of samples beside the predictions that it is of; NaN is none.
func (p *predictions) score(task, control string, ids []string, values []float64) error {
	for i, id := range ids {
		at, ok := p.at[predictionKey{task, control, id}]
		if !ok {
			return fmt.Errorf("no prediction of %s for the sample %q", task, id)
		}
		if !math.IsNaN(values[i]) {
			p.list[at].BERTScore = &values[i]
		}
	}
	return nil
}

// commit writes the file and puts it in its place.
func (p *predictions) commit() error {
	buffer := bufio.NewWriter(p.file)
	encoder := json.NewEncoder(buffer)
	for _, one := range p.list {
		if err := encoder.Encode(one); err != nil {
			return err
		}
	}
	if err := buffer.Flush(); err != nil {
		return err
	}
	return p.file.Commit()
}

// abort drops the file unless it was committed.
func (p *predictions) abort() { p.file.Abort() }
