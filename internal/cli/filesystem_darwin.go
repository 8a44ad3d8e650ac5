package cli

import "golang.org/x/sys/unix"

// fileSystem names the kind of file system.
func fileSystem(disk *unix.Statfs_t) string { return unix.ByteSliceToString(disk.Fstypename[:]) }
