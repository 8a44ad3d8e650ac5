package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// findPlugin asks the harness what it finds here.
func findPlugin(ctx context.Context, b *bench) (any, error) {
	name := "xla"
	if b.plugin != "" {
		name = "xla:" + b.plugin
	}
	o, err := b.harness("doctor", "--json", "--engine", name).succeed(ctx)
	if err != nil {
		return nil, err
	}
	var report struct {
		Plugins []struct {
			Path    string `json:"path"`
			Missing string `json:"missing"`
		} `json:"plugins"`
	}
	if err := json.Unmarshal([]byte(o.stdout), &report); err != nil {
		return nil, fmt.Errorf("doctor: %w", err)
	}
	for _, p := range report.Plugins {
		if p.Missing == "" && (b.plugin == "" || p.Path == b.plugin) {
			b.plugin, b.cuda = p.Path, strings.Contains(p.Path, "cuda")
			b.small = b.small || !b.cuda
			return json.RawMessage(o.stdout), nil
		}
	}
	return json.RawMessage(o.stdout), fmt.Errorf("doctor names no plugin that works")
}

// harness is a command of the harness in the bundle.
func (b *bench) harness(args ...string) command {
	return command{name: filepath.Join(b.bundle, "harness"), args: args}
}

func parityFloat32(ctx context.Context, b *bench) (any, error) {
	return b.engineTests(ctx, "^(TestEngine|TestNativeParity|TestDecoding)$")
}

func parityBF16(ctx context.Context, b *bench) (any, error) {
	return b.engineTests(ctx, "^TestBF16.*$")
}

// engineTests runs tests of package xla on the plugin and returns how many passed.
func (b *bench) engineTests(ctx context.Context, which string) (any, error) {
	c := command{name: filepath.Join(b.bundle, "xla.test"), args: []string{"-test.run", which, "-test.v", "-test.short"},
		environment: []string{"HARNESS_XLA_PLUGIN=" + b.plugin, "HARNESS_REFERENCE=" + filepath.Join(b.bundle, "reference")}}
	o, err := c.run(ctx)
	passed, failed := verdicts(o.stdout)
	found := map[string]any{"passed": passed, "failed": failed, "complaints": complaints(o.stdout)}
	switch {
	case err != nil:
		return found, err
	case o.code != 0:
		return found, fmt.Errorf("%d tests failed: %s", len(failed), strings.Join(complaints(o.stdout), "; "))
	case passed == 0:
		return found, fmt.Errorf("no test ran")
	}
	return found, nil
}

var verdict = regexp.MustCompile(`(?m)^\s*--- (PASS|FAIL): (\S+)`)

// verdicts counts the tests that passed and names those that failed.
func verdicts(text string) (passed int, failed []string) {
	failed = []string{}
	for _, m := range verdict.FindAllStringSubmatch(text, -1) {
		if m[1] == "PASS" {
			passed++
		} else {
			failed = append(failed, m[2])
		}
	}
	return passed, failed
}

// complaints are the first lines in which tests say what is wrong.
func complaints(text string) []string {
	const most = 8
	lines := []string{}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); strings.Contains(line, "_test.go:") && len(lines) < most {
			lines = append(lines, line)
		}
	}
	return lines
}
