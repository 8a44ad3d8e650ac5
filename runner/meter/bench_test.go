//go:build linux

package meter

import (
	"os/exec"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkReading reads trees of several sizes, and reports the processor's time of a reading and what eight trials cost that are each
// read every 5 s, in percent of a core.
func BenchmarkReading(b *testing.B) {
	python, _ := exec.LookPath("python3")
	for _, c := range []struct {
		name   string
		python bool
		script string
	}{
		{"1-process", false, "exec sleep 1000"},
		{"20-processes", false, "for i in $(seq 19); do sleep 1000 & done; wait"},
		{"100-threads", true, "import threading, time\nfor i in range(99): threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()\ntime.sleep(1000)"},
		{"1-GiB", true, "import time\nx = bytearray(1 << 30)\ntime.sleep(1000)"},
	} {
		b.Run(c.name, func(b *testing.B) {
			cmd := exec.Command("sh", "-c", c.script)
			if c.python {
				if python == "" {
					b.Skip("no python3 on PATH")
				}
				cmd = exec.Command(python, "-c", c.script)
			}
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			if err := cmd.Start(); err != nil {
				b.Fatal(err)
			}
			defer func() {
				_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
				_ = cmd.Wait()
			}()
			time.Sleep(time.Second)
			t := newTree(cmd.Process.Pid)
			before := used()
			n := 0
			for b.Loop() {
				t.slow = 0
				if r := t.read(); r.pss == nil {
					b.Fatal("nothing")
				}
				n++
			}
			each := (used() - before) / time.Duration(n)
			b.ReportMetric(float64(each.Microseconds()), "cpu-µs/reading")
			b.ReportMetric(8*each.Seconds()/every.Seconds()*100, "%core/8-trials")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// used is the processor's time of this process.
func used() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
