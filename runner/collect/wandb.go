package collect

import (
	"maps"
	"slices"
	"strings"

	"harness/internal/wandbfile"
)

// readWandB reads what was added to a run's file. Of the final values that W&B keeps beside the history, those count that the history does
// not have: they stand at its last step.
func readWandB(f *file, final bool, take func(string, int64, float64), _ func(string)) error {
	if f.run == nil {
		f.run = &wandbfile.Reader{Path: f.path, Offset: f.offset}
		f.finals = map[string]float64{}
	}
	err := f.run.Read(func(r *wandbfile.Record) error {
		if r.History != nil {
			f.last = max(f.last, r.History.Step)
			for _, item := range r.History.Items {
				if value, ok := item.Number(); ok && isOwn(item.Key) {
					take(item.Key, r.History.Step, value)
				}
			}
		}
		for _, item := range r.Summary {
			if value, ok := item.Number(); ok && isOwn(item.Key) {
				f.finals[item.Key] = value
			}
		}
		return nil
	})
	if final {
		for _, key := range slices.Sorted(maps.Keys(f.finals)) {
			if f.place.curves[key] == nil {
				take(key, f.last, f.finals[key])
			}
		}
	}
	if err == nil && f.run.Offset < f.size {
		return errTorn
	}
	return err
}

// isOwn reports whether a key is the program's; W&B's begin with an underscore.
func isOwn(key string) bool { return !strings.HasPrefix(key, "_") }
