package cli

import (
	"bufio"
	"fmt"
	"math"
	"os"

	"harness/internal/atomicfile"
)

// sampleFile is the file of --per-sample while it is written: it stands beside its place and takes it when it is whole.
// A path that is no plain file, such as /dev/stdout, is written where it is.
type sampleFile struct {
	path  string
	file  *os.File         // where it is written
	whole *atomicfile.File // that takes its place; nil = it is written where it is
}

func createSampleFile(path string) (*sampleFile, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		return &sampleFile{path: path, file: file}, err
	}
	whole, err := atomicfile.Create(path)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	return &sampleFile{path, whole.File, whole}, nil
}

// discard removes what was not finished.
func (s *sampleFile) discard() {
	if s.whole != nil {
		s.whole.Abort()
	}
}

// write writes one JSON object for each sample, and for each system where there are several, and puts the file into its place.
func (s *sampleFile) write(systems []scored) error {
	err := writeSamples(s.file, systems)
	switch {
	case err != nil:
	case s.whole != nil:
		err = s.whole.Commit()
	default:
		err = s.file.Close()
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", s.path, err)
	}
	return nil
}

func writeSamples(file *os.File, systems []scored) error {
	w := bufio.NewWriter(file)
	for _, s := range systems {
		for i, id := range s.scores.IDs {
			var row object
			row.set("id", id)
			if len(systems) > 1 {
				row.set("system", s.name)
			}
			for _, key := range s.scores.Keys {
				value := math.NaN() // a metric that is blank has no column
				if column := s.scores.Sample[key]; column != nil {
					value = column[i]
				}
				row.set(key, value)
			}
			line, err := row.MarshalJSON()
			if err != nil {
				return err
			}
			if _, err := w.Write(append(line, '\n')); err != nil {
				return err
			}
		}
	}
	return w.Flush()
}
