package model

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"harness/internal/filelock"
	"harness/model/checkpoint"
	"harness/model/engine"
	"harness/model/spec"
)

// stage is the folder of one stage of training: its last checkpoint while it runs, its weights and recorded numbers
// once it is done. It is named by what determines the stage, and locked while a trial works on it: a second trial that
// needs the same stage waits and then shares it.
//
//	checkpoint.safetensors  parameters, optimiser state and step of the last checkpoint
//	points.json             what the stage has recorded up to the checkpoint, or in all
//	weights.safetensors     the trained parameters: the stage is done
//
// Each file carries a checksum: a stage of which a file is damaged is trained again (stage_check.go).
type stage struct {
	name   spec.Stage
	dir    string
	lock   *filelock.Lock
	points []point
}

const (
	checkpointName = "checkpoint.safetensors"
	pointsName     = "points.json"
	weightsName    = "weights.safetensors"
)

// point is a recorded number, kept so that a trial which shares a stage records it too.
type point struct {
	Metric string
	Step   int
	Value  float64
}

// recordPoints records numbers in order.
func recordPoints(rec Recorder, points []point) error {
	for _, p := range points {
		if err := rec.Point(p.Metric, p.Step, p.Value); err != nil {
			return err
		}
	}
	return nil
}

// stageDir is the folder of a stage of the trial t.
func stageDir(home string, t spec.Trial, s spec.Stage) string {
	return filepath.Join(home, "stages", string(s)+"-"+t.StageID(s))
}

// openStage makes and locks the folder of a stage. It waits while another trial works on it. What is damaged is noted to
// rec and removed.
func openStage(ctx context.Context, home string, t spec.Trial, s spec.Stage, rec Recorder) (*stage, error) {
	dir := stageDir(home, t, s)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("make folder of stage %s: %w", s, err)
	}
	lock, err := filelock.Wait(ctx, filepath.Join(dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("lock stage %s: %w", s, err)
	}
	st := &stage{name: s, dir: dir, lock: lock}
	if err := st.mend(rec); err != nil {
		st.close()
		return nil, err
	}
	return st, nil
}

func (s *stage) close() { s.lock.Release() }

func (s *stage) path(name string) string { return filepath.Join(s.dir, name) }

// done reports whether the stage's weights are there.
func (s *stage) done() bool {
	return exists(s.path(weightsName))
}

// record keeps a number for the trials that will share the stage and passes it on.
func (s *stage) record(rec Recorder, metric string, step int, value float64) error {
	s.points = append(s.points, point{metric, step, value})
	return rec.Point(metric, step, value)
}

// replay records again what the stage has recorded.
func (s *stage) replay(rec Recorder) error { return recordPoints(rec, s.points) }

// buildKey is the key under which a stage's weights keep the build of the program that trained them.
const buildKey = "harness"

// reuse records what a finished stage has recorded, and notes where another build of the program than this one trained it.
func (s *stage) reuse(rec Recorder, build string) error {
	file, err := checkpoint.Load(s.path(weightsName))
	if err != nil {
		return err
	}
	trainedBy, known := file.Meta()[buildKey]
	file.Close()
	switch {
	case build == "" || trainedBy == build:
	case !known || trainedBy == "":
		err = rec.Note("stage/"+string(s.name), "shared: it was trained by a build of the harness that is not known")
	default:
		err = rec.Note("stage/"+string(s.name), fmt.Sprintf("shared: it was trained by harness %s, this is %s", trainedBy, build))
	}
	if err != nil {
		return err
	}
	return s.replay(rec)
}

// DropStages removes the stages that a trial would share, so that it is trained from the start. A stage that another trial
// is working on stays: it is being trained again already.
func DropStages(home string, t spec.Trial) error {
	for _, s := range spec.Stages {
		dir := stageDir(home, t, s)
		if !exists(dir) {
			continue
		}
		lock, err := filelock.Try(filepath.Join(dir, "lock"))
		if errors.Is(err, filelock.ErrLocked) {
			continue
		}
		if err != nil {
			return fmt.Errorf("drop stage %s: %w", s, err)
		}
		for _, name := range []string{weightsName, checkpointName, pointsName} { // without weights it is not done, whatever is left
			if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
				lock.Release()
				return fmt.Errorf("drop stage %s: %w", s, err)
			}
		}
		lock.Release()
	}
	return nil
}

// resume loads the last checkpoint into the session and returns where it stands: at the start where there is none. What
// was recorded after it is forgotten, since it will be recorded again.
func (s *stage) resume(session engine.Session) (position, error) {
	file, err := checkpoint.Load(s.path(checkpointName))
	if errors.Is(err, os.ErrNotExist) {
		s.points = nil
		return position{}, nil
	}
	if err != nil {
		return position{}, err
	}
	defer file.Close()
	state, err := tensorsOf(file)
	if err != nil {
		return position{}, err
	}
	var at position
	if err := json.Unmarshal([]byte(file.Meta()["position"]), &at); err != nil {
		return position{}, fmt.Errorf("checkpoint %s: position: %w", file.Path(), err)
	}
	if err := session.Load(state); err != nil {
		return position{}, fmt.Errorf("checkpoint %s: %w", file.Path(), err)
	}
	s.points = slices.DeleteFunc(s.points, func(p point) bool { return p.Step > at.Step })
	return at, nil
}

// save writes a checkpoint: first the numbers, which may be ahead of the weights, then the weights.
func (s *stage) save(session engine.Session, at position) error {
	if err := writePoints(s.path(pointsName), s.points); err != nil {
		return err
	}
	state, err := session.Save()
	if err != nil {
		return err
	}
	where, err := json.Marshal(at)
	if err != nil {
		return err
	}
	return checkpoint.SaveSummed(s.path(checkpointName), named(state), map[string]string{"position": string(where)})
}

// finish writes the stage's result and removes its checkpoint.
func (s *stage) finish(tensors map[string]engine.Tensor, meta map[string]string) error {
	if err := writePoints(s.path(pointsName), s.points); err != nil {
		return err
	}
	if err := checkpoint.SaveSummed(s.path(weightsName), named(tensors), meta); err != nil {
		return err
	}
	if err := os.Remove(s.path(checkpointName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// weights reads the stage's result.
func (s *stage) weights() (map[string]engine.Tensor, error) {
	return readTensors(s.path(weightsName))
}

func readTensors(path string) (map[string]engine.Tensor, error) {
	file, err := checkpoint.Load(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return tensorsOf(file)
}

func tensorsOf(file *checkpoint.File) (map[string]engine.Tensor, error) {
	tensors := map[string]engine.Tensor{}
	for _, name := range file.Names() {
		t := engine.Tensor{Shape: file.Shape(name)}
		var err error
		if file.DType(name) == checkpoint.I32 {
			t.I32, err = file.I32(name)
		} else {
			t.F32, err = file.F32(name)
		}
		if err != nil {
			return nil, err
		}
		tensors[name] = t
	}
	return tensors, nil
}

func named(tensors map[string]engine.Tensor) []checkpoint.Named {
	list := make([]checkpoint.Named, 0, len(tensors))
	for name, t := range tensors {
		list = append(list, checkpoint.Named{Name: name, Shape: t.Shape, F32: t.F32, I32: t.I32})
	}
	return list
}
