package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"harness/model/engine"
	"harness/model/engine/flops"
	"harness/model/engine/xla"
)

// measured is a training step of one size on one engine.
type measured struct {
	Batch     int     `json:"batch"`
	Compile   float64 `json:"compile_s"`
	Source    string  `json:"source"` // of the executable: compiler or disk
	Step      float64 `json:"step_s"` // median
	Loss      float64 `json:"loss"`
	Needs     int64   `json:"needs_bytes,omitempty"` // as the compiler says
	Peak      int64   `json:"peak_bytes,omitempty"`  // of the device; absent where it does not say
	TFLOP     float64 `json:"tflop"`                 // of the model, a step; what is computed again is not counted
	Executed  float64 `json:"executed_tflop"`        // of all matrix products that run
	MFU       float64 `json:"mfu,omitempty"`         // of the device's bfloat16 peak; absent where that is not known
	Device    string  `json:"device"`
	Precision string  `json:"precision"`
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

// trainStage measures one stage at all batch sizes, on both sides; one that fails does not keep the others from running.
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
	batches := []int{4, 32, 1}
	if b.small {
		batches = []int{1, 4}
	}
	var all []beside
	var failures []string
	for _, batch := range batches {
		pair := beside{}
		if pair.Harness, err = b.ownSteps(ctx, stage, batch); err == nil {
			pair.PyTorch, err = b.peerSteps(ctx, stage, batch, file)
		}
		if err != nil {
			pair.Error = err.Error()
			failures = append(failures, fmt.Sprintf("batch %d: %v", batch, err))
		} else {
			pair.Ratio = pair.PyTorch.Step / pair.Harness.Step
			if peak := peakOf(pair.Harness.Device); peak > 0 {
				pair.PyTorch.MFU = pair.Harness.TFLOP * 1e12 / pair.PyTorch.Step / peak
			}
		}
		all = append(all, pair)
		if ctx.Err() != nil {
			break
		}
	}
	if failures != nil {
		return all, fmt.Errorf("%s", strings.Join(failures, "; "))
	}
	return all, nil
}

// ownSteps measures in a process of its own, so that a crash or memory that is short ends nothing else.
func (b *bench) ownSteps(ctx context.Context, stage, batch int) (*measured, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	o, err := command{name: self, args: []string{"train", "-plugin", b.plugin, "-stage", strconv.Itoa(stage), "-batch", strconv.Itoa(batch),
		"-cache", filepath.Join(b.bundle, "cache"), "-small=" + strconv.FormatBool(b.small)}}.succeed(ctx)
	if err != nil {
		return nil, err
	}
	var m measured
	if err := json.Unmarshal([]byte(o.stdout), &m); err != nil {
		return nil, fmt.Errorf("train: %w", err)
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
	stage := flags.Int("stage", 2, "1 or 2")
	batch := flags.Int("batch", 1, "images or pairs of a step")
	count := flags.Int("steps", 10, "timed steps")
	cache := flags.String("cache", "", "folder of compiled programs")
	small := flags.Bool("small", false, "small sizes")
	if err := flags.Parse(args); err != nil {
		return err
	}
	size, err := sizesOf(*small)
	if err != nil {
		return err
	}
	work := size.secondStage()
	if *stage == 1 {
		work = size.firstStage()
	}
	e, err := xla.OpenWith("xla:"+*plugin, xla.Options{BF16: true, Cache: *cache})
	if err != nil {
		return err
	}
	session, err := e.New(work.params)
	if err != nil {
		return err
	}
	defer session.Close()
	m, err := measure(session, work, *batch, *count)
	if err != nil {
		return err
	}
	m.Device, m.Precision = e.Device(), "bf16"
	if peak := peakOf(m.Device); peak > 0 {
		m.MFU = m.TFLOP * 1e12 / m.Step / peak
	}
	if _, peak, _, ok := e.(xla.DeviceMemory).Memory(); ok && peak > 0 {
		m.Peak = peak
	}
	return json.NewEncoder(os.Stdout).Encode(m)
}

// measure times steps of one batch size, after two that warm up.
func measure(session engine.Session, work workload, batch, count int) (measured, error) {
	key, program, in := work.step(batch)
	counted, err := flops.New(work.params).Count(key, program, in, flops.Training)
	if err != nil {
		return measured{}, err
	}
	m := measured{Batch: batch, TFLOP: float64(counted.Total()) / 1e12}
	compiled, err := session.(xla.Programs).Prepare(xla.ForStep, key, program, in)
	if err != nil {
		return measured{}, err
	}
	m.Compile, m.Source, m.Executed = (compiled.Trace + compiled.Compile).Seconds(), string(compiled.Source), compiled.FLOPs/1e12
	if compiled.Memory != nil {
		m.Needs = compiled.Memory.Total()
	}
	adam := engine.AdamW{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decay: 0.01, MaxGradNorm: 1}
	var times []float64
	for i := range 3 + count {
		start := time.Now()
		r, err := session.Step(key, program, in, 1e-4, adam)
		if err != nil {
			return measured{}, err
		}
		took := time.Since(start).Seconds()
		if m.Loss = r.Loss; i >= 3 {
			times = append(times, took)
		}
	}
	slices.Sort(times)
	m.Step = times[len(times)/2]
	return m, nil
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
