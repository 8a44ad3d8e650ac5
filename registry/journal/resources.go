package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ResourcesName is the name of the file in an attempt's folder that says what its processes used over time. Its lines have the form
// of the journal's. It has another writer: whoever waits for the processes measures them, while a built-in trial writes its journal.
const ResourcesName = "resources.jsonl"

// Meter opens a file of resources: on what the attempt runs.
type Meter struct {
	Cores   int      `json:"cores"`             // that its processes may compute on
	Devices []Device `json:"devices,omitempty"` // its GPUs, in the order in which it has them
}

// Device is a GPU, or an instance of one (MIG).
type Device struct {
	UUID   string `json:"uuid"`
	Name   string `json:"name,omitempty"`
	Memory int64  `json:"memory,omitempty"` // bytes
	MIG    bool   `json:"mig,omitempty"`
	Parent string `json:"parent,omitempty"` // UUID of the GPU that an instance is part of
	Shared int    `json:"shared,omitempty"` // trials that may be on it at a time; 0 = this one only
}

// Usage is what the processes of an attempt used in a span of time. What could not be measured is nil.
type Usage struct {
	From      int64         `json:"from"` // milliseconds since the attempt's first process started
	To        int64         `json:"to"`
	CPU       *float64      `json:"cpu,omitempty"` // seconds that all of them computed
	PSS       *Level        `json:"pss,omitempty"` // bytes of memory, each shared page divided among those who share it
	RSS       *Level        `json:"rss,omitempty"` // bytes of memory, each shared page counted for each process
	Read      *int64        `json:"read,omitempty"`
	Written   *int64        `json:"written,omitempty"`   // bytes, from and to disks
	Processes int           `json:"processes,omitempty"` // the most at a time
	Devices   []DeviceUsage `json:"devices,omitempty"`   // in the order of Meter.Devices
}

// Level is what a quantity was at the readings of a span.
type Level struct {
	Mean float64 `json:"mean"`
	Max  float64 `json:"max"`
}

// DeviceUsage is what a GPU did in a span of time, for whomever; only Own is of the attempt alone.
type DeviceUsage struct {
	Busy        *Level   `json:"busy,omitempty"`   // percent of the time in which it computed
	Memory      *Level   `json:"memory,omitempty"` // bytes in use
	Own         *Level   `json:"own,omitempty"`    // bytes in use by the attempt's processes
	Power       *Level   `json:"power,omitempty"`  // watts
	Energy      *float64 `json:"energy,omitempty"` // joules
	Temperature *Level   `json:"temperature,omitempty"`
}

// Resources is what an attempt used over time, by rising time.
type Resources struct {
	Meter Meter
	Usage []Usage
}

// ResourcesWriter writes the resources of an attempt. Each line is handed to the system at once and left to it: they are not worth
// to keep a disk busy.
type ResourcesWriter struct{ w Writer }

// CreateResources makes the file in the folder of an attempt. It must not exist.
func CreateResources(dir string, m Meter) (*ResourcesWriter, error) {
	file, err := os.OpenFile(filepath.Join(dir, ResourcesName), os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("record resources: %w", err)
	}
	r := &ResourcesWriter{Writer{file: file}}
	r.w.add(KindMeter, "meter", m)
	return r, nil
}

// Usage records a span.
func (r *ResourcesWriter) Usage(u Usage) error {
	r.w.add(KindUsage, "usage", u)
	r.w.flush()
	return r.w.err
}

// Close closes the file and returns the first error.
func (r *ResourcesWriter) Close() error {
	r.w.flush()
	if err := r.w.file.Close(); err != nil && r.w.err == nil {
		return fmt.Errorf("record resources: %w", err)
	}
	return r.w.err
}

// ReadResources reads what the attempt of the folder dir used; nothing where nothing was recorded. Of a damaged file it returns what
// stands before the damage, and a *BadLineError.
func ReadResources(dir string) (Resources, error) {
	var r Resources
	path := filepath.Join(dir, ResourcesName)
	at, err := Read(path, Position{}, func(e *Event) error {
		switch e.Kind {
		case KindMeter:
			r.Meter = *e.Meter
		case KindUsage:
			if reason := r.misfit(e.Usage); reason != "" {
				return &misfitError{reason}
			}
			r.Usage = append(r.Usage, *e.Usage)
		}
		return nil
	})
	var odd *misfitError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Resources{}, nil
	case errors.As(err, &odd):
		return r, &BadLineError{path, at.Offset, odd.reason}
	}
	return r, err
}

// misfitError is a line that cannot stand where it stands; it does not leave this file.
type misfitError struct{ reason string }

func (e *misfitError) Error() string { return e.reason }

// misfit says why a line cannot follow those before it, or "".
func (r *Resources) misfit(u *Usage) string {
	last := int64(0)
	if n := len(r.Usage); n > 0 {
		last = r.Usage[n-1].To
	}
	switch {
	case u.From < last || u.To < u.From:
		return fmt.Sprintf("a span from %d to %d ms after one to %d ms", u.From, u.To, last)
	case len(u.Devices) != 0 && len(u.Devices) != len(r.Meter.Devices):
		return fmt.Sprintf("%d GPUs of %d", len(u.Devices), len(r.Meter.Devices))
	}
	return ""
}
