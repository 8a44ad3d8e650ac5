package xla

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
)

// message encodes fields: numbers as varints, the rest as bytes.
func message(fields ...any) []byte {
	var m []byte
	for i := 0; i < len(fields); i += 2 {
		number := protowire.Number(fields[i].(int))
		switch v := fields[i+1].(type) {
		case int:
			m = protowire.AppendVarint(protowire.AppendTag(m, number, protowire.VarintType), uint64(v))
		case string:
			m = protowire.AppendString(protowire.AppendTag(m, number, protowire.BytesType), v)
		case []byte:
			m = protowire.AppendBytes(protowire.AppendTag(m, number, protowire.BytesType), v)
		}
	}
	return m
}

// space is an XSpace with a GPU, whose kernels run on two streams, and the host.
func space() []byte {
	event := func(id, picoseconds int) []byte { return message(1, id, 2, 5, 3, picoseconds) }
	name := func(id int, name string) []byte { return message(1, id, 2, message(1, id, 2, name)) }
	gpu := message(1, 1, 2, "/device:GPU:0",
		4, name(1, "gemm"), 4, name(2, "copy"), 4, name(3, "module"),
		3, message(1, 20, 2, "Stream #20(Compute)", 4, event(1, 3_000_000), 4, event(2, 1_000_000), 4, event(1, 4_000_000)),
		3, message(1, 21, 2, "Stream #21(MemcpyH2D)", 4, event(2, 9_000_000)),
		3, message(1, 22, 2, "XLA Modules", 4, event(3, 99_000_000)))
	host := message(2, "/host:CPU", 4, name(1, "call"), 3, message(2, "Stream", 4, event(1, 8_000_000)))
	return message(1, gpu, 1, host, 4, "machine")
}

func TestKernels(t *testing.T) {
	got, err := kernelsOf(space())
	if err != nil {
		t.Fatal(err)
	}
	want := []Kernel{{"copy", 2, 10 * time.Microsecond}, {"gemm", 2, 7 * time.Microsecond}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if _, err := kernelsOf(space()[:100]); err == nil {
		t.Error("a record that is cut is taken")
	}
}

func FuzzKernels(f *testing.F) {
	f.Add(space())
	f.Fuzz(func(t *testing.T, data []byte) {
		kernels, err := kernelsOf(data)
		for _, k := range kernels {
			if err == nil && k.Count < 1 {
				t.Errorf("%+v", k)
			}
		}
	})
}
