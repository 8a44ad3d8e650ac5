package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// step is one check. What it returns is recorded, also beside an error.
type step struct {
	name  string
	limit time.Duration // 0: what it starts goes on beside the next steps, as long as all of them
	check func(ctx context.Context, b *bench) (any, error)
}

// steps are all of them, in the order in which they matter.
var steps = []step{
	{"plugin", time.Minute, findPlugin},
	{"compile", 0, compiling},
	{"refusals", time.Minute, refusals},
	{"smoke", 2 * time.Minute, smoke},
	{"parity-float32", 2 * time.Minute, parityFloat32},
	{"parity-bfloat16", 90 * time.Second, parityBF16},
	{"kill-resume", 2 * time.Minute, killAndResume},
	{"two-on-one", time.Minute, twoOnOne},
	{"second-stage", 4 * time.Minute, secondStage},
	{"first-stage", 4 * time.Minute, firstStage},
	{"out-of-memory", 2 * time.Minute, outOfMemory},
}

// result is what is recorded of a step.
type result struct {
	Step    string  `json:"step"`
	Seconds float64 `json:"seconds"`
	Skipped string  `json:"skipped,omitempty"` // why
	Error   string  `json:"error,omitempty"`
	Found   any     `json:"found,omitempty"`
}

// do runs the step within its limit and the time that is left.
func (s step) do(ctx context.Context, b *bench, left time.Duration) result {
	r := result{Step: s.name}
	if ctx.Err() != nil || left <= 0 {
		r.Skipped = "no time is left"
		return r
	}
	if b.plugin == "" && s.name != "plugin" {
		r.Skipped = "there is no plugin"
		return r
	}
	if s.limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, min(left, b.patience(s.limit)))
		defer cancel()
	}
	start := time.Now()
	found, err := s.check(ctx, b)
	r.Seconds, r.Found = time.Since(start).Seconds(), found
	var skip skipped
	switch {
	case errors.As(err, &skip):
		r.Skipped = string(skip)
	case ctx.Err() != nil:
		r.Error = fmt.Sprintf("stopped after %.0f s: %v", r.Seconds, err)
	case err != nil:
		r.Error = err.Error()
	}
	return r
}

// skipped is why a step cannot be done here.
type skipped string

func (s skipped) Error() string { return string(s) }

func (r result) print(w io.Writer) {
	verdict := "ok"
	switch {
	case r.Error != "":
		verdict = "FAILED: " + r.Error
	case r.Skipped != "":
		verdict = "skipped: " + r.Skipped
	}
	fmt.Fprintf(w, "%-16s %6.1f s  %s\n", r.Step, r.Seconds, verdict)
	if r.Found != nil {
		found, err := json.MarshalIndent(r.Found, "    ", "  ")
		if err == nil {
			fmt.Fprintf(w, "    %s\n", found)
		}
	}
}

// command runs a program of the bundle, or one on the PATH, and returns what it printed. Its process group ends with ctx.
type command struct {
	name        string
	args        []string
	environment []string // beside our own
}

// output is what a command printed and how it ended.
type output struct {
	stdout, stderr string
	code           int
}

// run returns an error only where the command could not run or was stopped: its exit code is the caller's to judge.
func (c command) run(ctx context.Context) (output, error) {
	cmd := exec.CommandContext(ctx, c.name, c.args...)
	cmd.Env = append(os.Environ(), c.environment...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	o := output{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
	var exit *exec.ExitError
	if errors.As(err, &exit) && ctx.Err() == nil {
		err = nil
	}
	if ctx.Err() != nil {
		return o, fmt.Errorf("%s: %w: %s", c.name, ctx.Err(), o.last())
	}
	return o, err
}

// succeed runs the command and makes an exit code an error.
func (c command) succeed(ctx context.Context) (output, error) {
	o, err := c.run(ctx)
	if err == nil && o.code != 0 {
		err = fmt.Errorf("%s %s: exit status %d: %s", c.name, strings.Join(c.args, " "), o.code, o.last())
	}
	return o, err
}

// last is the end of what was printed, errors before output, as one line.
func (o output) last() string {
	text := strings.TrimSpace(o.stderr)
	if text == "" {
		text = strings.TrimSpace(o.stdout)
	}
	const most = 600
	if len(text) > most {
		text = "… " + text[len(text)-most:]
	}
	return strings.Join(strings.Fields(text), " ")
}
