package cli

import (
	"context"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"

	"harness/runner"
)

// childOf makes the process that runs an attempt: this very program, even if its file was replaced meanwhile.
func childOf(home, engine string, more ...string) func(dir string, threads int) *exec.Cmd {
	return func(dir string, threads int) *exec.Cmd {
		args := append([]string{"trial", "run", "--home", home, "--dir", dir, "--threads", strconv.Itoa(threads), "--rethread",
			"--engine", engine, "--build", thisBuild(context.Background())}, more...)
		cmd := exec.Command(self(), args...)
		cmd.Args[0] = os.Args[0]
		return cmd
	}
}

// untilHangup ends ctx also when the terminal is closed, unless the user has seen to that (nohup).
func untilHangup(ctx context.Context) (context.Context, context.CancelFunc) {
	if signal.Ignored(syscall.SIGHUP) {
		return context.WithCancel(ctx)
	}
	return signal.NotifyContext(ctx, syscall.SIGHUP)
}

// secondSignal returns a channel that is closed when the user asks to stop for the second time; the first time cancels
// the context of the command.
func secondSignal() <-chan struct{} {
	second := make(chan struct{})
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		<-signals
		close(second)
	}()
	return second
}

func displayOf(log io.Writer, quiet bool) runner.Display {
	if quiet {
		return runner.Silent
	}
	if interactive(log) {
		return runner.Bars
	}
	return runner.Plain
}
