// Package pjrt drives a compiler and its device through XLA's PJRT C API: what package xla needs of it, and no more.
//
//	Open(path) --> Plugin --NewClient--> Client --Compile | Load--> Executable --Execute--> Buffers
//	                                     Client --Upload--> Buffer --Download--> host
//
// A plugin is a shared library that has a compiler and a runtime for one kind of device. Programs are StableHLO text. One
// device is used, the first. Execution is asynchronous: Execute returns at once with buffers that the device fills later,
// and Download waits for its own. Every error of the plugin is an [*Error] with its code.
//
// Free gives memory of the device back at once; what is forgotten is freed when the garbage collector finds it. Plugins
// and clients stay for the life of the process: PJRT offers no safe way back.
//
// plugin.c makes the calls; pjrt_c_api.h is OpenXLA's header.
package pjrt

// #cgo CFLAGS: -std=gnu17 -O2 -Wall
// #cgo LDFLAGS: -ldl
// #include <stdlib.h>
// #include "plugin.h"
import "C"

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"
)

// Plugin is a loaded library.
type Plugin struct {
	api          *C.PJRT_Api
	Major, Minor int      // of the C API that it was built with
	GPU          bool     // it drives GPUs
	Flags        string   // $XLA_FLAGS as the plugin reads it
	Libraries    []string // of CUDA, loaded for it
}

var (
	loading sync.Mutex
	loaded  = map[string]*Plugin{} // libraries cannot be unloaded
)

// Open loads the plugin at path, once a process. One for GPUs finds CUDA's compiler and libraries where pip puts them
// beside it. The path must be of a file that is known to be a plugin: other libraries may do anything when they are loaded.
func Open(path string) (*Plugin, error) {
	loading.Lock()
	defer loading.Unlock()
	if p := loaded[path]; p != nil {
		return p, nil
	}
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	p := &Plugin{}
	if message := C.plugin_open(name, &p.api); message != nil {
		defer C.free(unsafe.Pointer(message))
		return nil, errors.New(C.GoString(message))
	}
	p.Major, p.Minor = int(p.api.pjrt_api_version.major_version), int(p.api.pjrt_api_version.minor_version)
	if p.Major != C.PJRT_API_MAJOR || C.plugin_old(p.api) != 0 {
		return nil, fmt.Errorf("the plugin has version %d.%d of the PJRT C API; this program speaks %d.%d",
			p.Major, p.Minor, C.PJRT_API_MAJOR, C.PJRT_API_MINOR)
	}
	p.GPU = C.plugin_gpu(p.api) != 0
	if p.GPU {
		p.prepareCUDA(path)
	}
	p.Flags = C.GoString(C.plugin_flags())
	if err := p.failure(C.plugin_initialize(p.api)); err != nil {
		return nil, fmt.Errorf("initialise the plugin: %w", err)
	}
	loaded[path] = p
	return p, nil
}
