// Package nvml asks NVIDIA's management library about GPUs: which there are, how busy they are, whether they have failed.
//
//	Open      loads the library, once a process; an error where there is none
//	Library   Devices lists GPUs and their instances (MIG); Find resolves a name of CUDA_VISIBLE_DEVICES; Next tells of errors
//	Device    one of them: what it is, and Read, what it does now
//
// Nothing is linked: every function is looked up when the library is loaded, and what an old one lacks is not known. (Bindings that
// leave this to the dynamic linker end the program when a function is missing, and where symbols are bound at start also
// without a GPU.) What a GPU does not tell is nil, never zero.
package nvml

// #cgo CFLAGS: -std=gnu17 -O2 -Wall
// #cgo LDFLAGS: -ldl
// #include <stdlib.h>
// #include "library.h"
import "C"

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"time"
	"unsafe"
)

// Name is what the dynamic linker finds the library by.
const Name = "libnvidia-ml.so.1"

// ErrMissing means that there is no NVML on this machine, and so no driver of NVIDIA.
var ErrMissing = errors.New("no NVML here")

// startTime is how long the library may take to start: with a broken driver it may never do.
const startTime = 15 * time.Second

// Library is NVML, loaded. Its methods may be called by several goroutines.
type Library struct {
	c       *C.nvml_library
	Driver  string // its version; "" = not known
	devices []*Device
}

// Device is a GPU, or an instance of one (MIG). An instance is a device of its own.
type Device struct {
	Index  int    // of the GPU, as NVML and CUDA_DEVICE_ORDER=PCI_BUS_ID count
	UUID   string // GPU-… or MIG-…
	Name   string
	Memory int64   // bytes; 0 = not known
	Parent *Device // of an instance
	MIG    bool    // of a GPU: it is divided into instances

	instances    []*Device
	gpu, compute int // of an instance
	library      *Library
	c            C.nvml_device
}

// Reading is what a device does at a moment. What it does not tell is nil.
type Reading struct {
	Busy        *float64 // percent of the last moments in which it computed
	Memory      *float64 // bytes in use
	Own         *float64 // bytes in use by the processes asked for; nil where none of them is on it
	Power       *float64 // watts
	Energy      *float64 // joules since the driver was loaded
	Temperature *float64 // °C
}

var open = sync.OnceValues(func() (*Library, error) { return OpenAt(Name) })

// Open loads the machine's library. The first call may take a second where no driver is loaded yet.
func Open() (*Library, error) { return open() }

// OpenAt loads a library by its name or path.
func OpenAt(path string) (*Library, error) {
	type result struct {
		l   *Library
		err error
	}
	loaded := make(chan result, 1)
	go func() {
		l, err := load(path)
		loaded <- result{l, err}
	}()
	select {
	case r := <-loaded:
		return r.l, r.err
	case <-time.After(startTime):
		return nil, fmt.Errorf("NVML has not started within %s", startTime)
	}
}

func load(path string) (*Library, error) {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	why := make([]C.char, 512)
	var there C.int
	c := C.nvml_open(name, &why[0], C.int(len(why)), &there)
	switch {
	case c == nil && there == 0:
		return nil, fmt.Errorf("%w: %s", ErrMissing, C.GoString(&why[0]))
	case c == nil:
		return nil, fmt.Errorf("NVML: %s", C.GoString(&why[0]))
	}
	l := &Library{c: c}
	l.Driver, _ = text(func(p *C.char, n C.int) C.int { return C.nvml_driver(c, p, n) })
	var n C.uint
	if code := C.nvml_count(c, &n); code != C.NVML_SUCCESS {
		return nil, fmt.Errorf("count GPUs: %w", l.err(code))
	}
	for i := range int(n) {
		if d := l.device(i); d != nil {
			l.devices = append(l.devices, d)
		}
	}
	return l, nil
}

