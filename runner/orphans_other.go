//go:build !linux

package runner

import (
	"os"
	"syscall"
)

// Where there is no /proc, a trial's processes are ended by their group only: what leaves the group, or outlives a sweep
// that was killed, goes on.

func groupOfItsOwn() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func adoptOrphans()                      {}
func threadID() int                      { return 0 }
func (s *spawner) endStrays(int, string) {}
func endLeftovers(string) int            { return 0 }
func endSweep(string) int                { return 0 }
func endOrphans(string) bool             { return false }
func memoryKills() int                   { return 0 }
func startWriting(*os.File)              {}
func startOfProcess(int) int64           { return 0 }

// peakMemory is the most that a process has used at once, in bytes.
func peakMemory(usage *syscall.Rusage) int64 { return int64(usage.Maxrss) }
