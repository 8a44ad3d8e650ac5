package pjrt

// #include "plugin.h"
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"
)

// Type is that of a buffer's elements.
type Type int

const (
	Int32   Type = C.PJRT_Buffer_Type_S32
	Float32 Type = C.PJRT_Buffer_Type_F32
	Float64 Type = C.PJRT_Buffer_Type_F64
)

// Shape is that of a buffer.
type Shape struct {
	Type Type
	Dims []int
}

// bytes is how much the host needs for the shape.
func (s Shape) bytes() int {
	n := 4
	if s.Type == Float64 {
		n = 8
	}
	for _, d := range s.Dims {
		n *= d
	}
	return n
}

// Buffer is an array on the device.
type Buffer struct {
	Shape   Shape
	plugin  *Plugin
	c       *C.PJRT_Buffer
	cleanup runtime.Cleanup
}

// bufferHandle is what is left to free when a Buffer was forgotten.
type bufferHandle struct {
	api *C.PJRT_Api
	c   *C.PJRT_Buffer
}

func (p *Plugin) buffer(c *C.PJRT_Buffer, shape Shape) *Buffer {
	b := &Buffer{Shape: shape, plugin: p, c: c}
	b.cleanup = runtime.AddCleanup(b, func(h bufferHandle) { C.plugin_free_buffer(h.api, h.c) }, bufferHandle{p.api, c})
	return b
}

// Free gives the memory back once nothing that was enqueued needs it. The buffer is dead then; freeing it again does nothing.
func (b *Buffer) Free() {
	if b.c != nil {
		b.cleanup.Stop()
		C.plugin_free_buffer(b.plugin.api, b.c)
		b.c = nil
	}
}

// Upload copies data to the device: []float32, []float64 or []int32, as many as the dimensions say. The data may change
// afterwards; the copy to the device itself may still be going on.
func Upload[T float32 | float64 | int32](c *Client, data []T, dims ...int) (*Buffer, error) {
	shape := Shape{Dims: dims}
	switch any(data).(type) {
	case []float32:
		shape.Type = Float32
	case []float64:
		shape.Type = Float64
	case []int32:
		shape.Type = Int32
	}
	var none T
	if len(data)*int(unsafe.Sizeof(none)) != shape.bytes() {
		return nil, fmt.Errorf("%d values for the shape %v", len(data), dims)
	}
	sizes := make([]C.int64_t, len(dims))
	for i, d := range dims {
		sizes[i] = C.int64_t(d)
	}
	if len(data) == 0 {
		data = make([]T, 1) // the plugin wants an address
	}
	var out *C.PJRT_Buffer
	err := c.failure(C.plugin_upload(c.api, c.client, c.device, unsafe.Pointer(unsafe.SliceData(data)), C.int(shape.Type),
		unsafe.SliceData(sizes), C.size_t(len(sizes)), &out))
	if err != nil {
		if out != nil {
			C.plugin_free_buffer(c.api, out)
		}
		return nil, err
	}
	return c.buffer(out, shape), nil
}

// Download waits for the buffer and copies it to the host, row-major. The error may be of the execution that was to fill it.
func Download[T float32 | float64 | int32](b *Buffer, data []T) error {
	if b.c == nil {
		return fmt.Errorf("the buffer was freed or given away")
	}
	var none T
	if size := len(data) * int(unsafe.Sizeof(none)); size != b.Shape.bytes() {
		return fmt.Errorf("%d bytes for a buffer of %d", size, b.Shape.bytes())
	}
	if len(data) == 0 {
		return nil
	}
	defer runtime.KeepAlive(b)
	return b.plugin.failure(C.plugin_download(b.plugin.api, b.c, unsafe.Pointer(unsafe.SliceData(data)),
		C.size_t(b.Shape.bytes()), C.size_t(len(b.Shape.Dims))))
}
