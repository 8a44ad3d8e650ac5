// Command gpucheck checks and measures the xla engine on a machine that has a GPU, its driver and a Python with JAX's CUDA plugin and
// PyTorch, but neither Go nor a network. "make gpu-bundle" packs it with all it needs; there the one command is "./run".
//
//	main.go       the order of the steps, the table, results.json
//	step.go       a step: a name, a time limit, what it found
//	engine.go     the plugin is found; the engine agrees with the recorded numbers of native, in float32 and bfloat16
//	training.go   steps of the paper's two stages, beside the same model in PyTorch (peer.py)
//	paper.go      those two stages as programs, of any size
//	trials.go     sweeps on the device: smoke and its rerun, kill -9 and resume, two trials on one GPU, memory that is short
//	refusals.go   a wrong plugin and hidden GPUs are one line each
//
// With the plugin of a CPU the same steps run at small sizes: the rehearsal that "make gpu-check" is on a machine without a GPU.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// bench is what the steps share.
type bench struct {
	bundle string // folder with harness, xla.test, peer.py and the recorded states of the reference
	work   string // an empty folder for homes and files
	plugin string // "" until it is found
	python string
	small  bool // the sizes of the rehearsal
	cuda   bool // the plugin drives a GPU

	compiled       chan struct{} // closed when the steps to measure are compiled; nil where that was not asked for
	compileSeconds sync.Map      // of [stage, batch]: seconds
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "train" {
		if err := train(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "gpucheck:", err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	failed, err := run(ctx, os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "gpucheck:", err)
		os.Exit(2)
	}
	if failed {
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (failed bool, err error) {
	flags := flag.NewFlagSet("gpucheck", flag.ContinueOnError)
	plugin := flags.String("plugin", "", "path of the PJRT plugin (default: the one that the harness finds)")
	python := flags.String("python", "python3", "a Python with PyTorch")
	out := flags.String("out", "results.json", "where the results are written, after every step")
	only := flags.String("only", "", "names of the steps to run, with commas between (default: all)")
	limit := flags.Duration("limit", 9*time.Minute, "time for all steps, of which a rehearsal gets four times as much; those for which none is left are skipped")
	small := flags.Bool("small", false, "small sizes, as on a CPU plugin")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	if flags.NArg() > 0 {
		return false, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	chosen, err := choose(*only)
	if err != nil {
		return false, err
	}
	self, err := os.Executable()
	if err != nil {
		return false, err
	}
	b := &bench{bundle: filepath.Dir(self), plugin: *plugin, python: *python, small: *small}
	if b.work, err = os.MkdirTemp("", "gpucheck-"); err != nil {
		return false, err
	}
	defer os.RemoveAll(b.work)
	if *plugin != "" {
		b.cuda = strings.Contains(*plugin, "cuda")
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	start := time.Now()
	var results []result
	for _, s := range chosen {
		r := s.do(ctx, b, b.patience(*limit)-time.Since(start))
		results = append(results, r)
		r.print(os.Stdout)
		failed = failed || r.Error != ""
		if err := writeResults(*out, results); err != nil {
			return failed, err
		}
	}
	return failed, nil
}

// patience is a limit of time on this machine: compiling on a few cores of a CPU takes longer than beside a GPU.
func (b *bench) patience(limit time.Duration) time.Duration {
	if b.small {
		return 4 * limit
	}
	return limit
}

// choose picks the steps of a list of names, in their own order; the plugin is always looked for first.
func choose(only string) ([]step, error) {
	if only == "" {
		return steps, nil
	}
	names := strings.Split(only, ",")
	var chosen []step
	for i, s := range steps {
		if at := slices.Index(names, s.name); at >= 0 {
			names = slices.Delete(names, at, at+1)
		} else if i > 0 {
			continue
		}
		chosen = append(chosen, s)
	}
	if len(names) > 0 {
		return nil, fmt.Errorf("no step is called %s", strings.Join(names, " or "))
	}
	return chosen, nil
}

// writeResults writes the results so far beside their place and renames them.
func writeResults(path string, results []result) error {
	data, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", append(data, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
