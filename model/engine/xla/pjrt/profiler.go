package pjrt

// #include <stdlib.h>
// #include "plugin.h"
import "C"

import (
	"errors"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

// Profile records what the device does while run does its work, and returns the record as XLA's profiler writes it: a message of type
// XSpace. run must wait for the device before it returns. A plugin without a profiler is an error.
func (p *Plugin) Profile(run func() error) (space []byte, err error) {
	options := profileOptions()
	var profiler unsafe.Pointer
	if err := message(C.plugin_profile_start(p.api, bytesOf(options), C.size_t(len(options)), &profiler)); err != nil {
		return nil, err
	}
	failed := run()
	var data *C.uchar
	var size C.size_t
	if err := message(C.plugin_profile_stop(p.api, profiler, &data, &size)); err != nil {
		return nil, errors.Join(failed, err)
	}
	defer C.free(unsafe.Pointer(data))
	return withoutEnd(C.GoBytes(unsafe.Pointer(data), C.int(size))), failed
}

// withoutEnd cuts the zero byte that XLA counts behind a message; no field begins with one.
func withoutEnd(space []byte) []byte {
	for rest := space; len(rest) > 0; {
		if len(rest) == 1 && rest[0] == 0 {
			return space[:len(space)-1]
		}
		_, _, size := protowire.ConsumeField(rest)
		if size < 0 {
			break
		}
		rest = rest[size:]
	}
	return space
}

// profileOptions encodes XLA's ProfileOptions: the device alone, nothing of the host.
func profileOptions() []byte {
	var options []byte
	for _, field := range []struct {
		number protowire.Number
		value  uint64
	}{{5, 1}, {2, 0}, {3, 1}} { // version, host_tracer_level, device_tracer_level
		options = protowire.AppendVarint(protowire.AppendTag(options, field.number, protowire.VarintType), field.value)
	}
	return options
}

// message makes an error of a message of plugin.h and frees it; nil stays nil.
func message(text *C.char) error {
	if text == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(text))
	return errors.New(C.GoString(text))
}
