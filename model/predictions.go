package model

import (
	"bufio"
	"encoding/json"
	"io"
)

// prediction is one line of predictions.jsonl: what a model or a control said about one sample.
type prediction struct {
	Task     string   `json:"task"` // gcap, caref or diffvqa
	Control  string   `json:"control,omitempty"`
	ID       string   `json:"id"`
	Question string   `json:"question,omitempty"`
	Hyp      string   `json:"hyp"`
	Refs     []string `json:"refs"`
}

// predictions writes predictions.jsonl.
type predictions struct {
	file   io.WriteCloser
	buffer *bufio.Writer
	closed bool
}

func newPredictions(file io.WriteCloser) *predictions {
	return &predictions{file: file, buffer: bufio.NewWriter(file)}
}

func (p *predictions) add(one prediction) error {
	line, err := json.Marshal(one)
	if err != nil {
		return err
	}
	_, err = p.buffer.Write(append(line, '\n'))
	return err
}

// Close writes what is buffered. A second call does nothing.
func (p *predictions) Close() error {
	if p.closed {
		return nil
	}
	p.closed = true
	if err := p.buffer.Flush(); err != nil {
		p.file.Close()
		return err
	}
	return p.file.Close()
}
