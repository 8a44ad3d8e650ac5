package hostmemory

import (
	"os"
	"strconv"
	"strings"
)

// Peak is the most memory that this process has had at a time, in bytes; 0 where that is not known. What the process had before it became this program
// does not count.
func Peak() int64 { return peakOf("/proc/self/status") }

func peakOf(path string) int64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, is := strings.CutPrefix(line, "VmHWM:"); is {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err != nil || kib < 0 {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}
