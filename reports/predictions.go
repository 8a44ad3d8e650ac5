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
	Refs     []string `json:"refs"`   // never empty
	Images   []string `json:"images"` // of a program's trial: files below the attempt's folder

	BERTScore *float64 `json:"bertscore"` // nil where it was not scored with a model
}

// ReadPredictions reads the model's own answers to one task, in the order of the file; those of controls are left out.
func ReadPredictions(path, task string) ([]Prediction, error) {
	var list []Prediction
	err := EachPrediction(path, func(p Prediction) {
		if p.Task == task {
			list = append(list, p)
		}
	})
	return list, err
}

// EachPrediction calls fn with the model's own answers to all tasks, in the order of the file; those of controls are left out, and those
// without a reference.
func EachPrediction(path string, fn func(Prediction)) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read predictions: %w", err)
	}
	defer file.Close()
	d := json.NewDecoder(bufio.NewReader(file))
	for line := 1; ; line++ {
		var p Prediction
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read predictions %s: line %d: %w", path, line, err)
		}
		if p.Control == "" && len(p.Refs) > 0 {
			fn(p)
		}
	}
}
