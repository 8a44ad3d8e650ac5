package model

import (
	"bufio"
	"encoding/json"

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
}

// predictions writes predictions.jsonl, which appears only when the evaluation is complete.
type predictions struct {
	file   *atomicfile.File
	buffer *bufio.Writer
}

// createPredictions begins the file that commit will put at path. The caller defers abort.
func createPredictions(path string) (*predictions, error) {
	file, err := atomicfile.Create(path)
	if err != nil {
		return nil, err
	}
	return &predictions{file: file, buffer: bufio.NewWriter(file)}, nil
}

func (p *predictions) add(one prediction) error {
	line, err := json.Marshal(one)
	if err != nil {
		return err
	}
	_, err = p.buffer.Write(append(line, '\n'))
	return err
}

// commit puts the file in its place.
func (p *predictions) commit() error {
	if err := p.buffer.Flush(); err != nil {
		return err
	}
	return p.file.Commit()
}

// abort drops the file unless it was committed.
func (p *predictions) abort() { p.file.Abort() }
