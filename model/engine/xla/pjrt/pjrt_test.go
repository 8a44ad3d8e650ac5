package pjrt

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestError checks that an error is one line with its code, and can be asked for the code.
func TestError(t *testing.T) {
	for _, c := range []struct {
		code       Code
		text, want string
	}{
		{ResourceExhausted, "Out of memory while trying to allocate 8 bytes.\nBufferAssignment OOM Debugging.\n...", "RESOURCE_EXHAUSTED: Out of memory while trying to allocate 8 bytes."},
		{ResourceExhausted, "RESOURCE_EXHAUSTED: Out of  memory", "RESOURCE_EXHAUSTED: Out of memory"},
		{InvalidArgument, "\nThe program is wrong:\n  here\nand so on", "INVALID_ARGUMENT: The program is wrong: here"},
		{Code(99), "what", "UNKNOWN: what"},
		{InvalidArgument, "", "INVALID_ARGUMENT: "},
		{Unimplemented, strings.Repeat("é", 300), "UNIMPLEMENTED: " + strings.Repeat("é", 200) + " …"},
	} {
		var err error = fmt.Errorf("call: %w", &Error{c.code, c.text})
		if got := strings.TrimPrefix(err.Error(), "call: "); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
		if !errors.Is(err, c.code) || errors.Is(err, Code(1)) {
			t.Errorf("%v is not found by its code", err)
		}
	}
}

// TestCompileOptions holds the bytes to those that protoc's encoding of the same message gives.
func TestCompileOptions(t *testing.T) {
	for _, c := range []struct {
		flags map[string]string
		want  string
	}{
		{nil, "1a0f" + "08ffffffffffffffffff01" + "2001" + "2801" + "2001"},
		{map[string]string{"b": "true", "a": "1"}, "1a0f" + "08ffffffffffffffffff01" + "2001" + "2801" + "2001" +
			"3a08" + "0a0161" + "1203" + "0a0131" + "3a07" + "0a0162" + "1202" + "1001"},
	} {
		if got := hex.EncodeToString(CompileOptions(c.flags)); got != c.want {
			t.Errorf("%v:\n%s, want\n%s", c.flags, got, c.want)
		}
	}
}

// TestCUDAFolders checks where CUDA's files are found beside a plugin of pip.
func TestCUDAFolders(t *testing.T) {
	site := t.TempDir()
	touch := func(parts ...string) string {
		path := filepath.Join(append([]string{site}, parts...)...)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plugin := touch("jax_plugins", "xla_cuda13", "xla_cuda_plugin.so")
	if got := nvidiaFolder(plugin); got != "" {
		t.Errorf("%s was found, and is not there", got)
	}
	blas, runtime13 := touch("nvidia", "cu13", "lib", "libcublas.so.13"), touch("nvidia", "cu13", "lib", "libcudart.so.13")
	dnn := touch("nvidia", "cudnn", "lib", "libcudnn.so.9")
	touch("nvidia", "cudnn", "lib", "libcudnn_graph.so.9")
	folder := nvidiaFolder(plugin)
	if want := filepath.Join(site, "nvidia"); folder != want {
		t.Fatalf("%q, want %q", folder, want)
	}
	if got := cudaDataDir(folder); got != "" {
		t.Errorf("data folder %s, and there is none", got)
	}
	touch("nvidia", "cu13", "nvvm", "libdevice", "libdevice.10.bc")
	if got, want := cudaDataDir(folder), filepath.Join(folder, "cu13"); got != want {
		t.Errorf("data folder %q, want %q", got, want)
	}
	if diff := cmp.Diff([]string{runtime13, blas, dnn}, cudaLibraries(folder)); diff != "" {
		t.Error(diff)
	}
	link := filepath.Join(t.TempDir(), "plugin.so")
	if err := os.Symlink(plugin, link); err != nil {
		t.Fatal(err)
	}
	if got := nvidiaFolder(link); got != folder {
		t.Errorf("by a link: %q", got)
	}
}

// TestOpenNoPlugin checks that a library that is no plugin is refused.
func TestOpenNoPlugin(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.so")
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("%v", err)
	}
	if runtime.GOOS != "linux" {
		t.Skip("the name of the C library is Linux's")
	}
	if _, err := Open("libm.so.6"); err == nil || !strings.Contains(err.Error(), "no GetPjrtApi") {
		t.Errorf("%v", err)
	}
}

func client(t *testing.T) *Client {
	t.Helper()
	path := os.Getenv("HARNESS_XLA_PLUGIN")
	if path == "" {
		t.Skip("HARNESS_XLA_PLUGIN names no PJRT plugin")
	}
	p, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Open(path); again != p || err != nil {
		t.Errorf("opened again it is another: %v", err)
	}
	c, err := p.NewClient()
	if err != nil {
		t.Fatal(err)
	}
	if c.Platform == "" || c.Version == "" || c.Kind == "" || c.Description == "" {
		t.Errorf("%+v", c)
	}
	return c
}

// sum adds y to x, which may be replaced, and gives a float64 too.
const sum = `module @sum {
  func.func @main(%x: tensor<2x3xf32> {tf.aliasing_output = 0 : i32}, %y: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<f64>) {
    %z = stablehlo.add %x, %y : tensor<2x3xf32>
    %c = stablehlo.constant dense<2.5> : tensor<f64>
    return %z, %c : tensor<2x3xf32>, tensor<f64>
  }
}`

var sumShapes = []Shape{{Float32, []int{2, 3}}, {Float64, nil}}

