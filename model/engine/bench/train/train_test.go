package main

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"harness/model/engine/enginetest"
)

// scripted is a contestant that answers every turn with the same line.
func scripted(t *testing.T, line string) *contestant {
	t.Helper()
	c, err := start(1, nil, "sh", "-c", `echo '{"Name": "scripted"}'; while read count; do echo '`+line+`'; done`)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c
}

func TestAgree(t *testing.T) {
	const good = `{"Wall": [1, 1, 1], "CPU": [1, 1, 1], "Loss": [6, 5, 4]}`
	for _, c := range []struct {
		name, line string
		bf16       bool
		want       string
	}{
		{"the same", good, false, ""},
		{"rounded otherwise", `{"Wall": [1, 1, 1], "CPU": [1, 1, 1], "Loss": [6, 5.0001, 4]}`, false, ""},
		{"another precision", `{"Wall": [1, 1, 1], "CPU": [1, 1, 1], "Loss": [6, 5.01, 4]}`, true, ""},
		{"another precision that was not asked for", `{"Wall": [1, 1, 1], "CPU": [1, 1, 1], "Loss": [6, 5.01, 4]}`, false, "step 2: scripted has the loss 5.01"},
		{"another loss", `{"Wall": [1, 1, 1], "CPU": [1, 1, 1], "Loss": [6, 5, 4.1]}`, true, "step 3: scripted has the loss 4.1"},
		{"too few", `{"Wall": [1], "CPU": [1], "Loss": [6]}`, false, "3 steps were asked for, 1 taken"},
	} {
		err := agree([]*contestant{scripted(t, good), scripted(t, c.line)}, c.bf16)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestEnded(t *testing.T) {
	if _, err := start(1, nil, "sh", "-c", "exit 1"); err == nil || !strings.Contains(err.Error(), "the process has ended") {
		t.Errorf("a process that ends at once: %v", err)
	}
}

// TestNative lets the engine take its turns on a workload that was written to files.
func TestNative(t *testing.T) {
	folder := t.TempDir()
	size := enginetest.Size{Width: 32, Heads: 1, Encoder: 1, Decoder: 1, Words: 20, Length: 4, Patches: 6, Pixels: 5, Batch: 2}
	if err := writeWorkload(folder, size); err != nil {
		t.Fatal(err)
	}
	if got, err := readSize(folder); err != nil || got != size {
		t.Fatalf("size %+v, %v, want %+v", got, err, size)
	}
	var out strings.Builder
	if err := serveNative(folder, 1, false, strings.NewReader("3\n"), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"Name":"native, cpu`, `"Wall":[`, `"Loss":[`, `"Resident":`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in %s", want, out.String())
		}
	}
}

func TestTable(t *testing.T) {
	native := &contestant{name: "native", wall: []float64{.02, .03, .01}, cpu: []float64{.02}, resident: 20 << 20, before: 10 << 20}
	eager := &contestant{name: "eager", wall: []float64{.04}, cpu: []float64{.05}, resident: 100 << 20, before: 60 << 20}
	compiled := &contestant{name: "compiled", wall: []float64{.05}, cpu: []float64{.03}, resident: 90 << 20, before: 60 << 20}
	var out strings.Builder
	printRow(&out, enginetest.Peer, 2, []*contestant{native, eager, compiled})
	want := `
width 128, 4 heads, 512 words, 2 threads
                                wall    (best)       CPU       MiB   model's
native                          20.0      10.0      20.0        20        10
eager                           40.0      40.0      50.0       100        40
compiled                        50.0      50.0      30.0        90        30
ratio                           2.00      4.00      1.50      4.50      3.00
`
	if out.String() != want {
		t.Error(out.String())
	}
}

func TestLists(t *testing.T) {
	var o options
	o.rounds = 1
	if err := parseLists(&o, "128,256", "2", "eager"); err != nil || len(o.widths) != 2 || o.threads[0] != 2 {
		t.Errorf("%+v, %v", o, err)
	}
	for _, bad := range [][3]string{{"128,", "1", "eager"}, {"128", "0", "eager"}, {"128", "1", "fast"}} {
		if err := parseLists(&options{rounds: 1}, bad[0], bad[1], bad[2]); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if m := median([]float64{3, 1, 2}); math.Abs(m-2) > 0 {
		t.Errorf("median %g", m)
	}
}

// TestUnlock asks a program that has MKL's question of its own what it is told.
func TestUnlock(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("no gcc")
	}
	folder := t.TempDir()
	library, err := unlockMKL(folder)
	if err != nil {
		t.Fatal(err)
	}
	const asks = `#include <dlfcn.h>
int main(void) { int (*intel)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "mkl_serv_intel_cpu_true"); return intel && intel() ? 0 : 1; }`
	program := filepath.Join(folder, "asks")
	gcc := exec.Command("gcc", "-D_GNU_SOURCE", "-x", "c", "-o", program, "-", "-ldl")
	gcc.Stdin = strings.NewReader(asks)
	if out, err := gcc.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, c := range []struct {
		environment []string
		want        int
	}{{nil, 1}, {[]string{"LD_PRELOAD=" + library}, 0}} {
		cmd := exec.Command(program)
		cmd.Env = append(os.Environ(), c.environment...)
		_ = cmd.Run()
		if got := cmd.ProcessState.ExitCode(); got != c.want {
			t.Errorf("%v: exit %d, want %d", c.environment, got, c.want)
		}
	}
}
