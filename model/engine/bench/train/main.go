// Command train measures a training step of the native engine against PyTorch as fast as it goes.
//
//	workload    the peer of package enginetest at some widths; weights and batch are written to files that all read
//	contestant  a process of its own, asked for steps: this program as the native engine, peer.py eager and compiled
//	table       medians of steps taken in turn, and the ratio of PyTorch's better one to native's
//
// Run it by "make bench-train".
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"harness/model/engine/enginetest"
)

// options are what the command line says.
type options struct {
	python  string
	widths  []int
	threads []int
	rounds  int
	modes   []string
	bf16    bool
	unlock  bool
}

func main() {
	var o options
	var widths, threads, modes string
	serve := flag.String("serve", "", "be the native engine for the workload in that folder; for this program itself")
	flag.StringVar(&o.python, "python", "", "the Python that has torch; without it native is measured alone")
	flag.StringVar(&widths, "widths", "128,256,384,768", "widths of the model")
	flag.StringVar(&threads, "threads", "1,2", "numbers of threads")
	flag.StringVar(&modes, "modes", "eager,compiled", "what PyTorch does")
	flag.BoolVar(&o.bf16, "bf16", false, "native multiplies in bfloat16, and PyTorch in both precisions")
	flag.BoolVar(&o.unlock, "unlock", false, "PyTorch's MKL may use AVX-512 on processors that are not Intel's; needs gcc")
	flag.IntVar(&o.rounds, "rounds", 15, "turns that each contestant gets")
	flag.Parse()
	err := parseLists(&o, widths, threads, modes)
	switch {
	case err != nil:
	case *serve != "":
		err = serveNative(*serve, o.threads[0], o.bf16, os.Stdin, os.Stdout)
	default:
		err = run(os.Stdout, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-train:", err)
		os.Exit(1)
	}
}

func parseLists(o *options, widths, threads, modes string) (err error) {
	if o.rounds < 1 {
		return fmt.Errorf("-rounds %d: want at least 1", o.rounds)
	}
	for _, mode := range strings.Split(modes, ",") {
		if mode != "eager" && mode != "compiled" {
			return fmt.Errorf("-modes %s: no mode %q, want eager or compiled", modes, mode)
		}
		o.modes = append(o.modes, mode)
		if o.bf16 {
			o.modes = append(o.modes, mode+"-bf16")
		}
	}
	if o.widths, err = numbers("-widths", widths); err != nil {
		return err
	}
	o.threads, err = numbers("-threads", threads)
	return err
}

func numbers(name, list string) (all []int, err error) {
	for _, word := range strings.Split(list, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%s %s: %q is no number above 0", name, list, word)
		}
		all = append(all, n)
	}
	return all, nil
}

// sizes are the models: the peer scaled by width, heads of 64, and its second width with many words as well.
func sizes(widths []int) (all []enginetest.Size) {
	const manyWords = 8192
	for i, width := range widths {
		n := enginetest.Peer.At(width)
		all = append(all, n)
		if i == 1 {
			n.Words = manyWords
			all = append(all, n)
		}
	}
	return all
}

// run measures every size on every number of threads and prints a row for each as soon as it is known.
func run(w io.Writer, o options) error {
	printHeader(w)
	for _, size := range sizes(o.widths) {
		for _, threads := range o.threads {
			if err := compare(w, o, size, threads); err != nil {
				return fmt.Errorf("width %d, %d threads: %w", size.Width, threads, err)
			}
		}
	}
	return nil
}
