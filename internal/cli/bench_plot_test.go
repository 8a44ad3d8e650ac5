package cli

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

var (
	benchPlot     = flag.String("bench-plot", "", "TestBenchPlot measures this program: make bench-plot")
	benchPlotHome = flag.String("bench-plot-home", "", "keep the home of TestBenchPlot here, and use what is there")
)

const (
	plotSeeds  = 20
	plotPoints = 1_000_000 // of each seed
)

// TestBenchPlot measures how long the curves of 20 million points take, as the command draws them: 20 seeds of one program, a
// million points each. The home is made by a real sweep, which takes minutes. Each number is the median of three runs.
func TestBenchPlot(t *testing.T) {
	if *benchPlot == "" {
		t.Skip("make bench-plot")
	}
	b := &bench{t: t, dir: t.TempDir(), times: map[string][]time.Duration{}}
	home := *benchPlotHome
	if home == "" {
		home = filepath.Join(b.dir, "home")
	}
	var seeds []string
	for seed := range plotSeeds {
		seeds = append(seeds, fmt.Sprint(seed))
	}
	text := fmt.Sprintf("version: 1\nname: long\nmetrics: {loss: {goal: minimize}}\nseeds: [%s]\n", strings.Join(seeds, ", ")) +
		fmt.Sprintf(`command: [awk, 'BEGIN {srand(ENVIRON["HARNESS_SEED"] + 1); for (i = 0; i < %d; i++) `, plotPoints) +
		`printf "{\"metric\": \"loss\", \"value\": %.6g, \"step\": %d}\n", 1000 / (1 + i) + rand(), i}']` + "\n"
	if err := os.WriteFile(filepath.Join(b.dir, "long.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := b.command(*benchPlot, "sweep", "long.yaml", "--home", home, "--quiet"); err != nil {
		t.Fatal(err)
	}
	memory := int64(0)
	for range 3 {
		cmd := exec.Command(*benchPlot, "plot", "long", "--home", home, "--out", b.dir)
		b.timed("plot", func() error {
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), "long-curve-loss.png") {
				return fmt.Errorf("%w: %s", err, out)
			}
			return nil
		})
		memory = max(memory, cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
		b.times["processor"] = append(b.times["processor"], cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
	}
	b.row(fmt.Sprintf("plot of %d M points, by the clock", plotSeeds*plotPoints/1_000_000), median(b.times["plot"]).Seconds(), 10, "s")
	b.row("its processor time", median(b.times["processor"]).Seconds(), 0, "s")
	b.row("its memory", float64(memory)/1024, 512, "MiB")
	b.print()
}
