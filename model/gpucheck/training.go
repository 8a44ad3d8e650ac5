package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"harness/model/engine"
	"harness/model/engine/xla"
)

// measured is a training step of one size on one engine.
type measured struct {
	Batch     int     `json:"batch"`
	Compile   float64 `json:"compile_s"` // with all others beside it
	Load      float64 `json:"load_s"`    // of what was compiled then, from the disk; 0 if it was compiled again
	Source    string  `json:"source"`
	Step      float64 `json:"step_s"` // median
	Loss      float64 `json:"loss"`
	Needs     int64   `json:"needs_bytes,omitempty"` // as the compiler says
	Peak      int64   `json:"peak_bytes,omitempty"`  // of the device; absent where it does not say
	TFLOP     float64 `json:"tflop"`                 // of the model, a step; what is computed again is not counted
	Executed  float64 `json:"executed_tflop"`        // of all matrix products that run
	MFU       float64 `json:"mfu,omitempty"`         // of the device's bfloat16 peak; absent where that is not known
	Device    string  `json:"device"`
	Precision string  `json:"precision"`

	Kernels []kernel `json:"kernels,omitempty"` // of a step, the longest first
}

// kernel is what a step spends on all runs of one kernel or copy.
type kernel struct {
	Name  string  `json:"name"`
	Count int     `json:"count"`
	Time  float64 `json:"ms"`
}

// peer is what peer.py prints.
type peer struct {
	Torch     string  `json:"torch"`
	Device    string  `json:"device"`
	Compile   float64 `json:"compile_s"`
	Step      float64 `json:"step_s"`
	Loss      float64 `json:"loss"`
	Recompute bool    `json:"recompute"` // it ran out of memory and recomputes its blocks
	Peak      *int64  `json:"peak_bytes"`
	MFU       float64 `json:"mfu,omitempty"`
}

// beside are the two of one batch size.
type beside struct {
	Harness *measured `json:"harness,omitempty"`
	PyTorch *peer     `json:"pytorch,omitempty"`
	Ratio   float64   `json:"pytorch_over_harness,omitempty"` // of the steps
	Error   string    `json:"error,omitempty"`
}

func firstStage(ctx context.Context, b *bench) (any, error)  { return b.trainStage(ctx, 1) }
func secondStage(ctx context.Context, b *bench) (any, error) { return b.trainStage(ctx, 2) }

// batches are the batch sizes to measure, in the order in which they matter.
func (b *bench) batches() []int {
	if b.small {
		return []int{4, 1}
	}
	return []int{32, 4, 1}
}

// compiling starts to compile the steps of both stages beside the first checks: a minute of processors for each, which the measurements
// then load from the disk. What fails there fails again, and is said, where it is measured.
func compiling(ctx context.Context, b *bench) (any, error) {
	b.compiled = make(chan struct{})
	var all sync.WaitGroup
	for _, stage := range []int{2, 1} {
		for _, batch := range b.batches() {
			all.Go(func() {
				if m, err := b.ownSteps(ctx, stage, batch, "-prepare"); err == nil {
					b.compileSeconds.Store([2]int{stage, batch}, m.Compile)
				}
			})
		}
	}
	go func() {
		all.Wait()
		close(b.compiled)
	}()
	return nil, nil
}

// awaitCompiled waits for what compiling has started, if it was one of the chosen steps.
func (b *bench) awaitCompiled(ctx context.Context) error {
	if b.compiled == nil {
		return nil
	}
	select {
	case <-b.compiled:
		return nil
	case <-ctx.Done():
		return errors.New("the steps are still being compiled")
	}
}

