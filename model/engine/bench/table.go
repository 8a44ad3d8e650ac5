package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// printMachine says where and when the numbers were taken.
func printMachine(w io.Writer) {
	fmt.Fprintf(w, "%s, %s, %d cores, %s; at most %d threads\n", time.Now().UTC().Format(time.DateOnly), processor(),
		runtime.NumCPU(), runtime.Version(), threads)
}

// processor is the name of the CPU, as Linux has it.
func processor() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if key, name, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(name)
		}
	}
	return runtime.GOARCH
}

// printTable prints a row a contestant; the ratio is that of its median to the first one's.
func printTable(w io.Writer, work workload, all []contestant, times [][]time.Duration) error {
	fmt.Fprintf(w, "\n%s\n", work.what)
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "median ms\tbest ms\ttimes the first\tengine\t")
	first := median(times[0])
	for i, c := range all {
		own := median(times[i])
		fmt.Fprintf(t, "%.2f\t%.2f\t%.2f\t%s\t\n", milliseconds(own), milliseconds(slices.Min(times[i])),
			float64(own)/float64(first), c.name)
	}
	return t.Flush()
}

// median is the upper one of an even number.
func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2]
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
