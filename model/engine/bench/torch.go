package main

import (
	"bufio"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

//go:embed torch_steps.py
var torchSteps string

// torch is a Python process that runs a workload on request.
type torch struct {
	name    string
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
}

// openTorch starts PyTorch on two threads and on one. The error says why it cannot be compared with here.
func openTorch(peer string) ([]*torch, error) {
	if peer == "" {
		return nil, errors.New("no -peer was given")
	}
	if _, err := os.Stat(peer); err != nil {
		return nil, err
	}
	if err := exec.Command("python3", "-c", "import torch").Run(); err != nil {
		return nil, errors.New("python3 cannot import torch")
	}
	two, err := startTorch(peer, threads)
	if err != nil {
		return nil, err
	}
	one, err := startTorch(peer, 1)
	if err != nil {
		closeTorch([]*torch{two})
		return nil, err
	}
	return []*torch{two, one}, nil
}

// startTorch starts one process. Idle OpenMP threads sleep (OMP_WAIT_POLICY): they must not slow the others down.
func startTorch(peer string, threads int) (*torch, error) {
	p := &torch{process: exec.Command("python3", "-c", torchSteps, peer)}
	p.process.Env = append(os.Environ(), fmt.Sprint("NT=", threads), fmt.Sprint("OMP_NUM_THREADS=", threads), "OMP_WAIT_POLICY=PASSIVE")
	p.process.Stderr = os.Stderr
	in, err := p.process.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.in, p.out = in, bufio.NewScanner(out)
	if err := p.process.Start(); err != nil {
		return nil, err
	}
	version, err := p.line()
	if err != nil {
		return nil, err
	}
	plural := "s"
	if threads == 1 {
		plural = ""
	}
	p.name = fmt.Sprintf("PyTorch %s, %d thread%s", version, threads, plural)
	return p, nil
}

func (p *torch) line() (string, error) {
	if p.out.Scan() {
		return strings.TrimSpace(p.out.Text()), nil
	}
	if err := p.out.Err(); err != nil {
		return "", fmt.Errorf("torch: %w", err)
	}
	return "", errors.New("torch: the process has ended")
}

// contestant is a workload of torch_steps.py; its weights are its own, so that there is no result to compare.
func (p *torch) contestant(work string) contestant {
	return contestant{
		name: p.name,
		step: func() (time.Duration, error) {
			if _, err := fmt.Fprintln(p.in, work); err != nil {
				return 0, fmt.Errorf("torch: %w", err)
			}
			line, err := p.line()
			if err != nil {
				return 0, err
			}
			seconds, err := strconv.ParseFloat(line, 64)
			if err != nil {
				return 0, fmt.Errorf("torch: %w", err)
			}
			return time.Duration(seconds * float64(time.Second)), nil
		},
	}
}

// closeTorch lets the processes end.
func closeTorch(all []*torch) {
	for _, p := range all {
		p.in.Close()
		_ = p.process.Wait() // what they measured is printed already
	}
}
