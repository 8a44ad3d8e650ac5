package model

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

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
type stage struct {
	dir    string
	lock   *os.File
	points []point
}

// point is a recorded number, kept so that a trial which shares a stage records it too.
type point struct {
	Metric string  `json:"metric"`
	Step   int     `json:"step"`
	Value  float64 `json:"value"`
}

// openStage makes and locks the folder of a stage. It waits while another trial works on it.
func openStage(ctx context.Context, home string, t spec.Trial, s spec.Stage) (*stage, error) {
	dir := filepath.Join(home, "stages", string(s)+"-"+t.StageID(s))
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("make folder of stage %s: %w", s, err)
	}
	lock, err := lockFile(ctx, filepath.Join(dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("lock stage %s: %w", s, err)
	}
	st := &stage{dir: dir, lock: lock}
	data, err := os.ReadFile(filepath.Join(dir, "points.json"))
	if err == nil {
		err = json.Unmarshal(data, &st.points)
	} else if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if err != nil {
		st.close()
		return nil, fmt.Errorf("read points of stage %s: %w", dir, err)
	}
	return st, nil
}

// lockFile waits for the exclusive lock on path. The system drops it when the process ends, however it ends.
func lockFile(ctx context.Context, path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, err
	}
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			f.Close()
			return nil, err
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (s *stage) close() { s.lock.Close() }

func (s *stage) path(name string) string { return filepath.Join(s.dir, name) }

// done reports whether the stage's weights are there.
func (s *stage) done() bool {
	_, err := os.Stat(s.path("weights.safetensors"))
	return err == nil
}

// record keeps a number for the trials that will share the stage and passes it on.
func (s *stage) record(rec Recorder, metric string, step int, value float64) error {
	if !math.IsNaN(value) && !math.IsInf(value, 0) {
		s.points = append(s.points, point{metric, step, value})
	}
	return rec.Point(metric, step, value)
}

// replay records again what the stage has recorded.
func (s *stage) replay(rec Recorder) error {
	for _, p := range s.points {
		if err := rec.Point(p.Metric, p.Step, p.Value); err != nil {
			return err
		}
	}
	return nil
}

// resume loads the last checkpoint into the session and returns where it stands: at the start where there is none. What
// was recorded after it is forgotten, since it will be recorded again.
func (s *stage) resume(session engine.Session) (position, error) {
	file, err := checkpoint.Load(s.path("checkpoint.safetensors"))
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
	if err := s.savePoints(); err != nil {
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
	return checkpoint.Save(s.path("checkpoint.safetensors"), named(state), map[string]string{"position": string(where)})
}

// finish writes the stage's result and removes its checkpoint.
func (s *stage) finish(tensors map[string]engine.Tensor, meta map[string]string) error {
	if err := s.savePoints(); err != nil {
		return err
	}
	if err := checkpoint.Save(s.path("weights.safetensors"), named(tensors), meta); err != nil {
		return err
	}
	if err := os.Remove(s.path("checkpoint.safetensors")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (s *stage) savePoints() error {
	data, err := json.Marshal(s.points)
	if err != nil {
		return err
	}
	return checkpoint.WriteFile(s.path("points.json"), data)
}

// weights reads the stage's result.
func (s *stage) weights() (map[string]engine.Tensor, error) {
	return readTensors(s.path("weights.safetensors"))
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
