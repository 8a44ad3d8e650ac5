package pjrt

// #include <stdlib.h>
// #include "plugin.h"
import "C"

import (
	"errors"
	"fmt"
	"unsafe"
)

// Option is a setting of a client, by the plugin's name for it. The value is a string, a float32 or a bool.
type Option struct {
	Name  string
	Value any
}

// Client is a plugin at work on its first device.
type Client struct {
	*Plugin
	client *C.PJRT_Client
	device *C.PJRT_Device

	Platform, Version string // as "cpu" or "cuda", and what the plugin says of its version
	Kind, Description string // of the device: what it is, and that in more words
}

// NewClient starts the plugin. Which options there are depends on it; a plugin without a device is an error.
func (p *Plugin) NewClient(options ...Option) (*Client, error) {
	values := C.plugin_options(C.size_t(len(options)))
	defer C.plugin_free_options(values, C.size_t(len(options)))
	for i, o := range options {
		if err := setOption(values, i, o); err != nil {
			return nil, err
		}
	}
	c := &Client{Plugin: p}
	if err := p.failure(C.plugin_client(p.api, values, C.size_t(len(options)), &c.client)); err != nil {
		return nil, err
	}
	var name, version *C.char
	var nameSize, versionSize, count C.size_t
	if err := p.failure(C.plugin_platform(p.api, c.client, &name, &nameSize, &version, &versionSize)); err != nil {
		return nil, err
	}
	c.Platform, c.Version = C.GoStringN(name, C.int(nameSize)), C.GoStringN(version, C.int(versionSize))
	if err := p.failure(C.plugin_device(p.api, c.client, &count, &c.device)); err != nil {
		return nil, err
	}
	if count == 0 {
		return nil, errors.New("the plugin has no device")
	}
	if err := p.failure(C.plugin_describe(p.api, c.device, &name, &nameSize, &version, &versionSize)); err != nil {
		return nil, err
	}
	c.Kind, c.Description = C.GoStringN(name, C.int(nameSize)), C.GoStringN(version, C.int(versionSize))
	return c, nil
}

func setOption(values *C.PJRT_NamedValue, i int, o Option) error {
	name := C.CString(o.Name)
	defer C.free(unsafe.Pointer(name))
	switch v := o.Value.(type) {
	case string:
		text := C.CString(v)
		defer C.free(unsafe.Pointer(text))
		C.plugin_option_string(values, C.size_t(i), name, text)
	case float32:
		C.plugin_option_float(values, C.size_t(i), name, C.float(v))
	case bool:
		C.plugin_option_bool(values, C.size_t(i), name, C.bool(v))
	default:
		return fmt.Errorf("option %s: %v is no string, float32 or bool", o.Name, o.Value)
	}
	return nil
}

// Memory is what a device says of its memory, in bytes. Peak is that of the process, Limit what it may take; -1 where the
// plugin does not say.
type Memory struct {
	Used, Peak, Limit int64
}

// Memory asks the device; plugins that do not know give an error with the code [Unimplemented].
func (c *Client) Memory() (Memory, error) {
	var out [3]int64
	if err := c.failure(C.plugin_memory(c.api, c.device, (*C.int64_t)(unsafe.Pointer(&out)))); err != nil {
		return Memory{}, err
	}
	return Memory{Used: out[0], Peak: out[1], Limit: out[2]}, nil
}
