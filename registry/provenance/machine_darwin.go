package provenance

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// executable is the file of this program; it may have been replaced since the program started.
func executable() string {
	path, _ := os.Executable()
	return path
}

// CPU is the name of the processor, or the architecture where the system does not tell.
func CPU() string {
	name, err := unix.Sysctl("machdep.cpu.brand_string")
	if err != nil || name == "" {
		return runtime.GOARCH
	}
	return name
}
