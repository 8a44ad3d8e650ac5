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

// start begins a process on that many threads; it reads the workload in folder.
func start(threads int, command string, args ...string) (*contestant, error) {
	c := &contestant{process: exec.Command(command, args...)}
	c.process.Env = append(os.Environ(), fmt.Sprint("OMP_NUM_THREADS=", threads))
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
	return start(threads, own, "-serve", folder, "-threads", fmt.Sprint(threads), fmt.Sprintf("-bf16=%t", bf16))
}

func startTorch(python, folder, mode string, threads int) (*contestant, error) {
	script := filepath.Join(folder, "peer.py")
	if err := os.WriteFile(script, peer, 0o644); err != nil {
		return nil, err
	}
	return start(threads, python, script, folder, mode, fmt.Sprint(threads))
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