// device is the GPU of an index with its instances; nil where it cannot be reached.
func (l *Library) device(i int) *Device {
	d := &Device{Index: i, library: l}
	if C.nvml_by_index(l.c, C.uint(i), &d.c) != C.NVML_SUCCESS || !d.name() {
		return nil
	}
	var on C.uint
	if C.nvml_mig(l.c, d.c, &on) != C.NVML_SUCCESS || on == 0 {
		return d
	}
	d.MIG = true
	var most C.uint
	if C.nvml_instances(l.c, d.c, &most) != C.NVML_SUCCESS {
		return d
	}
	for j := range most {
		one := &Device{Index: i, library: l, Parent: d, MIG: true}
		var gpu, compute C.uint
		if C.nvml_instance(l.c, d.c, j, &one.c) != C.NVML_SUCCESS || !one.name() {
			continue // the numbers have gaps
		}
		one.gpu, one.compute = -1, -1
		if C.nvml_instance_ids(l.c, one.c, &gpu, &compute) == C.NVML_SUCCESS {
			one.gpu, one.compute = int(gpu), int(compute)
		}
		d.instances = append(d.instances, one)
	}
	return d
}

// name asks a device who it is.
func (d *Device) name() (ok bool) {
	l := d.library
	d.UUID, ok = text(func(p *C.char, n C.int) C.int { return C.nvml_uuid(l.c, d.c, p, n) })
	d.Name, _ = text(func(p *C.char, n C.int) C.int { return C.nvml_name(l.c, d.c, p, n) })
	var total, used C.ulonglong
	if C.nvml_memory(l.c, d.c, &total, &used) == C.NVML_SUCCESS {
		d.Memory = int64(total)
	}
	return ok && d.UUID != ""
}

// text calls a function that writes a text.
func text(call func(*C.char, C.int) C.int) (string, bool) {
	buffer := make([]C.char, 128)
	if call(&buffer[0], C.int(len(buffer))) != C.NVML_SUCCESS {
		return "", false
	}
	return C.GoString(&buffer[0]), true
}

func (l *Library) err(code C.int) error { return errors.New(C.GoString(C.nvml_message(l.c, code))) }

// Devices lists what programs can compute on: GPUs, and of a GPU that is divided its instances.
func (l *Library) Devices() []*Device {
	var list []*Device
	for _, d := range l.devices {
		if d.MIG {
			list = append(list, d.instances...)
		} else {
			list = append(list, d)
		}
	}
	return list
}

// GPUs lists the GPUs, divided or not.
func (l *Library) GPUs() []*Device { return l.devices }

// Instances lists the instances of a GPU that is divided.
func (d *Device) Instances() []*Device { return d.instances }

// Read reads the device. own tells of which processes it wants the memory.
func (d *Device) Read(own func(pid int) bool) Reading {
	l := d.library
	var r Reading
	var small C.uint
	var large, total C.ulonglong
	if C.nvml_busy(l.c, d.c, &small) == C.NVML_SUCCESS {
		r.Busy = known(float64(small))
	}
	if C.nvml_memory(l.c, d.c, &total, &large) == C.NVML_SUCCESS {
		r.Memory = known(float64(large))
	}
	if C.nvml_temperature(l.c, d.c, &small) == C.NVML_SUCCESS {
		r.Temperature = known(float64(small))
	}
	if d.Parent == nil { // the current of an instance is not told
		if C.nvml_power(l.c, d.c, &small) == C.NVML_SUCCESS {
			r.Power = known(float64(small) / 1e3)
		}
		if C.nvml_energy(l.c, d.c, &large) == C.NVML_SUCCESS {
			r.Energy = known(float64(large) / 1e3)
		}
	}
	r.Own = d.ownMemory(own)
	return r
}

func known(v float64) *float64 { return &v }

// most is how many processes are asked for; a list that is longer is not known.
const most = 256

// ownMemory is the memory of some processes.
func (d *Device) ownMemory(own func(pid int) bool) *float64 {
	list := make([]C.nvml_process, most)
	n := C.uint(most)
	if C.nvml_processes(d.library.c, d.c, &n, &list[0]) != C.NVML_SUCCESS || n > most {
		return nil
	}
	var sum *float64
	for _, p := range list[:n] {
		if !own(int(p.pid)) {
			continue
		}
		if uint64(p.memory) == math.MaxUint64 { // not known: of the sum neither
			return nil
		}
		if sum == nil {
			sum = new(float64)
		}
		*sum += float64(p.memory)
	}
	return sum
}
