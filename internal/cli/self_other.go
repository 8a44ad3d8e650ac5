//go:build !linux

package cli

import "os"

// self is the file of this program; a newer one may lie there by now.
func self() string {
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}
