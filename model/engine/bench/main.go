// Command bench measures the engines that were to choose from: how long they take for the same blocks of a transformer.
//
//	workloads    an MLP block, an attention block (one way forth and back), and the training step of enginetest.Peer
//	contestants  native on one and two threads; GoMLX's Go backend; Gorgonia, which has the blocks only; PyTorch if it is there
//	main         checks that all compute the same loss and gradients, then times them in turn and prints a table
//
// It is a module of its own, so that what Gorgonia needs stays out of the harness. Run it by "make bench-engines" on a
// quiet machine.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
)

// threads is what every contestant may use, unless its name says less: the comparison is one of kernels, not of cores.
const threads = 2

func main() {
	rounds := flag.Int("rounds", 30, "timed steps of each contestant")
	peer := flag.String("peer", "", "path of torch_peer.py, the same blocks in PyTorch")
	flag.Parse()
	if err := run(os.Stdout, *rounds, *peer); err != nil {
		fmt.Fprintln(os.Stderr, "bench-engines:", err)
		os.Exit(1)
	}
}

// run prints the machine and a table a workload.
func run(w io.Writer, rounds int, peer string) error {
	if rounds < 1 {
		return fmt.Errorf("-rounds %d: want at least 1", rounds)
	}
	runtime.GOMAXPROCS(threads)
	printMachine(w)
	python, err := openTorch(peer)
	if err != nil {
		fmt.Fprintln(w, "PyTorch was skipped:", err)
	}
	defer closeTorch(python)
	for _, work := range []workload{mlpBlock(), attentionBlock(), trainingStep()} {
		if err := compare(w, work, python, rounds); err != nil {
			return fmt.Errorf("%s: %w", work.name, err)
		}
	}
	return nil
}

// compare checks and times the contestants of one workload.
func compare(w io.Writer, work workload, python []*torch, rounds int) error {
	own, err := openContestants(work)
	if err != nil {
		return err
	}
	defer func() {
		for _, c := range own {
			c.close()
		}
	}()
	if err := agree(own); err != nil {
		return err
	}
	all := own
	for _, p := range python {
		all = append(all, p.contestant(work.name))
	}
	times, err := measure(all, rounds)
	if err != nil {
		return err
	}
	printTable(w, work, all, times)
	return nil
}

// openContestants makes the contestants that run in this process; the first is the measure of all.
func openContestants(work workload) ([]contestant, error) {
	var all []contestant
	for _, open := range []func(workload) (contestant, error){openNative(threads), openNative(1), openGoMLX, openGorgonia} {
		c, err := open(work)
		if errors.Is(err, errCannotExpress) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}
