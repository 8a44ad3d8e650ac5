package slurm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"harness/runner"
	"harness/runner/cluster"
)

// A client command that finds no controller tries for nine seconds or longer, and may hang for ever behind a dead network.
const (
	queryTimeout  = 20 * time.Second
	submitTimeout = 60 * time.Second
)

func onPath(name string) bool {
	_, err := exec.LookPath(name)
	return err == nil
}

// query runs a command that may be repeated, and returns what it printed.
func query(ctx context.Context, name string, words ...string) (string, error) {
	return call(ctx, queryTimeout, name, words...)
}

// submit runs sbatch. Where it does not answer, the job may have been taken all the same.
func submit(ctx context.Context, words []string) (string, error) {
	return call(ctx, submitTimeout, "sbatch", words...)
}

func call(ctx context.Context, timeout time.Duration, name string, words ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, words...)
	cmd.Env = environment(os.Environ())
	cmd.WaitDelay = time.Second // a child of a wrapper may keep its output open
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	switch {
	case err == nil:
		return out.String(), nil
	case ctx.Err() != nil:
		return "", fmt.Errorf("%s: %w within %s", name, cluster.ErrUnreachable, timeout)
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	text := complaint(said.String())
	if unreachable.MatchString(said.String()) {
		return "", fmt.Errorf("%s: %w (%s)", name, cluster.ErrUnreachable, text)
	}
	return "", &refusal{name, text, exit.ExitCode()}
}

// refusal is a command's own word of why it does not do what it was asked.
type refusal struct {
	command, text string
	code          int
}

func (r *refusal) Error() string {
	if r.text == "" {
		return fmt.Sprintf("%s: exit status %d", r.command, r.code)
	}
	return r.command + ": " + r.text
}

// unreachable is what the commands say of a controller that does not answer, or not yet.
var unreachable = regexp.MustCompile(`(?i)unable to contact slurm controller|connection refused|connection timed out|socket timed out|` +
	`zero bytes were transmitted|unable to establish controller|connect failure|temporarily unable to accept|no route to host|` +
	`network is unreachable|slurmctld.*(shut|starting)|resource temporarily unavailable|in standby mode|munged? .*(connect|failed to access)`)

// complaint is what a command says that was refused, on one line: the errors without the command's name, each once.
func complaint(said string) string {
	var parts []string
	for line := range strings.Lines(said) {
		text := prefix.ReplaceAllString(strings.TrimSpace(line), "")
		text = strings.TrimPrefix(text, "Batch job submission failed: ")
		if text == "" || strings.Contains(text, "PMIx") {
			continue
		}
		if len(parts) == 0 || parts[len(parts)-1] != text {
			parts = append(parts, text)
		}
	}
	return runner.OneLine(strings.Join(parts, "; "))
}

var prefix = regexp.MustCompile(`^\w+: (error: )?`)

// environment is ours without what says that we are a job of Slurm ourselves, or a trial: a job handed in from within a job would
// take that one's memory and CPUs for its own.
func environment(all []string) []string {
	var kept []string
	for _, variable := range all {
		name, _, _ := strings.Cut(variable, "=")
		inner := strings.HasPrefix(name, "SLURM_") && name != "SLURM_CONF" && name != "SLURM_CLUSTERS" || strings.HasPrefix(name, "SLURMD_")
		if inner || name == runner.SweepMark || name == runner.AttemptMark {
			continue
		}
		kept = append(kept, variable)
	}
	return kept
}
