package checkpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// A pickle is a program for a stack machine that may call any Python function. This machine runs the part of it that
// torch.save writes for a dictionary of tensors: it knows the names in pickleGlobals and refuses any other.

// The values on the stack besides nil, bool, int64, float64 and string.
type (
	pickleMark  struct{}
	pickleTuple []any
	pickleList  struct{ items []any }
	pickleDict  struct{ keys, values []any } // as written; a later key wins
	pickleName  struct{ module, name string }
)

// torchStorage is what a persistent id names: a run of numbers in the archive.
type torchStorage struct {
	dtype DType
	key   string
	size  int64 // elements
}

// torchTensor is a strided view of a storage.
type torchTensor struct {
	storage        torchStorage
	offset         int64
	shape, strides []int
}

// storageTypes are torch's classes of storages.
var storageTypes = map[pickleName]DType{
	{"torch", "FloatStorage"}:    F32,
	{"torch", "DoubleStorage"}:   F64,
	{"torch", "HalfStorage"}:     F16,
	{"torch", "BFloat16Storage"}: BF16,
	{"torch", "LongStorage"}:     I64,
	{"torch", "IntStorage"}:      I32,
	{"torch", "ByteStorage"}:     U8,
	{"torch", "BoolStorage"}:     Bool,
}

// The functions and classes that may be called.
var (
	orderedDict      = pickleName{"collections", "OrderedDict"}
	rebuildTensor    = pickleName{"torch._utils", "_rebuild_tensor_v2"}
	rebuildParameter = pickleName{"torch._utils", "_rebuild_parameter"}
)

// unpickler runs one pickle. The first error stays and ends the run.
type unpickler struct {
	in    *bytes.Reader
	stack []any
	memo  map[int64]any
	err   error
}

// unpickle returns the value of a pickle.
func unpickle(data []byte) (any, error) {
	u := &unpickler{in: bytes.NewReader(data), memo: make(map[int64]any)}
	for {
		at := len(data) - u.in.Len()
		op, err := u.in.ReadByte()
		if err != nil {
			return nil, errors.New("pickle: truncated")
		}
		if op == '.' {
			value := u.pop()
			return value, u.err
		}
		u.step(op)
		if u.err != nil {
			return nil, fmt.Errorf("pickle: byte %d: %w", at, u.err)
		}
	}
}

// step does one instruction.
func (u *unpickler) step(op byte) {
	switch op {
	case 0x80: // PROTO
		u.read(1)
	case 0x95: // FRAME
		u.read(8)
	case 'N':
		u.push(nil)
	case 0x88, 0x89: // NEWTRUE, NEWFALSE
		u.push(op == 0x88)
	case 'K': // BININT1
		u.push(int64(u.uint(1)))
	case 'M': // BININT2
		u.push(int64(u.uint(2)))
	case 'J': // BININT
		u.push(int64(int32(u.uint(4))))
	case 0x8a: // LONG1
		u.push(u.long())
	case 'G': // BINFLOAT
		if b := u.read(8); b != nil {
			u.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
		}
	case 'X': // BINUNICODE
		u.push(string(u.read(u.uint(4))))
	case 0x8c, 'U': // SHORT_BINUNICODE, SHORT_BINSTRING
		u.push(string(u.read(u.uint(1))))
	case 0x8d: // BINUNICODE8
		u.push(string(u.read(u.uint(8))))
	case '}':
		u.push(&pickleDict{})
	case ']':
		u.push(&pickleList{})
	case ')':
		u.push(pickleTuple{})
	case '(':
		u.push(pickleMark{})
	case 't': // TUPLE
		u.push(pickleTuple(u.popToMark()))
	case 0x85, 0x86, 0x87: // TUPLE1 ... TUPLE3
		u.push(pickleTuple(u.popN(int(op) - 0x84)))
	case 'q': // BINPUT
		u.put(int64(u.uint(1)))
	case 'r': // LONG_BINPUT
		u.put(int64(u.uint(4)))
	case 0x94: // MEMOIZE
		u.put(int64(len(u.memo)))
	case 'h': // BINGET
		u.get(int64(u.uint(1)))
	case 'j': // LONG_BINGET
		u.get(int64(u.uint(4)))
	case 'a': // APPEND
		u.appendItems(u.popN(1))
	case 'e': // APPENDS
		u.appendItems(u.popToMark())
	case 's': // SETITEM
		u.setItems(u.popN(2))
	case 'u': // SETITEMS
		u.setItems(u.popToMark())
	case 'c': // GLOBAL
		module := u.line()
		u.global(pickleName{module, u.line()})
	case 0x93: // STACK_GLOBAL
		name, _ := u.pop().(string)
		module, _ := u.pop().(string)
		u.global(pickleName{module, name})
	case 'Q': // BINPERSID
		u.persistent(u.pop())
	case 'R': // REDUCE
		args, _ := u.pop().(pickleTuple)
		name, _ := u.pop().(pickleName)
		u.call(name, args)
	case 'b': // BUILD: attributes of an OrderedDict, such as _metadata
		u.pop()
		if _, ok := u.top().(*pickleDict); !ok {
			u.fail("attributes of something that is not a dictionary")
		}
	default:
		u.fail("instruction %#02x is not one of a dictionary of tensors", op)
	}
}

func (u *unpickler) fail(format string, args ...any) {
	if u.err == nil {
		u.err = fmt.Errorf(format, args...)
	}
}

func (u *unpickler) push(v any) { u.stack = append(u.stack, v) }

func (u *unpickler) pop() any {
	popped := u.popN(1)
	if popped == nil {
		return nil
	}
	return popped[0]
}

