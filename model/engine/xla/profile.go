package xla

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"harness/internal/protofields"
	"harness/model/engine"
)

// Kernel is what a device spent on all runs of one of its programs.
type Kernel struct {
	Name  string
	Count int
	Time  time.Duration
}

// Profile runs run, which must wait for the device before it returns, and says on which kernels and copies the GPU spent its time, those
// that took longest first. The raw record, a message of XLA's type XSpace, is for TensorBoard and its like. On a device that is no GPU
// there are none.
func Profile(e engine.Engine, run func() error) (kernels []Kernel, raw []byte, err error) {
	d, ok := e.(*device)
	if !ok || d.client() == nil {
		return nil, nil, fmt.Errorf("profile: engine %s has no profiler", e.Name())
	}
	raw, err = d.client().Profile(run)
	if err != nil {
		return nil, nil, fmt.Errorf("profile: %w", err)
	}
	kernels, err = kernelsOf(raw)
	return kernels, raw, err
}

// kernelsOf reads the kernels of a GPU out of an XSpace: its planes are devices, their lines streams, whose events are kernels and copies.
func kernelsOf(space []byte) ([]Kernel, error) {
	byName := map[string]*Kernel{}
	sound := protofields.Each(space, func(number protowire.Number, _ uint64, plane []byte) bool {
		return number != 1 || addPlane(byName, plane)
	})
	if !sound {
		return nil, errors.New("profile: the record is damaged")
	}
	var kernels []Kernel
	for _, k := range byName {
		kernels = append(kernels, *k)
	}
	slices.SortFunc(kernels, func(a, b Kernel) int {
		return cmp.Or(cmp.Compare(b.Time, a.Time), strings.Compare(a.Name, b.Name))
	})
	return kernels, nil
}

// parts reads a plane or a line: its name, and what it has in the field of that number.
func parts(message []byte, number protowire.Number) (name string, list [][]byte, sound bool) {
	sound = protofields.Each(message, func(n protowire.Number, _ uint64, data []byte) bool {
		switch n {
		case 2:
			name = string(data)
		case number:
			list = append(list, data)
		}
		return true
	})
	return name, list, sound
}

// addPlane adds the events of a plane that is a GPU; it reports whether the plane is sound.
func addPlane(byName map[string]*Kernel, plane []byte) bool {
	name, lines, sound := parts(plane, 3)
	if !sound || !strings.HasPrefix(name, "/device:GPU") {
		return sound
	}
	names := map[uint64]string{}
	_, entries, _ := parts(plane, 4)
	for _, entry := range entries {
		if !addName(names, entry) {
			return false
		}
	}
	for _, line := range lines {
		if !addLine(byName, line, names) {
			return false
		}
	}
	return true
}

// addName adds an entry of the map from numbers to names of events.
func addName(names map[uint64]string, entry []byte) bool {
	var id uint64
	var name string
	sound := protofields.Each(entry, func(number protowire.Number, value uint64, data []byte) bool {
		if number == 1 {
			id = value
			return true
		}
		return protofields.Each(data, func(number protowire.Number, _ uint64, data []byte) bool {
			if number == 2 {
				name = string(data)
			}
			return true
		})
	})
	names[id] = name
	return sound
}

// addLine adds the events of a line that is a stream; other lines repeat them under other names, as by module.
func addLine(byName map[string]*Kernel, line []byte, names map[uint64]string) bool {
	name, events, sound := parts(line, 4)
	if !sound || !strings.HasPrefix(name, "Stream") {
		return sound
	}
	for _, event := range events {
		var id, picoseconds uint64
		sound := protofields.Each(event, func(number protowire.Number, value uint64, _ []byte) bool {
			switch number {
			case 1:
				id = value
			case 3:
				picoseconds = value
			}
			return true
		})
		if !sound {
			return false
		}
		k := byName[names[id]]
		if k == nil {
			k = &Kernel{Name: names[id]}
			byName[k.Name] = k
		}
		k.Count++
		k.Time += time.Duration(picoseconds / 1000)
	}
	return true
}
