package hostmemory

import "golang.org/x/sys/unix"

func total() int64 {
	size, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0
	}
	return int64(size)
}
