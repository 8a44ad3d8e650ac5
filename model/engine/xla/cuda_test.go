package xla

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"harness/model/engine/xla/pjrt"
)

// TestCUDA compiles the paper's steps for an H100 by the CUDA plugin of JAX, which needs no GPU for that: "make cuda-check" fetches it. It holds
// what the compiler makes of them to what was reached: memory, kernels, and the bytes that these read and write, by which most of them
// take their time. What is left out is what the compiler asks a GPU for: kernels of cuBLAS, and the work space of cuDNN.
func TestCUDA(t *testing.T) {
	path := os.Getenv("HARNESS_CUDA_PLUGIN")
	if path == "" {
		t.Skip("$HARNESS_CUDA_PLUGIN names no plugin: make cuda-check")
	}
	dump := t.TempDir()
	t.Setenv("XLA_FLAGS", "--xla_dump_hlo_as_text --xla_dump_to="+dump)
	plugin, err := pjrt.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	target, err := os.ReadFile("testdata/h100.txtpb")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		step    sized
		memory  float64 // GB at most
		traffic float64 // GB at most
		kernels int     // at most
	}{
		{"second stage", secondStage(t, 24), 61, 440, 1800},
		{"first stage", firstStage(t, 27, 12), 53, 470, 6100},
	} {
		device := withoutPlugin(t, "cuda", Options{BF16: true, Sizes: Sizes{Room: 76 << 30}})
		program := lowered(t, device, c.step.params, ForStep, c.step.build, c.step.in)
		code, err := plugin.CompileFor(string(target), program.text, pjrt.CompileOptions(program.compilerFlags()))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		sizes, err := code.Sizes()
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		made := newest(t, dump)
		kernels, bytes := traffic(made)
		memory := float64(sizes.Arguments+sizes.Outputs-sizes.Aliased+sizes.Temporary) / 1e9
		t.Logf("%s: %.1f GB of memory; %d kernels read and write %.1f GB", c.name, memory, kernels, float64(bytes)/1e9)
		if memory > c.memory || float64(bytes)/1e9 > c.traffic || kernels > c.kernels || kernels == 0 {
			t.Errorf("%s: want at most %v GB, %d kernels, %v GB", c.name, c.memory, c.kernels, c.traffic)
		}
		if turned := turnedLayout.FindString(made); turned != "" {
			t.Errorf("%s: the batch is laid out as the innermost dimension: %s", c.name, turned)
		}
	}
}

// turnedLayout finds arrays of layers [positions, width, samples].
var turnedLayout = regexp.MustCompile(`(f32|bf16)\[(1024|2112),(1024|1152|4096|4304),32\]`)

// newest is the text of the last program that the compiler has made, and takes it away.
func newest(t *testing.T, dump string) string {
	t.Helper()
	found, _ := filepath.Glob(filepath.Join(dump, "*after_optimizations.txt")) // the pattern is right
	if len(found) != 1 {
		t.Fatalf("%d programs were written", len(found))
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(found[0]); err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	instruction = regexp.MustCompile(`(?m)^\s+(?:ROOT )?(%[\w.-]+) = (\(.*?\)|\S+) ([\w-]+)\((.*?)\)(?:,|$)`)
	remark      = regexp.MustCompile(`/\*.*?\*/`)
	array       = regexp.MustCompile(`(\w+)\[([\d,]*)\]`)
	sizeOf      = map[string]int64{"pred": 1, "s8": 1, "u8": 1, "bf16": 2, "s32": 4, "u32": 4, "f32": 4, "s64": 8, "u64": 8, "f64": 8}
)

// traffic counts the kernels of a compiled program's entry and the bytes of their operands and results.
func traffic(program string) (kernels int, bytes int64) {
	entry := program[strings.Index(program, "\nENTRY ")+1:]
	size := map[string]int64{} // of names, and of NAME#I, the parts of a tuple
	for _, m := range instruction.FindAllStringSubmatch(entry, -1) {
		name, shape, opcode, operands := m[1], m[2], m[3], m[4]
		for i, part := range array.FindAllStringSubmatch(remark.ReplaceAllString(shape, ""), -1) {
			n := sizeOf[part[1]]
			for d := range strings.SplitSeq(part[2], ",") {
				if d != "" {
					count, _ := strconv.ParseInt(d, 10, 64) // digits
					n *= count
				}
			}
			size[name] += n
			size[name+"#"+strconv.Itoa(i)] = n
		}
		switch opcode {
		case "parameter", "constant", "bitcast", "tuple", "get-tuple-element":
			continue
		}
		kernels++
		bytes += size[name]
		for operand := range strings.SplitSeq(operands, ",") {
			bytes += size[strings.TrimSpace(operand)]
		}
	}
	return kernels, bytes
}
