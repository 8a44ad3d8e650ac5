package reports

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// Prediction is one line of predictions.jsonl: what a model said to one test sample.
type Prediction struct {
	Task     string   `json:"task"`
	Control  string   `json:"control"`
	ID       string   `json:"id"`
	Question string   `json:"question"`
	Hyp      string   `json:"hyp"`
	Refs     []string `json:"refs"` // never empty

	BERTScore *float64 `json:"bertscore"` // nil where it was not scored with a model
}

// ReadPredictions reads the model's own answers to one task, in the order of the file; those of controls are left out.
func ReadPredictions(path, task string) ([]Prediction, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read predictions: %w", err)
	}
	defer file.Close()
	var list []Prediction
	d := json.NewDecoder(bufio.NewReader(file))
	for line := 1; ; line++ {
		var p Prediction
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
