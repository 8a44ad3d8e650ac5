package runner

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Processes whose parents are gone are found by the marks in their environment. A look at all processes takes a while, in
// which those looked for fork, end and become other programs; none may get away by that.

const (
	leastLooks = 100 // before we give up on processes that do not die: on a busy machine killFor may pass in one look
	mostTries  = 20  // within a look
	patience   = 100 // looks for which a process may keep us waiting to hear whose it is
)

// endMarked kills the processes that wanted picks by their environment until two looks in a row find none, and returns how
// many it has found. It gives up on those that do not die.
func endMarked(wanted func(environment []byte) bool) int {
	killed := map[int]bool{}
	quiet, unsure := 0, 0
	for began, looks := time.Now(), 0; quiet < 2 && (looks < leastLooks || time.Since(began) < killFor); looks++ {
		found, sure := killMarked(wanted, killed)
		if !sure {
			unsure++
		}
		if !found && (sure || unsure > patience) {
			quiet++
			continue
		}
		quiet = 0
		time.Sleep(2 * time.Millisecond)
	}
	return len(killed)
}

// killMarked looks once at every process, kills those wanted and adds them to killed. It reports whether it has found any,
// and whether it is sure to have seen all. A process that ended before we came to it may have started another that was not
// in the list yet: the list is read again until all that is new in it tells whose it is.
func killMarked(wanted func(environment []byte) bool, killed map[int]bool) (found, sure bool) {
	seen := map[int]bool{self: true}
	for range mostTries {
		sure = true
		for _, pid := range processes() {
			if seen[pid] {
				continue
			}
			environment, telling := environmentOf(pid)
			if telling == changing {
				sure = false
				continue
			}
			seen[pid] = true
			switch {
			case telling == over:
				sure = false
			case wanted(environment):
				_ = syscall.Kill(pid, syscall.SIGKILL)
				killed[pid], found, sure = true, true, false
			}
		}
		if sure {
			break
		}
	}
	return found, sure
}

// endLeftovers ends what still runs of a trial's attempts, whose folder is dir; the caller holds its claim.
func endLeftovers(dir string) int {
	prefix := dir + string(filepath.Separator)
	return endMarked(func(environment []byte) bool { return strings.HasPrefix(valueOf(environment, AttemptMark), prefix) })
}

// endSweep ends what still runs of a sweep that is gone.
func endSweep(mark string) int {
	return endMarked(func(environment []byte) bool { return strings.Contains(valueOf(environment, SweepMark), mark) })
}

// telling is whether a process tells its environment.
type telling int

const (
	told     telling = iota // all that we may see of it
	changing                // it is becoming another program (execve), and has no environment for that moment
	over                    // it has ended, or is the kernel's own
)

// Places of words in what stat returns.
const (
	statSize     = 20 // of memory
	statEnvStart = 47
	statEnvEnd   = 48
)

// environmentOf reads the environment of a process: NAME=VALUE, each followed by a zero byte. That of a process which we may
// not look at is empty.
func environmentOf(pid int) ([]byte, telling) {
	data, err := readAtOnce(fmt.Sprintf("/proc/%d/environ", pid))
	switch {
	case os.IsPermission(err):
		return nil, told
	case err != nil:
		return nil, over
	case len(data) > 0:
		return data, told
	}
	words := stat(pid)
	if len(words) <= statEnvEnd || words[0] == "Z" || words[statSize] == "0" {
		return nil, over
	}
	if words[statEnvEnd] != "0" && words[statEnvStart] == words[statEnvEnd] {
		return nil, told
	}
	return nil, changing
}

// readAtOnce reads a file with one system call: of a process that becomes another program between two, the kernel would
// tell the beginning only.
func readAtOnce(path string) ([]byte, error) {
	for size := 16 << 10; ; size *= 8 {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		data := make([]byte, size)
		n, err := file.Read(data)
		file.Close()
		if err == io.EOF {
			return nil, nil
		}
		if err != nil || n < size {
			return data[:n], err
		}
	}
}

// valueOf is the value of a variable in an environment; "" where it is not set.
func valueOf(environment []byte, name string) string {
	for len(environment) > 0 {
		entry, rest, _ := bytes.Cut(environment, []byte{0})
		if value, ok := bytes.CutPrefix(entry, []byte(name+"=")); ok {
			return string(value)
		}
		environment = rest
	}
	return ""
}

func processes() (list []int) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			list = append(list, pid)
		}
	}
	return list
}
