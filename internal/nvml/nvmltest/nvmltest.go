// Package nvmltest makes a library that answers as NVML does, so that what loads it can be tested without a GPU.
package nvmltest

import (
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"harness/internal/nvml"
)

// testdata/fake.c says by which variables it is told what GPUs there are.
//
//go:embed testdata/fake.c
var source []byte

// Build compiles the library into a folder of its own and returns the folder, for $LD_LIBRARY_PATH.
func Build(t testing.TB) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := Into(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Into compiles the library into a folder.
func Into(dir string) error {
	file := filepath.Join(dir, "fake.c")
	if err := os.WriteFile(file, source, 0o644); err != nil {
		return err
	}
	cmd := exec.Command("gcc", "-shared", "-fPIC", "-O1", "-w", "-o", filepath.Join(dir, nvml.Name), file)
	cmd.Stderr = os.Stderr
	return cmd.Run()
}
