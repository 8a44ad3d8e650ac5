package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"harness/internal/jsonfloat"
)

// trial is what "harness ls --json" and "harness show --json" say of one.
type trial struct {
	ID      string                     `json:"id"`
	State   string                     `json:"state"`
	Label   string                     `json:"label"`
	Metrics map[string]jsonfloat.Float `json:"metrics"`
	Started time.Time                  `json:"started"`
	Ended   time.Time                  `json:"ended"`
	History []attempt                  `json:"history"` // of show alone
}

// attempt is one of a trial's attempts; class says why it failed.
type attempt struct {
	State string `json:"state"`
	Class string `json:"class"`
	Error string `json:"error"`
}

// experiment writes an experiment file of the smallest trials into the folder of the bench.
func (b *bench) experiment(name, settings string, seeds int) (string, error) {
	list := "0"
	for i := 1; i < seeds; i++ {
		list += fmt.Sprintf(", %d", i)
	}
	text := fmt.Sprintf("version: 1\nname: %s\nbase: {preset: smoke%s}\nseeds: [%s]\nmetrics:\n  caref/acc50: {label: \"CAREF Acc@0.5\"}\n"+
		"  diffvqa/bleu4: {label: BLEU-4}\nrun: {retries: 20, retry_on: [oom, killed]}\n", name, settings, list)
	path := filepath.Join(b.work, name+".yaml")
	return path, os.WriteFile(path, []byte(text), 0o644)
}

// sweep is the command that sweeps an experiment on the plugin.
func (b *bench) sweep(home, file string, args ...string) command {
	return b.harness(append([]string{"sweep", file, "--home", filepath.Join(b.work, home), "--engine", "xla:" + b.plugin, "--quiet"}, args...)...)
}

// trials are those of a home.
func (b *bench) trials(ctx context.Context, home string) ([]trial, error) {
	o, err := b.harness("ls", "--json", "--home", filepath.Join(b.work, home)).succeed(ctx)
	if err != nil {
		return nil, err
	}
	var list []trial
	if err := json.Unmarshal([]byte(o.stdout), &list); err != nil {
		return nil, fmt.Errorf("ls: %w", err)
	}
	if len(list) == 0 {
		return nil, errors.New("ls: no trial")
	}
	return list, nil
}

// show is one trial with its attempts.
func (b *bench) show(ctx context.Context, home, id string) (trial, error) {
	o, err := b.harness("show", id, "--json", "--home", filepath.Join(b.work, home)).succeed(ctx)
	if err != nil {
		return trial{}, err
	}
	var t trial
	if err := json.Unmarshal([]byte(o.stdout), &t); err != nil {
		return trial{}, fmt.Errorf("show: %w", err)
	}
	return t, nil
}

// rerun runs a trial again and says whether all numbers have the same bits.
func (b *bench) rerun(ctx context.Context, home, id string) (same bool, text string, err error) {
	const disagreed = 4
	o, err := b.harness("trial", "rerun", id, "--home", filepath.Join(b.work, home), "--engine", "xla:"+b.plugin, "--quiet").run(ctx)
	switch {
	case err != nil:
		return false, "", err
	case o.code != 0 && o.code != disagreed:
		return false, "", fmt.Errorf("trial rerun: exit status %d: %s", o.code, o.last())
	}
	return o.code == 0, o.stdout, nil
}

// smoke sweeps the smallest trials on the device, compares their losses with native's, sweeps once more in an empty home to see what the
// cache of executables saves, and runs a trial again.
func smoke(ctx context.Context, b *bench) (any, error) {
	file, err := b.experiment("smoke-gpu", "", 1)
	if err != nil {
		return nil, err
	}
	found := map[string]any{}
	start := time.Now()
	if _, err := b.sweep("smoke", file).succeed(ctx); err != nil {
		return found, err
	}
	found["sweep_s"] = time.Since(start).Seconds()
	native := b.harness("sweep", file, "--home", filepath.Join(b.work, "native"), "--quiet")
	if _, err := native.succeed(ctx); err != nil {
		return found, err
	}
	own, err := b.trials(ctx, "smoke")
	if err != nil {
		return found, err
	}
	reference, err := b.trials(ctx, "native")
	if err != nil {
		return found, err
	}
	apart, err := lossesApart(own, reference)
	found["losses_apart_from_native"] = apart
	if err != nil {
		return found, err
	}
	start = time.Now()
	same, text, err := b.rerun(ctx, "smoke", own[0].ID)
	found["rerun_s"], found["rerun_same_bits"] = time.Since(start).Seconds(), same
	if err == nil && !same {
		err = fmt.Errorf("the rerun disagreed: %s", strings.Join(strings.Fields(text), " "))
	}
	return found, err
}

// lossesApart is the largest relative difference of the losses that trials of one label recorded.
func lossesApart(own, reference []trial) (float64, error) {
	worst, compared := 0.0, 0
	for _, t := range own {
		at := slices.IndexFunc(reference, func(r trial) bool { return r.Label == t.Label })
		if at < 0 || t.State != "done" {
			return worst, fmt.Errorf("trial %s is %s", t.Label, t.State)
		}
		for name, want := range reference[at].Metrics {
			if !strings.HasSuffix(name, "/loss") {
				continue
			}
			got, ok := t.Metrics[name]
			if !ok {
				return worst, fmt.Errorf("trial %s has no %s", t.Label, name)
			}
			worst = max(worst, math.Abs(float64(got-want)/float64(want)))
			compared++
		}
	}
	switch {
	case compared == 0:
		return worst, errors.New("no loss was compared")
	case !(worst <= 1e-3):
		return worst, fmt.Errorf("losses are up to %.2g apart from native's", worst)
	}
	return worst, nil
}

