package xla

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

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
	if !ok {
		return nil, nil, fmt.Errorf("profile: engine %s has no profiler", e.Name())
	}
	b, ok := d.backend.(*backend)
	if !ok {
		return nil, nil, fmt.Errorf("profile: engine %s has no profiler", e.Name())
	}
	raw, err = b.client.Profile(run)
	if err != nil {
		return nil, nil, fmt.Errorf("profile: %w", err)
	}
	kernels, err = kernelsOf(raw)
	return kernels, raw, err
}

// kernelsOf reads the kernels of a GPU out of an XSpace: its planes are devices, their lines streams, whose events are kernels and copies.
func kernelsOf(space []byte) ([]Kernel, error) {
	byName := map[string]*Kernel{}
	err := fields(space, func(number protowire.Number, value []byte, _ uint64) error {
		if number != 1 { // planes
			return nil
		}
		return addPlane(byName, value)
	})
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	var kernels []Kernel
	for _, k := range byName {
		kernels = append(kernels, *k)
	}
	slices.SortFunc(kernels, func(a, b Kernel) int {
		if a.Time != b.Time {
			return int(b.Time - a.Time)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return kernels, nil
}

// addPlane adds the events of a plane that is a GPU. Lines that repeat them under other names, as by module, are not streams.
func addPlane(byName map[string]*Kernel, plane []byte) error {
	var name string
	var lines [][]byte
	names := map[uint64]string{}
	err := fields(plane, func(number protowire.Number, value []byte, _ uint64) error {
		switch number {
		case 2:
			name = string(value)
		case 3:
			lines = append(lines, value)
		case 4: // event_metadata, a map
			var id uint64
			var title string
			err := fields(value, func(number protowire.Number, value []byte, n uint64) error {
				if number == 1 {
					id = n
					return nil
				}
				return fields(value, func(number protowire.Number, value []byte, _ uint64) error {
					if number == 2 {
						title = string(value)
					}
					return nil
				})
			})
			names[id] = title
			return err
		}
		return nil
	})
	if err != nil || !strings.HasPrefix(name, "/device:GPU") {
		return err
	}
	for _, line := range lines {
		if err := addLine(byName, line, names); err != nil {
			return err
		}
	}
	return nil
}

func addLine(byName map[string]*Kernel, line []byte, names map[uint64]string) error {
	var name string
	var events [][]byte
	err := fields(line, func(number protowire.Number, value []byte, _ uint64) error {
		switch number {
		case 2:
			name = string(value)
		case 4:
			events = append(events, value)
		}
		return nil
	})
	if err != nil || !strings.HasPrefix(name, "Stream") {
		return err
	}
	for _, event := range events {
		var id, picoseconds uint64
		err := fields(event, func(number protowire.Number, _ []byte, n uint64) error {
			switch number {
			case 1:
				id = n
			case 3:
				picoseconds = n
			}
			return nil
		})
		if err != nil {
			return err
		}
		k := byName[names[id]]
		if k == nil {
			k = &Kernel{Name: names[id]}
			byName[k.Name] = k
		}
		k.Count++
		k.Time += time.Duration(picoseconds/1000) * time.Nanosecond
	}
	return nil
}

// fields calls each with the fields of a message: value of those of bytes, n of numbers.
func fields(message []byte, each func(number protowire.Number, value []byte, n uint64) error) error {
	for len(message) > 0 {
		number, kind, size := protowire.ConsumeTag(message)
		if size < 0 {
			return errors.New("the record is not a message")
		}
		message = message[size:]
		var value []byte
		var n uint64
		switch kind {
		case protowire.VarintType:
			n, size = protowire.ConsumeVarint(message)
		case protowire.BytesType:
			value, size = protowire.ConsumeBytes(message)
		default:
			size = protowire.ConsumeFieldValue(number, kind, message)
		}
		if size < 0 {
			return errors.New("the record is cut")
		}
		message = message[size:]
		if err := each(number, value, n); err != nil {
			return err
		}
	}
	return nil
}
