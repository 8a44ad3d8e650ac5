package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// What is read of a file of which only samples are wanted: so many pieces, spread evenly from its beginning to its end.
const (
	sampleSize  = 4 << 10
	sampleCount = 64
)

// Heard is what an attempt said of its progress, and when.
type Heard struct {
	After time.Duration // since the journal's first event
	Progress
}

// SampleProgress reads what the attempt of a journal said of its progress, oldest first: all of it from a short journal, else from samples
// with its beginning and its end among them, so that a journal of any length costs the same. Lines that are no events are passed over.
func SampleProgress(path string) ([]Heard, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	var heard []Heard
	var start int64
	take := func(e *Event) {
		if start == 0 {
			start = e.Time
		}
		if e.Kind == KindProgress {
			heard = append(heard, Heard{time.Duration(e.Time-start) * time.Millisecond, *e.Progress})
		}
	}
	wanted := func(line []byte) bool { return start == 0 || bytes.Contains(line, []byte(`"k":"progress"`)) }
	size := info.Size()
	if size <= sampleSize*sampleCount {
		err := sample(file, 0, size, wanted, take)
		return heard, err
	}
	if err := sampleFirst(file, take); err != nil { // a start may be longer than a sample
		return nil, err
	}
	for i := range int64(sampleCount) {
		at := (size - sampleSize) * i / (sampleCount - 1)
		if err := sample(file, at, sampleSize, wanted, take); err != nil {
			return heard, err
		}
	}
	return heard, nil
}

// sampleFirst reads the first event.
func sampleFirst(file *os.File, take func(*Event)) error {
	_, err := Read(file.Name(), Position{}, func(e *Event) error {
		take(e)
		return io.EOF
	})
	var bad *BadLineError
	if errors.Is(err, io.EOF) || errors.As(err, &bad) {
		return nil
	}
	return err
}

// sample calls take with the wanted events whose lines lie whole in a piece of the file.
func sample(file *os.File, at, length int64, wanted func([]byte) bool, take func(*Event)) error {
	data := make([]byte, length)
	n, err := file.ReadAt(data, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	data = data[:n]
	if at > 0 { // the first may be torn
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	names := map[string]string{}
	for {
		line, rest, whole := bytes.Cut(data, []byte("\n"))
		if !whole {
			return nil
		}
		var e Event
		if wanted(line) && decode(line, &e, names) == "" {
			take(&e)
		}
		data = rest
	}
}

// LastUsage reads the last that was recorded of what the attempt in the folder dir uses; false where nothing was.
func LastUsage(dir string) (u Usage, some bool, err error) {
	file, err := os.Open(filepath.Join(dir, ResourcesName))
	if errors.Is(err, os.ErrNotExist) {
		return u, false, nil
	}
	if err != nil {
		return u, false, fmt.Errorf("read resources: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return u, false, fmt.Errorf("read resources: %w", err)
	}
	const most = 16 << 10 // lines of a machine with many GPUs are long
	at := max(0, info.Size()-most)
	err = sample(file, at, info.Size()-at, func([]byte) bool { return true }, func(e *Event) {
		if e.Kind == KindUsage {
			u, some = *e.Usage, true
		}
	})
	if err != nil {
		return u, false, fmt.Errorf("read resources: %w", err)
	}
	return u, some, nil
}
