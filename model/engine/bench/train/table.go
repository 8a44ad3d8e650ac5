package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"harness/model/engine/enginetest"
	"harness/registry/provenance"
)

// printHeader says where and when the numbers were taken.
func printHeader(w io.Writer) {
	fmt.Fprintf(w, "%s, %s, %d cores, %s\n", time.Now().UTC().Format(time.DateOnly), provenance.CPU(), runtime.NumCPU(), runtime.Version())
	fmt.Fprintln(w, "ms a step: median wall (best), median CPU on all threads; MiB resident, of them the model's; ratio: PyTorch's better one to native's")
}

// printRow prints a line a contestant and the ratios to the first.
func printRow(w io.Writer, size enginetest.Size, threads int, all []*contestant) {
	plural := "s"
	if threads == 1 {
		plural = ""
	}
	fmt.Fprintf(w, "\nwidth %d, %d heads, %d words, %d thread%s\n", size.Width, size.Heads, size.Words, threads, plural)
	names := 26
	for _, c := range all {
		names = max(names, len(c.name))
	}
	fmt.Fprintf(w, "%-*s %9s %9s %9s %9s %9s\n", names, "", "wall", "(best)", "CPU", "MiB", "model's")
	for _, c := range all {
		fmt.Fprintf(w, "%-*s %9.1f %9.1f %9.1f %9d %9d\n", names, c.name, 1e3*median(c.wall), 1e3*slices.Min(c.wall), 1e3*median(c.cpu),
			c.resident>>20, (c.resident-c.before)>>20)
	}
	if len(all) < 2 {
		return
	}
	ratio := func(of func(*contestant) float64) float64 {
		best := of(all[1])
		for _, c := range all[2:] {
			best = min(best, of(c))
		}
		return best / of(all[0])
	}
	fmt.Fprintf(w, "%-*s %9.2f %9.2f %9.2f %9.2f %9.2f\n", names, "ratio",
		ratio(func(c *contestant) float64 { return median(c.wall) }),
		ratio(func(c *contestant) float64 { return slices.Min(c.wall) }),
		ratio(func(c *contestant) float64 { return median(c.cpu) }),
		ratio(func(c *contestant) float64 { return float64(c.resident) }),
		ratio(func(c *contestant) float64 { return float64(c.resident - c.before) }))
}

// median is the upper one of an even number.
func median(x []float64) float64 {
	sorted := slices.Sorted(slices.Values(x))
	return sorted[len(sorted)/2]
}