// trainStage measures one stage at all batch sizes, PyTorch before the harness; one that fails does not keep the others from running.
func (b *bench) trainStage(ctx context.Context, stage int) ([]beside, error) {
	size, err := sizesOf(b.small)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(b.work, "sizes.json")
	data, err := json.Marshal(size)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		return nil, err
	}
	all, errs := make([]beside, len(b.batches())), make([]error, len(b.batches()))
	for i, batch := range b.batches() { // while ours are still being compiled, which needs no GPU
		all[i].PyTorch, errs[i] = b.peerSteps(ctx, stage, batch, file)
	}
	if err := b.awaitCompiled(ctx); err != nil {
		return all, err
	}
	var failures []string
	for i, batch := range b.batches() {
		pair := &all[i]
		pair.Harness, err = b.ownSteps(ctx, stage, batch)
		if err = errors.Join(errs[i], err); err != nil {
			pair.Error = strings.Join(strings.Fields(err.Error()), " ")
			failures = append(failures, fmt.Sprintf("batch %d: %s", batch, pair.Error))
			continue
		}
		pair.Ratio = pair.PyTorch.Step / pair.Harness.Step
		if peak := peakOf(pair.Harness.Device); peak > 0 {
			pair.PyTorch.MFU = pair.Harness.TFLOP * 1e12 / pair.PyTorch.Step / peak
		}
	}
	if failures != nil {
		return all, fmt.Errorf("%s", strings.Join(failures, "; "))
	}
	return all, nil
}

// trainer is the process that compiles and measures one step, so that a crash or memory that is short ends nothing else.
func (b *bench) trainer(stage, batch int, more ...string) command {
	return command{name: filepath.Join(b.bundle, "gpucheck"), args: append([]string{"train", "-plugin", b.plugin, "-stage", strconv.Itoa(stage),
		"-batch", strconv.Itoa(batch), "-cache", filepath.Join(b.work, "compiled"), "-small=" + strconv.FormatBool(b.small)}, more...)}
}

func (b *bench) ownSteps(ctx context.Context, stage, batch int, more ...string) (*measured, error) {
	o, err := b.trainer(stage, batch, more...).succeed(ctx)
	if err != nil {
		return nil, err
	}
	var m measured
	if err := json.Unmarshal([]byte(o.stdout), &m); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if before, ok := b.compileSeconds.Load([2]int{stage, batch}); ok && m.Source == string(xla.FromDisk) {
		m.Load, m.Compile = m.Compile, before.(float64)
	}
	return &m, nil
}

func (b *bench) peerSteps(ctx context.Context, stage, batch int, sizes string) (*peer, error) {
	o, err := command{name: b.python, args: []string{filepath.Join(b.bundle, "peer.py"), strconv.Itoa(stage), strconv.Itoa(batch), sizes}}.succeed(ctx)
	if err != nil {
		return nil, err
	}
	var p peer
	if err := json.Unmarshal([]byte(o.stdout), &p); err != nil {
		return nil, fmt.Errorf("peer.py: %w", err)
	}
	return &p, nil
}

