package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"harness/internal/atomicfile"
	"harness/internal/view"
	"harness/registry"
	"harness/registry/journal"
	"harness/registry/trackers"
	"harness/sweeps"
)

// exportTo writes the chosen trials as another tool keeps runs, into the new folder o.out: it appears whole or not at all.
func exportTo(ctx context.Context, w, log io.Writer, db *registry.DB, trials []view.Listed, o exportOptions) error {
	if !slices.Contains(trackers.WrittenFormats[:], trackers.Format(o.to)) {
		return usageError("--to %s: want mlflow, mlflow-files, tensorboard, csv or parquet", o.to)
	}
	if o.out == "" {
		return usageError("--to %s writes a folder: name it with --out DIR", o.to)
	}
	if err := checkNew("export", o.out); err != nil {
		return err
	}
	if len(trials) == 0 {
		return errors.New("export: no trials")
	}
	scratch, err := os.MkdirTemp(filepath.Dir(filepath.Clean(o.out)), atomicfile.Prefix+"*")
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	defer os.RemoveAll(scratch)
	remarks, err := writeRuns(ctx, db, trials, o, scratch)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	for _, remark := range remarks {
		fmt.Fprintln(log, remark)
	}
	if err := os.Chmod(scratch, 0o755); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	if err := os.Remove(o.out); err != nil && !errors.Is(err, fs.ErrNotExist) { // it is empty
		return fmt.Errorf("export: %w", err)
	}
	if err := os.Rename(scratch, o.out); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return written{[]string{o.out}}.print(w, o.json)
}

func writeRuns(ctx context.Context, db *registry.DB, trials []view.Listed, o exportOptions, dir string) ([]string, error) {
	out, err := trackers.Create(trackers.Format(o.to), dir)
	if err != nil {
		return nil, err
	}
	for _, t := range trials {
		run, err := runOf(ctx, db, t, o.metrics)
		if err == nil {
			err = out.Add(run)
		}
		if err != nil {
			_, closeErr := out.Close()
			return nil, errors.Join(err, closeErr)
		}
	}
	return out.Close()
}

// runOf is a trial as a run of another tool.
func runOf(ctx context.Context, db *registry.DB, t view.Listed, metrics []string) (trackers.Run, error) {
	r := trackers.Run{ID: t.ID, Name: t.Label, Group: t.Sweep, Row: t.Row, Seed: t.Seed, Error: t.Error, State: trackers.Unfinished}
	switch t.State {
	case registry.Done:
		r.State = trackers.Done
	case registry.Failed:
		r.State = trackers.Failed
	}
	if t.Started != nil {
		r.Started = *t.Started
	}
	if t.Ended != nil {
		r.Ended = *t.Ended
	}
	params, err := sweeps.ParamsOf(t.Params)
	if err != nil {
		return r, fmt.Errorf("trial %s: %w", t.ID, err)
	}
	for _, p := range params {
		value, err := json.Marshal(p.Value)
		if err != nil {
			return r, fmt.Errorf("trial %s: %w", t.ID, err)
		}
		r.Params = append(r.Params, trackers.Setting{Name: p.Path, Value: value})
	}
	times, err := pointTimes(db, t)
	if err != nil {
		return r, err
	}
	for _, metric := range sortedKeys(t.Metrics) {
		if len(metrics) > 0 && !slices.Contains(metrics, metric) {
			continue
		}
		points, err := db.Points(ctx, t.ID, metric)
		if err != nil {
			return r, err
		}
		curve := trackers.Curve{Metric: metric, Points: make([]trackers.Point, len(points))}
		for i, p := range points {
			curve.Points[i] = trackers.Point{Step: p.Step, Value: p.Value, Time: times[pointKey{metric, p.Step}]}
		}
		r.Curves = append(r.Curves, curve)
	}
	return r, nil
}

// pointKey names a point of a trial.
type pointKey struct {
	metric string
	step   int64
}

// pointTimes reads from a trial's journals when its points were recorded; the newest attempt that recorded a point tells.
func pointTimes(db *registry.DB, t view.Listed) (map[pointKey]time.Time, error) {
	times := map[pointKey]time.Time{}
	numbers, err := registry.AttemptNumbers(db.Home, t.ID)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, n := range numbers {
		if n > t.Attempts {
			continue
		}
		path := filepath.Join(db.AttemptDir(t.ID, n), journal.FileName)
		purpose := journal.PurposeRun
		_, err := journal.Read(path, journal.Position{}, func(e *journal.Event) error {
			if e.Start != nil {
				purpose = e.Start.Purpose
			}
			if e.Kind == journal.KindPoint && purpose == journal.PurposeRun {
				if names[e.Metric] == "" {
					names[e.Metric] = strings.Clone(e.Metric)
				}
				times[pointKey{names[e.Metric], e.Step}] = time.UnixMilli(e.Time).UTC()
			}
			return nil
		})
		var bad *journal.BadLineError
		if err != nil && !errors.As(err, &bad) && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return times, nil
}
