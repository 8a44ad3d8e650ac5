package cli

import (
	"os"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// diskCommands are the commands of scripts that need a disk of their own.
var diskCommands = map[string]func(*testscript.TestScript, bool, []string){
	"smalldisk": smallDisk,
	"readonly":  readOnly,
}

// mayMount reports whether this user may mount a disk.
func mayMount(dir string) bool {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		return false
	}
	return syscall.Unmount(dir, syscall.MNT_DETACH) == nil
}

// smallDisk is the script command "smalldisk DIR SIZE": it makes DIR a disk of its own of that size, such as 256k.
func smallDisk(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: smalldisk DIR SIZE")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	ts.Check(syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+args[1]))
	ts.Defer(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// readOnly is the script command "readonly DIR": the disk that smalldisk has made can only be read from now on.
func readOnly(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: readonly DIR")
	}
	ts.Check(syscall.Mount("tmpfs", ts.MkAbs(args[0]), "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
}
