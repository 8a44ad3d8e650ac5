package model

import (
	"encoding/json"
	"fmt"
	"os"

	"harness/internal/atomicfile"
	"harness/internal/jsonfloat"
	"harness/model/checkpoint"
)

// facts passes numbers and notes on to a recorder and remembers them, for trials that would compute the same.
type facts struct {
	Recorder
	points []point
	notes  [][2]string // key and text
}

func (f *facts) Point(metric string, step int, value float64) error {
	f.points = append(f.points, point{metric, step, value})
	return f.Recorder.Point(metric, step, value)
}

func (f *facts) Note(key, text string) error {
	f.notes = append(f.notes, [2]string{key, text})
	return f.Recorder.Note(key, text)
}

// replay records what is remembered.
func (f *facts) replay(rec Recorder) error {
	for _, n := range f.notes {
		if err := rec.Note(n[0], n[1]); err != nil {
			return err
		}
	}
	return recordPoints(rec, f.points)
}

// storedFacts is the file of facts: what was recorded, and the SHA-256 of its encoding.
type storedFacts struct {
	Sum   string          `json:"sha256"`
	Facts json.RawMessage `json:"facts"`
}

type encodedFacts struct {
	Points []storedPoint `json:"points"`
	Notes  [][2]string   `json:"notes"`
}

func writeFacts(path string, f *facts) error {
	e := encodedFacts{Notes: f.notes}
	for _, p := range f.points {
		e.Points = append(e.Points, storedPoint{p.Metric, p.Step, jsonfloat.Float(p.Value)})
	}
	encoded, err := json.Marshal(e)
	if err != nil {
		return err
	}
	data, err := json.Marshal(storedFacts{sumOf(encoded), encoded})
	if err != nil {
		return err
	}
	return atomicfile.Write(path, data)
}

// readFacts reads what writeFacts has written; where it is not that any more, the error is checkpoint.ErrDamaged.
func readFacts(path string) (*facts, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var stored storedFacts
	var e encodedFacts
	if json.Unmarshal(data, &stored) != nil || sumOf(stored.Facts) != stored.Sum || json.Unmarshal(stored.Facts, &e) != nil {
		return nil, fmt.Errorf("%s: %w", path, checkpoint.ErrDamaged)
	}
	f := &facts{notes: e.Notes}
	for _, p := range e.Points {
		f.points = append(f.points, point{p.Metric, p.Step, float64(p.Value)})
	}
	return f, nil
}
