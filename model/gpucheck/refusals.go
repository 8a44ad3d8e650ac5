package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// refusals checks that each mistake is one line and exit code 2 before anything is planned.
func refusals(ctx context.Context, b *bench) (any, error) {
	file, err := b.experiment("refused", "", 1)
	if err != nil {
		return nil, err
	}
	text := filepath.Join(b.work, "plugin.so")
	if err := os.WriteFile(text, []byte("no library\n"), 0o644); err != nil {
		return nil, err
	}
	home := filepath.Join(b.work, "refused")
	cases := []struct {
		name        string
		engine      string
		environment []string
		cuda        bool // only with a GPU's plugin
	}{
		{"no such file", "xla:" + filepath.Join(b.work, "missing.so"), nil, false},
		{"not a library", "xla:" + text, nil, false},
		{"not a plugin", "xla:" + filepath.Join(b.bundle, "harness"), nil, false},
		{"CUDA_VISIBLE_DEVICES is empty", "xla:" + b.plugin, []string{"CUDA_VISIBLE_DEVICES="}, true},
		{"CUDA_VISIBLE_DEVICES is -1", "xla:" + b.plugin, []string{"CUDA_VISIBLE_DEVICES=-1"}, true},
	}
	found := map[string]string{}
	for _, c := range cases {
		if c.cuda && !b.cuda {
			continue
		}
		o, err := command{name: filepath.Join(b.bundle, "harness"), args: []string{"sweep", file, "--home", home, "--engine", c.engine},
			environment: c.environment}.run(ctx)
		if err != nil {
			return found, err
		}
		message := strings.TrimSpace(o.stderr)
		found[c.name] = message
		lines := strings.Split(message, "\n")
		switch {
		case o.code == 0:
			return found, fmt.Errorf("%s: accepted", c.name)
		case !strings.HasPrefix(lines[0], "harness: ") || len(lines) > 2 || len(lines) == 2 && !strings.HasPrefix(lines[1], "hint: "):
			return found, fmt.Errorf("%s: not one line and a hint: %q", c.name, message)
		}
		if _, err := os.Stat(filepath.Join(home, "trials")); err == nil {
			return found, fmt.Errorf("%s: something was planned", c.name)
		}
	}
	return found, nil
}
