package cli

import (
	"context"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/term"

	"harness/runner"
)

// visibleGPUs lists the GPUs that the user leaves to us: $CUDA_VISIBLE_DEVICES, else all that there are.
func visibleGPUs() []string {
	if visible, ok := os.LookupEnv("CUDA_VISIBLE_DEVICES"); ok {
		return strings.FieldsFunc(visible, func(r rune) bool { return r == ',' })
	}
	files, _ := filepath.Glob("/dev/nvidia[0-9]*") // the pattern is right
	devices := make([]string, len(files))
	for i := range files {
		devices[i] = strconv.Itoa(i)
	}
	return devices
}

// childOf makes the process that runs an attempt: this very program, even if its file was replaced meanwhile.
func childOf(home, engine string, more ...string) func(dir string, threads int) *exec.Cmd {
	return func(dir string, threads int) *exec.Cmd {
		args := append([]string{"trial", "run", "--home", home, "--dir", dir, "--threads", strconv.Itoa(threads),
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
	if file, ok := log.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return runner.Bars
	}
	return runner.Plain
}
