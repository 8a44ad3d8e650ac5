package nvml

// #include "library.h"
import "C"

import (
	"fmt"
	"slices"
)

// Event is an error of a GPU.
type Event struct {
	Device *Device // the GPU, also where an instance has failed
	Xid    int     // NVIDIA's number of the error; 0 = an ECC error that could not be corrected
}

func (e Event) String() string {
	if e.Xid == 0 {
		return "an ECC error that could not be corrected"
	}
	return fmt.Sprintf("Xid %d", e.Xid)
}

// byPrograms are the Xids that a program causes itself, such as 31 by a wrong address: they say nothing about the GPU. NVIDIA's device
// plugin for Kubernetes passes over the same ones.
var byPrograms = []int{13, 31, 43, 45, 68, 109}

// OfHardware reports whether the GPU itself is to blame.
func (e Event) OfHardware() bool { return !slices.Contains(byPrograms, e.Xid) }

// Watch asks to be told of the errors of a GPU from now on.
func (l *Library) Watch(d *Device) error {
	if d.Parent != nil {
		d = d.Parent
	}
	if code := C.nvml_watch(l.c, d.c); code != C.NVML_SUCCESS {
		return fmt.Errorf("watch GPU %d: %w", d.Index, l.err(code))
	}
	return nil
}

// eccEvent is the kind of an event that is no Xid.
const eccEvent = 2

// Next returns an error that has happened since it was called last; false where there is none. It does not wait.
func (l *Library) Next() (Event, bool) {
	var event C.nvml_event
	if C.nvml_next(l.c, &event) != C.NVML_SUCCESS {
		return Event{}, false
	}
	e := Event{}
	if event._type != eccEvent {
		e.Xid = int(event.data)
	}
	for _, d := range l.devices {
		if d.c == event.device || d.sameAs(event.device) {
			e.Device = d
		}
	}
	return e, e.Device != nil
}

// sameAs reports whether a handle is of this device, too.
func (d *Device) sameAs(c C.nvml_device) bool {
	uuid, ok := text(func(p *C.char, n C.int) C.int { return C.nvml_uuid(d.library.c, c, p, n) })
	return ok && uuid == d.UUID
}
