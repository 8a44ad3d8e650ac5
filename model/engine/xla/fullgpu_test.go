package xla

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"harness/internal/nvml"
	"harness/internal/nvml/nvmltest"
)

// TestFullGPU checks that a plugin that found no device where other programs hold all memory is said to be short of memory, and that
// every other error stays as it is.
func TestFullGPU(t *testing.T) {
	failed := errors.New("no supported devices found for platform CUDA")
	for _, c := range []struct {
		name, visible string
		full          bool
		want          string // "": the error stays
	}{
		{"full", "", true, "out of memory before the first step: GPU GPU-00000001-aaaa-bbbb-cccc-000000000000 has 0.1 of 80.0 GiB free, GPU GPU-00000002"},
		{"full, one visible", "1", true, "out of memory before the first step: GPU GPU-00000002-aaaa-bbbb-cccc-000000000000 has 0.1 of 80.0 GiB free: other"},
		{"room", "", false, ""},
		{"not there", "7", true, ""},
	} {
		if c.full {
			t.Setenv("FAKE_FULL", "1")
		} else {
			t.Setenv("FAKE_FULL", "")
		}
		if c.visible != "" {
			t.Setenv("CUDA_VISIBLE_DEVICES", c.visible)
		}
		folder := nvmltest.Build(t)
		err := fullGPU(failed, func() (*nvml.Library, error) { return nvml.OpenAt(filepath.Join(folder, nvml.Name)) })
		switch {
		case c.want == "" && err != failed:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (!strings.HasPrefix(err.Error(), c.want) || !OutOfMemory(err) || !errors.Is(err, failed)):
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if err := fullGPU(failed, func() (*nvml.Library, error) { return nil, nvml.ErrMissing }); err != failed {
		t.Errorf("no driver: %v", err)
	}
}
