//go:build !linux

package cli

import "github.com/rogpeppe/go-internal/testscript"

// diskCommands are the commands of scripts that need a disk of their own; scripts call them on Linux only.
var diskCommands map[string]func(*testscript.TestScript, bool, []string)

// mayMount reports whether this user may mount a disk.
func mayMount(string) bool { return false }