// TestExecute runs a program compiled and loaded, with its argument kept and given away.
func TestExecute(t *testing.T) {
	c := client(t)
	compiled, err := c.Compile([]byte(sum), CompileOptions(nil))
	if err != nil {
		t.Fatal(err)
	}
	data, err := compiled.Serialise()
	if err != nil || len(data) == 0 {
		t.Fatalf("%d bytes, %v", len(data), err)
	}
	loaded, err := c.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []*Executable{compiled, loaded} {
		sizes, err := e.Sizes()
		if err != nil || sizes.Arguments != 48 || sizes.Aliased != 24 || sizes.Outputs < 32 {
			t.Errorf("%+v, %v", sizes, err)
		}
		if cost, err := e.Cost(); err != nil && !errors.Is(err, Unimplemented) {
			t.Errorf("%+v, %v", cost, err)
		}
		x, y := upload(t, c, []float32{1, 2, 3, 4, 5, 6}, 2, 3), upload(t, c, []float32{10, 20, 30, 40, 50, 60}, 2, 3)
		for _, give := range []bool{false, true} {
			out, err := e.Execute([]*Buffer{x, y}, []bool{give, false}, sumShapes)
			if err != nil {
				t.Fatal(err)
			}
			if got := download(t, out[0]); !slices.Equal(got, []float32{11, 22, 33, 44, 55, 66}) {
				t.Errorf("%v", got)
			}
			half := make([]float64, 1)
			if err := Download(out[1], half); err != nil || half[0] != 2.5 {
				t.Errorf("%v, %v", half, err)
			}
			kept := make([]float32, 6)
			if err := Download(x, kept); (err != nil) != give || !give && kept[0] != 1 {
				t.Errorf("given %v: %v, %v", give, kept, err)
			}
		}
		if _, err := e.Execute([]*Buffer{x, y}, []bool{false, false}, sumShapes); err == nil {
			t.Error("an argument that was given away was taken")
		}
		y.Free()
		y.Free()
		e.Free()
		e.Free()
		if _, err := e.Execute(nil, nil, sumShapes); err == nil {
			t.Error("a freed executable runs")
		}
	}
}

// TestRefusals checks that what a plugin refuses is an error of one line with a code.
func TestRefusals(t *testing.T) {
	c := client(t)
	_, err := c.Compile([]byte("module @x {\n  nonsense\n}"), CompileOptions(nil))
	if failure := (*Error)(nil); !errors.As(err, &failure) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
	if _, err := c.Compile([]byte(sum), CompileOptions(map[string]string{"xla_no_such_option": "1"})); !errors.Is(err, InvalidArgument) {
		t.Errorf("%v", err)
	}
	if _, err := c.Load([]byte("no executable")); err == nil {
		t.Error("nonsense was loaded")
	}
	if _, err := Upload(c, []float32{1, 2}, 3); err == nil {
		t.Error("2 values for 3 were taken")
	}
	if err := Download(upload(t, c, []float32{1}, 1), make([]float32, 2)); err == nil {
		t.Error("1 value for 2 was taken")
	}
	e, err := c.Compile([]byte(sum), CompileOptions(nil))
	if err != nil {
		t.Fatal(err)
	}
	wrong := upload(t, c, []float32{1}, 1)
	if out, err := e.Execute([]*Buffer{wrong, wrong}, []bool{false, false}, sumShapes); err == nil {
		err = Download(out[0], make([]float32, 6)) // the plugin may find it late
		if err == nil {
			t.Error("arguments of another shape were taken")
		}
	}
	if _, err := e.Execute(nil, nil, nil); err == nil {
		t.Error("no shapes for two outputs were taken")
	}
}

// TestTransfers checks that values come back as they went, also no values at all and NaN.
func TestTransfers(t *testing.T) {
	c := client(t)
	if got := download(t, upload(t, c, []float32{float32(math.Inf(1)), -1, 1e-42}, 3, 1)); !math.IsInf(float64(got[0]), 1) || got[2] != 1e-42 {
		t.Errorf("%v", got)
	}
	if got := download(t, upload(t, c, nil, 0, 4)); len(got) != 0 {
		t.Errorf("%v", got)
	}
	ids, err := Upload(c, []int32{-7})
	if err != nil {
		t.Fatal(err)
	}
	back := make([]int32, 1)
	if err := Download(ids, back); err != nil || back[0] != -7 {
		t.Errorf("%v, %v", back, err)
	}
	if m, err := c.Memory(); err != nil && !errors.Is(err, Unimplemented) || err == nil && m.Used < 0 {
		t.Errorf("%+v, %v", m, err)
	}
	for range 50 { // what is forgotten is freed by the collector, and nothing twice
		upload(t, c, make([]float32, 1<<16), 1<<16)
		runtime.GC()
	}
}

func upload(t *testing.T, c *Client, data []float32, dims ...int) *Buffer {
	t.Helper()
	b, err := Upload(c, data, dims...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func download(t *testing.T, b *Buffer) []float32 {
	t.Helper()
	data := make([]float32, b.Shape.bytes()/4)
	if err := Download(b, data); err != nil {
		t.Fatal(err)
	}
	return data
}

// TestWithoutEnd checks that the zero byte behind a record is cut, and a zero that belongs to it is not.
func TestWithoutEnd(t *testing.T) {
	for given, want := range map[string]string{
		"": "", "\x00": "", "\x08\x05\x00": "\x08\x05", "\x08\x00": "\x08\x00", "\x08\x00\x00": "\x08\x00", "\x0a\x01\x00": "\x0a\x01\x00", "\xff": "\xff",
	} {
		if got := withoutEnd([]byte(given)); string(got) != want {
			t.Errorf("%q: %q, want %q", given, got, want)
		}
	}
}
