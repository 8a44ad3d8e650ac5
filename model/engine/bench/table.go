package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"harness/registry/provenance"
)

// printMachine says where and when the numbers were taken.
func printMachine(w io.Writer) {
	fmt.Fprintf(w, "%s, %s, %d cores, %s; at most %d threads\n", time.Now().UTC().Format(time.DateOnly), provenance.CPU(),
		runtime.NumCPU(), runtime.Version(), threads)
}

// printTable prints a row a contestant; the ratio is that of its median to the first one's.
func printTable(w io.Writer, work workload, all []contestant, times [][]time.Duration) {
	const row = "%-28s %10s %10s %8s\n"
	fmt.Fprintf(w, "\n%s\n\n", work.what)
	fmt.Fprintf(w, row, "engine", "median ms", "best ms", "ratio")
	for i, c := range all {
		own := median(times[i])
		ratio := float64(own) / float64(median(times[0]))
		fmt.Fprintf(w, row, c.name, milliseconds(own), milliseconds(slices.Min(times[i])), fmt.Sprintf("%.2f", ratio))
	}
}

// median is the upper one of an even number.
func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2]
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()*1e3) }