// killAndResume kills a sweep with all its processes while it trains, lets it go on, and runs the trial again from the start: all
// numbers must have the same bits.
func killAndResume(ctx context.Context, b *bench) (any, error) {
	file, err := b.experiment("kill-gpu", ", pretrain: {steps: 300}, diffvqa: {steps: 150}", 1)
	if err != nil {
		return nil, err
	}
	found := map[string]any{}
	for _, after := range []time.Duration{6 * time.Second, 9 * time.Second} {
		killing, stop := context.WithTimeout(ctx, after) // the command's process group gets SIGKILL
		_, err := b.sweep("kill", file).run(killing)
		stop()
		if err == nil {
			break // it was done before
		}
		if killing.Err() == nil || ctx.Err() != nil {
			return found, err
		}
		found["killed"] = len(found) + 1
	}
	if found["killed"] == nil {
		return found, errors.New("the sweep ended before it could be killed")
	}
	if _, err := b.sweep("kill", file).succeed(ctx); err != nil {
		return found, err
	}
	list, err := b.trials(ctx, "kill")
	if err != nil {
		return found, err
	}
	same, text, err := b.rerun(ctx, "kill", list[0].ID)
	found["same_bits_as_uninterrupted"] = same
	if err == nil && !same {
		err = fmt.Errorf("the rerun disagreed: %s", strings.Join(strings.Fields(text), " "))
	}
	return found, err
}

// twoOnOne runs two trials at a time on one device.
func twoOnOne(ctx context.Context, b *bench) (any, error) {
	file, err := b.experiment("two-gpu", ", pretrain: {steps: 100}", 2)
	if err != nil {
		return nil, err
	}
	args := []string{"--parallel", "2"}
	if b.cuda {
		args = []string{"--per-gpu", "2"}
	}
	if _, err := b.sweep("two", file, args...).succeed(ctx); err != nil {
		return nil, err
	}
	list, err := b.trials(ctx, "two")
	if err != nil {
		return nil, err
	}
	var shown []trial
	for _, t := range list {
		one, err := b.show(ctx, "two", t.ID)
		if err != nil {
			return nil, err
		}
		shown = append(shown, one)
	}
	together := longestTogether(shown)
	found := map[string]any{"trials": len(shown), "together_s": together.Seconds()}
	if together <= 0 {
		return found, errors.New("the trials ran one after the other")
	}
	return found, nil
}

// longestTogether is the longest time for which two of the trials ran at once; negative where none did.
func longestTogether(trials []trial) time.Duration {
	longest := -time.Hour
	for i, a := range trials {
		for _, b := range trials[:i] {
			from, to := a.Started, a.Ended
			if b.Started.After(from) {
				from = b.Started
			}
			if b.Ended.Before(to) {
				to = b.Ended
			}
			longest = max(longest, to.Sub(from))
		}
	}
	return longest
}

// outOfMemory fills the GPU with another program for a while: the trial fails for want of memory, is tried again, and ends well.
func outOfMemory(ctx context.Context, b *bench) (any, error) {
	if !b.cuda {
		return nil, skipped("only a GPU's memory can be filled")
	}
	file, err := b.experiment("oom-gpu", "", 1)
	if err != nil {
		return nil, err
	}
	filling, stop := context.WithCancel(ctx)
	defer stop()
	const hold = 20 // seconds
	ready := filepath.Join(b.work, "full")
	script := fmt.Sprintf("import time, torch\nfree, _ = torch.cuda.mem_get_info()\nx = []\nsize = 1 << 30\nwhile size > 1 << 16:\n"+
		"    try:\n        x.append(torch.empty(size, dtype=torch.uint8, device='cuda'))\n    except torch.OutOfMemoryError:\n        size //= 2\n"+
		"open(%q, 'w').close()\ntime.sleep(%d)\n", ready, hold)
	filled := make(chan error, 1)
	go func() {
		_, err := command{name: b.python, args: []string{"-c", script}}.succeed(filling)
		filled <- err
	}()
	for {
		if _, err := os.Stat(ready); err == nil {
			break
		}
		select {
		case err := <-filled:
			return nil, fmt.Errorf("the program that fills the memory ended: %v", err)
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	_, failed := b.sweep("oom", file).succeed(ctx)
	list, err := b.trials(ctx, "oom")
	if err != nil {
		return nil, errors.Join(failed, err)
	}
	one, err := b.show(ctx, "oom", list[0].ID)
	if err != nil {
		return nil, errors.Join(failed, err)
	}
	found := map[string]any{"attempts": one.History}
	if one.State != "done" || len(one.History) < 2 || one.History[0].Class != "oom" {
		return found, fmt.Errorf("the trial is %s after %d attempts", one.State, len(one.History))
	}
	return found, nil
}
