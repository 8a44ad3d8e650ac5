package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"harness/model/engine/plugins"
	"harness/model/engine/xla"
)

// pluginState is a plugin that was found, what it computes on, and why it cannot be used.
type pluginState struct {
	Path    string `json:"path"`
	Package string `json:"package,omitempty"`
	Version string `json:"version,omitempty"`
	Missing string `json:"missing,omitempty"`
	loadedPlugin
}

// loadedPlugin is what a plugin says once it is loaded.
type loadedPlugin struct {
	Platform string  `json:"platform,omitempty"`
	Device   string  `json:"device,omitempty"`
	Memory   int64   `json:"memory,omitempty"` // that programs may take of the device's, in bytes
	GFLOPS   float64 `json:"gflops,omitempty"` // of products of float32 matrices
	Error    string  `json:"error,omitempty"`
}

// pluginTime is how long a plugin may take to be loaded and to multiply matrices.
const pluginTime = time.Minute

// examinePlugin loads a plugin in a process of its own: a library of others may crash or hang.
func examinePlugin(ctx context.Context, p plugins.Plugin) pluginState {
	state := pluginState{Path: p.Path, Package: p.Package, Version: p.Version}
	if err := checkPlugin(p); err != nil {
		state.Missing = strings.TrimPrefix(err.Error(), "engine xla:"+p.Path+": ")
		return state
	}
	loaded, err := loadApart(ctx, p.Path, pluginTime)
	if state.loadedPlugin = loaded; err != nil {
		state.Missing = err.Error()
	}
	return state
}

// loadApart runs the command doctor-plugin for at most limit.
func loadApart(ctx context.Context, path string, limit time.Duration) (loadedPlugin, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it did not answer in %s", limit))
	defer cancel()
	cmd := exec.CommandContext(ctx, self(), "doctor-plugin", path)
	cmd.Args[0] = os.Args[0]
	cmd.WaitDelay = time.Second
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	err := cmd.Run()
	if ctx.Err() != nil {
		return loadedPlugin{}, context.Cause(ctx)
	}
	var loaded loadedPlugin
	if last := lastLine(out.String()); json.Unmarshal([]byte(last), &loaded) == nil { // the library may print, too
		if loaded.Error != "" {
			err = errors.New(loaded.Error)
		}
		return loaded, err
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		if crash := crashOf(exit, log.String()); crash != "" {
			return loaded, fmt.Errorf("it crashed when it was loaded: %s", crash)
		}
		return loaded, fmt.Errorf("it ended the process that loaded it: %s", strings.TrimSpace(exit.String()+" "+lastLine(log.String())))
	}
	if err == nil {
		err = errors.New("it said nothing")
	}
	return loaded, err
}

// crashOf names the signal that has ended a process, as the system or Go's runtime tells it; "" where none has.
func crashOf(exit *exec.ExitError, log string) string {
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return status.Signal().String()
	}
	for line := range strings.Lines(log) {
		if strings.HasPrefix(line, "SIG") { // SIGSEGV: segmentation violation
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// lastLine is the last line of a text that is not empty.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// newDoctorPluginCommand is the process in which doctor loads a plugin.
func newDoctorPluginCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "doctor-plugin PATH",
		Short:  "Load a PJRT plugin and print as one line of JSON what it computes on",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			loaded, err := loadPlugin(args[0])
			if err != nil {
				loaded.Error = strings.TrimPrefix(err.Error(), "engine xla:"+args[0]+": ")
			}
			encoded, err := json.Marshal(loaded)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "\n%s\n", encoded)
			return err
		},
	}
}

func loadPlugin(path string) (loaded loadedPlugin, err error) {
	gpu, err := xla.GPUOf(os.Getenv, false)
	if err != nil {
		return loaded, err
	}
	e, err := xla.OpenWith("xla:"+path, xla.Options{GPU: gpu})
	if err != nil {
		return loaded, err
	}
	loaded.Platform, loaded.Device, _ = strings.Cut(e.Device(), ", ")
	if memory, ok := e.(xla.DeviceMemory); ok {
		if _, _, limit, ok := memory.Memory(); ok && limit > 0 {
			loaded.Memory = limit
		}
	}
	size := 768
	if loaded.Platform != "cpu" {
		size = 4096
	}
	loaded.GFLOPS, err = productSpeed(e, size)
	return loaded, err
}
