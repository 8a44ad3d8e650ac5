package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed peer.py
var peer []byte

// contestant is a process that trains on request: a number of steps goes in, an answer comes out.
type contestant struct {
	name     string
	process  *exec.Cmd
	in       io.WriteCloser
	out      *bufio.Reader
	wall     []float64 // seconds of each step
	cpu      []float64 // on all threads
	resident int64     // bytes of the process after the last step
	before   int64     // and before there was a model
}

// answer is what a contestant says of the steps it took.
type answer struct {
	Wall, CPU, Loss  []float64
	Resident, Before int64
}

// start begins a process on that many threads, with more environment; it reads the workload in folder.
func start(threads int, environment []string, command string, args ...string) (*contestant, error) {
	c := &contestant{process: exec.Command(command, args...)}
	c.process.Env = append(append(os.Environ(), fmt.Sprint("OMP_NUM_THREADS=", threads)), environment...)
	c.process.Stderr = os.Stderr
	in, err := c.process.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.in, c.out = in, bufio.NewReader(out)
	if err := c.process.Start(); err != nil {
		return nil, err
	}
	var greeting struct{ Name string }
	if err := c.read(&greeting); err != nil {
		c.close()
		return nil, fmt.Errorf("start %s: %w", command, err)
	}
	c.name = greeting.Name
	return c, nil
}

func startNative(folder string, threads int, bf16 bool) (*contestant, error) {
	own, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return start(threads, nil, own, "-serve", folder, "-threads", fmt.Sprint(threads), fmt.Sprintf("-bf16=%t", bf16))
}

// startTorch begins PyTorch in a mode of peer.py; unlocked: its MKL is told that the processor is Intel's.
func startTorch(python, folder, mode string, threads int, unlocked bool) (*contestant, error) {
	script := filepath.Join(folder, "peer.py")
	if err := os.WriteFile(script, peer, 0o644); err != nil {
		return nil, err
	}
	var environment []string
	if unlocked {
		library, err := unlockMKL(folder)
		if err != nil {
			return nil, err
		}
		environment = []string{"LD_PRELOAD=" + library}
	}
	c, err := start(threads, environment, python, script, folder, mode, fmt.Sprint(threads))
	if err == nil && unlocked {
		c.name += ", unlocked"
	}
	return c, err
}

// MKL, which multiplies float32 matrices in PyTorch from PyPI, asks these two functions whether the processor is Intel's, and takes
// AVX2 on others even if they have AVX-512. A library loaded before it can answer in its place.
const intelAlways = `int mkl_serv_intel_cpu(void) { return 1; }
int mkl_serv_intel_cpu_true(void) { return 1; }
`

// unlockMKL builds that library in folder and returns its path.
func unlockMKL(folder string) (string, error) {
	library := filepath.Join(folder, "intel.so")
	gcc := exec.Command("gcc", "-shared", "-fPIC", "-x", "c", "-o", library, "-")
	gcc.Stdin = strings.NewReader(intelAlways)
	if out, err := gcc.CombinedOutput(); err != nil {
		return "", fmt.Errorf("gcc: %w: %s", err, out)
	}
	return library, nil
}

func (c *contestant) read(to any) error {
	line, err := c.out.ReadBytes('\n')
	if errors.Is(err, io.EOF) {
		return errors.New("the process has ended")
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(line, to)
}

// steps lets the contestant take its turn.
func (c *contestant) steps(count int) (answer, error) {
	if _, err := fmt.Fprintln(c.in, count); err != nil {
		return answer{}, fmt.Errorf("%s: %w", c.name, err)
	}
	var a answer
	if err := c.read(&a); err != nil {
		return answer{}, fmt.Errorf("%s: %w", c.name, err)
	}
	if len(a.Wall) != count || len(a.CPU) != count || len(a.Loss) != count {
		return answer{}, fmt.Errorf("%s: %d steps were asked for, %d taken", c.name, count, len(a.Wall))
	}
	return a, nil
}

// close lets the process end.
func (c *contestant) close() {
	c.in.Close()
	_ = c.process.Wait() // what it measured is known already
}