func (u *unpickler) top() any {
	if len(u.stack) == 0 {
		u.fail("the stack is empty")
		return nil
	}
	return u.stack[len(u.stack)-1]
}

// popN returns the n topmost values, the topmost last, or nil if there are fewer.
func (u *unpickler) popN(n int) []any {
	if len(u.stack) < n {
		u.fail("the stack is empty")
		return nil
	}
	at := len(u.stack) - n
	popped := append([]any(nil), u.stack[at:]...)
	u.stack = u.stack[:at]
	return popped
}

func (u *unpickler) popToMark() []any {
	for i := len(u.stack) - 1; i >= 0; i-- {
		if _, ok := u.stack[i].(pickleMark); ok {
			items := u.popN(len(u.stack) - i - 1)
			u.stack = u.stack[:i]
			return items
		}
	}
	u.fail("no mark on the stack")
	return nil
}

// read returns the next n bytes.
func (u *unpickler) read(n uint64) []byte {
	if n > uint64(u.in.Len()) {
		u.fail("truncated")
		return nil
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(u.in, b); err != nil {
		u.fail("truncated")
		return nil
	}
	return b
}

// uint reads n bytes, little-endian.
func (u *unpickler) uint(n uint64) uint64 {
	var wide [8]byte
	copy(wide[:], u.read(n))
	return binary.LittleEndian.Uint64(wide[:])
}

// long reads an integer of up to eight bytes, little-endian, in two's complement.
func (u *unpickler) long() int64 {
	n := u.uint(1)
	if n > 8 {
		u.fail("an integer of %d bytes", n)
		return 0
	}
	value := u.uint(n)
	if shift := 64 - 8*n; n > 0 {
		return int64(value<<shift) >> shift
	}
	return 0
}

// line reads up to the end of the line.
func (u *unpickler) line() string {
	var out []byte
	for {
		b, err := u.in.ReadByte()
		if err != nil {
			u.fail("truncated")
			return ""
		}
		if b == '\n' {
			return string(out)
		}
		out = append(out, b)
	}
}

func (u *unpickler) put(key int64) { u.memo[key] = u.top() }

func (u *unpickler) get(key int64) {
	v, ok := u.memo[key]
	if !ok {
		u.fail("memo %d is empty", key)
	}
	u.push(v)
}

func (u *unpickler) appendItems(items []any) {
	list, ok := u.top().(*pickleList)
	if !ok {
		u.fail("items for something that is not a list")
		return
	}
	list.items = append(list.items, items...)
}

func (u *unpickler) setItems(items []any) {
	dict, ok := u.top().(*pickleDict)
	if !ok || len(items)%2 != 0 {
		u.fail("items for something that is not a dictionary")
		return
	}
	for i := 0; i < len(items); i += 2 {
		dict.keys, dict.values = append(dict.keys, items[i]), append(dict.values, items[i+1])
	}
}

// global pushes a name that may be used.
func (u *unpickler) global(name pickleName) {
	_, isStorage := storageTypes[name]
	if !isStorage && name != orderedDict && name != rebuildTensor && name != rebuildParameter {
		u.fail("refused: %q of module %q is not part of a dictionary of tensors", name.name, name.module)
	}
	u.push(name)
}

// persistent pushes the storage that an id ("storage", class, key, device, size) names.
func (u *unpickler) persistent(id any) {
	fields, _ := id.(pickleTuple)
	if len(fields) < 5 || fields[0] != "storage" {
		u.fail("a persistent id that is not a storage")
		return
	}
	class, _ := fields[1].(pickleName)
	dtype, known := storageTypes[class]
	key, isString := fields[2].(string)
	size, isInt := fields[4].(int64)
	if !known || !isString || !isInt || size < 0 {
		u.fail("a storage without class, key or size")
		return
	}
	u.push(torchStorage{dtype, key, size})
}

// call pushes the result of a function.
func (u *unpickler) call(name pickleName, args pickleTuple) {
	switch name {
	case orderedDict:
		if len(args) != 0 {
			u.fail("an OrderedDict made from something")
		}
		u.push(&pickleDict{})
	case rebuildParameter:
		if len(args) < 1 {
			u.fail("a parameter of nothing")
			return
		}
		u.push(args[0])
	case rebuildTensor:
		u.rebuild(args)
	default:
		u.fail("a call of something that is not a function")
	}
}

// rebuild pushes the tensor (storage, offset, shape, strides, ...).
func (u *unpickler) rebuild(args pickleTuple) {
	if len(args) < 4 {
		u.fail("a tensor of %d arguments", len(args))
		return
	}
	storage, isStorage := args[0].(torchStorage)
	offset, isInt := args[1].(int64)
	shape, isShape := pickleInts(args[2])
	strides, isStrides := pickleInts(args[3])
	if !isStorage || !isInt || offset < 0 || !isShape || !isStrides || len(shape) != len(strides) {
		u.fail("a tensor without storage, shape or strides")
		return
	}
	u.push(torchTensor{storage, offset, shape, strides})
}

// maxDimensions bounds the dimensions of a tensor; torch's own limit is the same.
const maxDimensions = 64

// pickleInts converts a tuple of dimensions.
func pickleInts(v any) ([]int, bool) {
	tuple, ok := v.(pickleTuple)
	if !ok || len(tuple) > maxDimensions {
		return nil, false
	}
	out := make([]int, len(tuple))
	for i, item := range tuple {
		n, ok := item.(int64)
		if !ok || n < 0 {
			return nil, false
		}
		out[i] = int(n)
	}
	return out, true
}
