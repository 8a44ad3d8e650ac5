// Package hostmemory says how much memory this process may use at most.
package hostmemory

import (
	"os"
	"strconv"
	"strings"
)

// Size is the memory of the machine in bytes, or of the container where that has less; 0 where neither is known.
func Size() int64 {
	return within(total(), limits)
}

// limits are the files in which the kernel says what a container may use.
var limits = []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}

// within is the least of total and the limits that the files name.
func within(total int64, files []string) int64 {
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64) // "max" is none
		if err == nil && limit > 0 && (total == 0 || limit < total) {
			total = limit
		}
	}
	return total
}
