package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"harness/model/engine/native"
)

// serveNative is the native engine as a contestant.
func serveNative(folder string, threads int, bf16 bool, in io.Reader, out io.Writer) error {
	before, err := resident()
	if err != nil {
		return err
	}
	size, err := readSize(folder)
	if err != nil {
		return err
	}
	work := size.New()
	e, err := native.NewWith(threads, native.Options{BF16: bf16})
	if err != nil {
		return err
	}
	session, err := e.New(work.Params)
	if err != nil {
		return err
	}
	defer session.Close()
	work.Params = nil // the session has its own copy
	debug.FreeOSMemory()
	say := json.NewEncoder(out)
	if err := say.Encode(struct{ Name string }{"native, " + e.Device()}); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		count, err := strconv.Atoi(lines.Text())
		if err != nil {
			return err
		}
		a := answer{Before: before}
		for range count {
			wall, cpu := time.Now(), cpuTime()
			result, err := session.Step("step", work.Program, work.Inputs, learningRate, work.AdamW)
			if err != nil {
				return err
			}
			a.Wall = append(a.Wall, time.Since(wall).Seconds())
			a.CPU = append(a.CPU, (cpuTime() - cpu).Seconds())
			a.Loss = append(a.Loss, result.Loss)
		}
		if a.Resident, err = resident(); err != nil {
			return err
		}
		if err := say.Encode(a); err != nil {
			return err
		}
	}
	return lines.Err()
}

// cpuTime is what the process has used on all its threads.
func cpuTime() time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// resident is the number of bytes of this process in memory, as Linux has it.
func resident() (int64, error) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, fmt.Errorf("/proc/self/statm: %q", text)
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}
