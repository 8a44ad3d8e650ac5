package hostmemory

import (
	"os"
	"path/filepath"
	"testing"
)

func TestPeak(t *testing.T) {
	path := filepath.Join(t.TempDir(), "status")
	for text, want := range map[string]int64{"Name:\tx\nVmHWM:\t   1234 kB\nVmRSS:\t 9 kB\n": 1234 << 10, "VmHWM:\t-5 kB\n": 0, "VmHWM: much\n": 0, "": 0} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := peakOf(path); got != want {
			t.Errorf("%q: %d, not %d", text, got, want)
		}
	}
	if got := peakOf(path + ".none"); got != 0 {
		t.Errorf("%d of no file", got)
	}
}