// train is the process that measures: it prints one line of JSON.
func train(args []string) error {
	flags := flag.NewFlagSet("train", flag.ContinueOnError)
	plugin := flags.String("plugin", "", "path of the plugin")
	stages := flags.String("stage", "2", "1 or 2; 12: one after the other, of which the second is said")
	batch := flags.Int("batch", 1, "images or pairs of a step")
	count := flags.Int("steps", 10, "timed steps")
	prepare := flags.Bool("prepare", false, "compile the step, and do not run it")
	cache := flags.String("cache", "", "folder of compiled programs")
	small := flags.Bool("small", false, "small sizes")
	ahead := flags.Int("ahead", 0, "bytes of a step's inputs from which on they are copied ahead; 0: as in a trial")
	record := flags.String("profile", "", "file for a profile of two more steps, as TensorBoard reads it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if !slices.Contains([]string{"1", "2", "12"}, *stages) {
		return fmt.Errorf("-stage %s: want 1, 2 or 12", *stages)
	}
	size, err := sizesOf(*small)
	if err != nil {
		return err
	}
	gpu, err := xla.GPUOf(os.Getenv, !*prepare) // a trial takes memory at once, too
	if err != nil {
		return err
	}
	e, err := xla.OpenWith("xla:"+*plugin, xla.Options{BF16: true, Cache: *cache, GPU: gpu, Sizes: xla.Sizes{Preload: *ahead}})
	if err != nil {
		return err
	}
	var m measured
	for _, stage := range *stages {
		work := size.secondStage()
		if stage == '1' {
			work = size.firstStage()
		}
		if *prepare {
			_, program, in := work.step(*batch)
			compiled, err := xla.Probe(e, work.params, xla.ForStep, program, in)
			if err != nil {
				return err
			}
			m = known(compiled)
		} else if m, err = trained(e, work, *batch, *count, *record); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(m)
}

// trained measures steps of one stage; a profile of two more goes to the file, if one is named.
func trained(e engine.Engine, work workload, batch, count int, record string) (measured, error) {
	key, program, in := work.step(batch)
	session, err := e.New(work.params)
	if err != nil {
		return measured{}, err
	}
	defer session.Close()
	compiled, err := session.(xla.Programs).Prepare(xla.ForStep, key, program, in)
	if err != nil {
		return measured{}, err
	}
	m := known(compiled)
	m.Batch = batch
	if m.TFLOP, err = work.tflop(batch); err != nil {
		return m, err
	}
	if m.Step, m.Loss, err = measure(session, key, program, in, count); err != nil {
		return m, err
	}
	m.Device, m.Precision = e.Device(), "bf16"
	if peak := peakOf(m.Device); peak > 0 {
		m.MFU = m.TFLOP * 1e12 / m.Step / peak
	}
	if _, peak, _, ok := e.(xla.DeviceMemory).Memory(); ok && peak > 0 {
		m.Peak = peak
	}
	if record != "" {
		if m.Kernels, err = profile(e, session, key, program, in, record); err != nil {
			fmt.Fprintln(os.Stderr, err) // the step was measured before
		}
	}
	return m, nil
}

// profile records two steps into a file and lists the kernels of one.
func profile(e engine.Engine, session engine.Session, key string, program engine.Program, in engine.Inputs, file string) ([]kernel, error) {
	const steps = 2
	found, raw, err := xla.Profile(e, func() error {
		for range steps {
			if _, err := session.Step(key, program, in, 1e-4, adam); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var kernels []kernel
	for _, k := range found {
		kernels = append(kernels, kernel{k.Name, k.Count / steps, k.Time.Seconds() * 1e3 / steps})
	}
	return kernels, os.WriteFile(file, raw, 0o644)
}

// known is what the compiler says of a step.
func known(c xla.Compiled) measured {
	m := measured{Compile: (c.Trace + c.Compile).Seconds(), Source: string(c.Source), Executed: c.FLOPs / 1e12}
	if c.Memory != nil {
		m.Needs = c.Memory.Total()
	}
	return m
}

var adam = engine.AdamW{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decay: 0.01, MaxGradNorm: 1}

// measure times steps, after three that warm up: the median, and the loss of the last. As in a stage, the inputs of the next step are copied
// to the device while one computes.
func measure(session engine.Session, key string, program engine.Program, in engine.Inputs, count int) (median, loss float64, err error) {
	var times []float64
	batches := [2]engine.Inputs{in, copied(in)}
	for i := range 3 + count {
		start := time.Now()
		ahead := make(chan error)
		go func() { ahead <- session.(engine.Preloader).Preload(batches[(i+1)%2]) }()
		r, err := session.Step(key, program, batches[i%2], 1e-4, adam)
		if err = errors.Join(err, <-ahead); err != nil {
			return 0, 0, err
		}
		if loss = r.Loss; i >= 3 {
			times = append(times, time.Since(start).Seconds())
		}
	}
	slices.Sort(times)
	return times[len(times)/2], loss, nil
}

// copied are the same inputs elsewhere in memory.
func copied(in engine.Inputs) engine.Inputs {
	out := engine.Inputs{}
	for name, t := range in {
		out[name] = engine.Tensor{Shape: t.Shape, F32: slices.Clone(t.F32), I32: slices.Clone(t.I32)}
	}
	return out
}

// peakOf is the dense bfloat16 peak of a device in operations a second, as its maker states it; 0 is not known.
func peakOf(device string) float64 {
	for _, known := range []struct {
		name string
		peak float64
	}{{"H100", 989e12}, {"H200", 989e12}, {"A100", 312e12}} {
		if strings.Contains(device, known.name) {
			return known.peak
		}
	}
	return 0
}
