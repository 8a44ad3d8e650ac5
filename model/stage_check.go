package model

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"harness/internal/atomicfile"
	"harness/internal/jsonfloat"
	"harness/model/checkpoint"
)

// mend reads the stage's points and checks that its files are as they were written. If not, it says so and removes them: the stage
// is then trained again, with exactly the same result. A stage of a version without checksums is accepted if it can be read, and
// gets checksums.
func (s *stage) mend(rec Recorder) error {
	damage := s.check()
	if damage == nil {
		return nil
	}
	if path := (*fs.PathError)(nil); errors.As(damage, &path) && !errors.Is(damage, syscall.EIO) && !errors.Is(damage, fs.ErrNotExist) {
		return fmt.Errorf("read stage %s: %w", s.name, damage) // it may be sound, but we cannot read it
	}
	text := fmt.Sprintf("stage %s was damaged and is trained again: %v", s.name, damage)
	if err := rec.Note("stage/damaged", text); err != nil {
		return err
	}
	s.points = nil
	for _, name := range []string{weightsName, checkpointName, pointsName} {
		if err := os.Remove(s.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove damaged stage: %w", err)
		}
	}
	return nil
}

// check reads the stage's points and returns what is wrong with its files.
func (s *stage) check() error {
	name := weightsName
	if !s.done() {
		name = checkpointName
	}
	if !exists(s.path(name)) { // stopped before the first checkpoint, if it was begun at all
		return nil
	}
	points, summed, err := readPoints(s.path(pointsName))
	if err != nil {
		return err
	}
	s.points = points
	if !summed {
		if err := writePoints(s.path(pointsName), points); err != nil {
			return err
		}
	}
	if summed, err := checkpoint.CheckSum(s.path(name)); err != nil || summed {
		return err
	}
	return addSum(s.path(name))
}

// addSum writes a file of tensors again, with a checksum.
func addSum(path string) error {
	file, err := checkpoint.Load(path)
	if err != nil {
		return err
	}
	defer file.Close()
	tensors, err := tensorsOf(file)
	if err != nil {
		return err
	}
	return checkpoint.SaveSummed(path, named(tensors), file.Meta())
}

// storedPoints is points.json: the points, and the SHA-256 of their encoding.
type storedPoints struct {
	Sum    string          `json:"sha256"`
	Points json.RawMessage `json:"points"`
}

type storedPoint struct {
	Metric string          `json:"metric"`
	Step   int             `json:"step"`
	Value  jsonfloat.Float `json:"value"`
}

func writePoints(path string, points []point) error {
	list := make([]storedPoint, len(points))
	for i, p := range points {
		list[i] = storedPoint{p.Metric, p.Step, jsonfloat.Float(p.Value)}
	}
	encoded, err := json.Marshal(list)
	if err != nil {
		return err
	}
	data, err := json.Marshal(storedPoints{sumOf(encoded), encoded})
	if err != nil {
		return err
	}
	return atomicfile.Write(path, data)
}

// readPoints reads points.json; summed is false for what earlier versions wrote: a list without a checksum, or null.
func readPoints(path string) (points []point, summed bool, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, false, err
	}
	encoded := json.RawMessage(data)
	if summed = !bytes.HasPrefix(data, []byte("[")) && string(data) != "null"; summed {
		var stored storedPoints
		if json.Unmarshal(data, &stored) != nil || sumOf(stored.Points) != stored.Sum {
			return nil, true, fmt.Errorf("%s: %w", path, checkpoint.ErrDamaged)
		}
		encoded = stored.Points
	}
	var list []storedPoint
	if err := json.Unmarshal(encoded, &list); err != nil {
		return nil, summed, fmt.Errorf("%s: %w", path, err)
	}
	for _, p := range list {
		points = append(points, point{p.Metric, p.Step, float64(p.Value)})
	}
	return points, summed, nil
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// CheckStage compares the files in the folder of a stage with their checksums and changes nothing. It returns the names of the files
// that have none.
func CheckStage(dir string) (unknown []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		path, summed := filepath.Join(dir, e.Name()), false
		var err error
		switch e.Name() {
		case "lock":
			continue
		case pointsName:
			_, summed, err = readPoints(path)
		case weightsName, checkpointName:
			summed, err = checkpoint.CheckSum(path)
		}
		if errors.Is(err, fs.ErrNotExist) { // a trial goes on with it just now
			summed, err = false, nil
		}
		if err != nil {
			return nil, err
		}
		if !summed {
			unknown = append(unknown, e.Name())
		}
	}
	return unknown, nil
}
