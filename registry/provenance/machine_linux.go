package provenance

import (
	"bufio"
	"os"
	"runtime"
	"strings"
)

// executable is what runs, even if the file was replaced meanwhile.
func executable() string { return "/proc/self/exe" }

// CPU is the name of the processor, or the architecture where the system does not tell.
func CPU() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
