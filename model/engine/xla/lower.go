package xla

import (
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/gomlx/compute"
	goxla "github.com/gomlx/go-xla/compute/xla"
	goxlaplugin "github.com/gomlx/go-xla/pjrt"
	"github.com/gomlx/go-xla/stablehlo"
)

// go-xla turns graphs into StableHLO, but only for a plugin that it has loaded itself. This file reaches behind its doors:
// it makes go-xla's backend without a plugin, of which the name alone decides how operations are lowered, and takes the
// program out of its builder. TestLoweringFields fails when an upgrade of go-xla changes what is reached for here.

// newLowering is go-xla's backend for a platform ("cpu", "cuda") as far as it goes without a plugin: it builds programs, and
// can neither compile nor hold data.
func newLowering(platform string) (*goxla.Backend, error) {
	plugin, backend, capabilities := &goxlaplugin.Plugin{}, &goxla.Backend{}, goxla.Capabilities.Clone()
	if err := setField(plugin, "name", platform); err != nil {
		return nil, err
	}
	if plugin.IsCUDA() { // as go-xla does when it loads one
		capabilities.Operations[compute.OpTypeFusedScaledDotProductAttention] = true
		capabilities.Operations[compute.OpTypeFusedScaledDotProductAttentionVJP] = true
	}
	return backend, errors.Join(
		setField(backend, "plugin", plugin), setField(backend, "pluginName", platform),
		setField(backend, "capabilities", capabilities), setField(backend, "numDevices", 1))
}

// programOf is the program that a builder of such a backend holds, and its main function.
func programOf(b *goxla.Builder) (*stablehlo.Builder, *stablehlo.Function, error) {
	program, err := field[*stablehlo.Builder](b, "builder")
	if err != nil {
		return nil, nil, err
	}
	main, err := field[*goxla.Function](b, "mainFn")
	if err != nil {
		return nil, nil, err
	}
	if main == nil {
		return nil, nil, errors.New("the program has no main function")
	}
	function, err := field[*stablehlo.Function](main, "fn")
	return program, function, err
}

// setField sets a field of the struct that object points to.
func setField(object any, name string, value any) error {
	f := reflect.ValueOf(object).Elem().FieldByName(name)
	if !f.IsValid() || f.Type() != reflect.TypeOf(value) {
		return changed(object, name)
	}
	reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem().Set(reflect.ValueOf(value))
	return nil
}

// field is the value of a field of the struct that object points to.
func field[T any](object any, name string) (T, error) {
	var none T
	f := reflect.ValueOf(object).Elem().FieldByName(name)
	if !f.IsValid() || f.Type() != reflect.TypeFor[T]() {
		return none, changed(object, name)
	}
	return reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem().Interface().(T), nil
}

func changed(object any, name string) error {
	return fmt.Errorf("go-xla or GoMLX has changed: the field %s of %T is not as package xla expects it", name, object)
}

// alias marks arguments of main, by position, that the output of the given position may be written in the place of, when
// the caller gives the argument away.
func alias(main *stablehlo.Function, aliases map[int]int) {
	for argument, output := range aliases {
		input := main.Inputs[argument]
		if input.Attributes == nil {
			input.Attributes = map[string]any{}
		}
		input.Attributes["tf.aliasing_output"] = int32(output)
	}
}
