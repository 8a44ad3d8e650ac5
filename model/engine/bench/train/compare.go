package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"harness/model/engine/enginetest"
)

const (
	checked = 3                      // steps whose losses are compared before the clock runs
	settled = 3                      // more steps until nothing is allocated or compiled any more
	turn    = 300 * time.Millisecond // about what a turn takes: threads that wait must fall asleep between turns
	pause   = 20 * time.Millisecond
)

// compare times all contestants on one workload in turns and prints a row.
func compare(w io.Writer, o options, size enginetest.Size, threads int) error {
	folder, err := os.MkdirTemp("", "bench-train-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if err := writeWorkload(folder, size); err != nil {
		return err
	}
	all, err := open(o, folder, threads)
	defer func() {
		for _, c := range all {
			c.close()
		}
	}()
	if err != nil {
		return err
	}
	if err := agree(all, o.bf16); err != nil {
		return err
	}
	if err := measure(all, o.rounds); err != nil {
		return err
	}
	printRow(w, size, threads, all)
	return nil
}

// open starts the contestants; native is the first.
func open(o options, folder string, threads int) (all []*contestant, err error) {
	c, err := startNative(folder, threads, o.bf16)
	if err != nil {
		return nil, err
	}
	all = append(all, c)
	if o.python == "" {
		return all, nil
	}
	for _, mode := range o.modes {
		c, err := startTorch(o.python, folder, mode, threads, o.unlock)
		if err != nil {
			return all, err
		}
		all = append(all, c)
	}
	return all, nil
}

// agree lets all take their first steps: who finds other losses computes something else and is not timed.
func agree(all []*contestant, bf16 bool) error {
	var want []float64
	tolerance := 2e-4
	if bf16 {
		tolerance = 4e-3
	}
	for _, c := range all {
		a, err := c.steps(checked)
		if err != nil {
			return err
		}
		if want == nil {
			want = a.Loss
		}
		for i, loss := range a.Loss {
			if !(math.Abs(loss-want[i]) <= tolerance*math.Abs(want[i])) {
				return fmt.Errorf("step %d: %s has the loss %g, %s %g", i+1, c.name, loss, all[0].name, want[i])
			}
		}
	}
	return nil
}

// measure gives every contestant its turn in every round, so that other load on the machine meets all of them.
func measure(all []*contestant, rounds int) error {
	counts := make([]int, len(all))
	for i, c := range all {
		a, err := c.steps(settled)
		if err != nil {
			return err
		}
		counts[i] = max(1, int(turn.Seconds()/median(a.CPU)))
	}
	for range rounds {
		for i, c := range all {
			a, err := c.steps(counts[i])
			if err != nil {
				return err
			}
			c.wall = append(c.wall, a.Wall...)
			c.cpu = append(c.cpu, a.CPU...)
			c.resident, c.before = a.Resident, a.Before
			time.Sleep(pause)
		}
	}
	return nil
}
