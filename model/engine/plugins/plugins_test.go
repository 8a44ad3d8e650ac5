package plugins

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// made writes an empty file below dir, with the folders that it needs.
func made(t *testing.T, dir, path, text string) string {
	t.Helper()
	full := filepath.Join(dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return full
}

// paths are those of plugins, seen from dir.
func paths(t *testing.T, dir string, found []Plugin) []string {
	t.Helper()
	var list []string
	for _, p := range found {
		rel, err := filepath.Rel(dir, p.Path)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, filepath.ToSlash(rel))
	}
	return list
}

const (
	cuda13 = "jax_plugins/xla_cuda13/xla_cuda_plugin.so"
	cuda12 = "jax_plugins/xla_cuda12/xla_cuda_plugin.so"
	cpu    = "fastatomstruct_xla_cpu/libpjrt_cpu.so"
)

func TestFind(t *testing.T) {
	dir := t.TempDir()
	at := func(path string) string { return filepath.Join(dir, path) }
	made(t, dir, "system/bin/python3", "")
	made(t, dir, "system/lib/python3/dist-packages/"+cpu, "")
	made(t, dir, "venv/pyvenv.cfg", "home = "+at("system/bin")+"\ninclude-system-site-packages = false\n")
	made(t, dir, "venv/bin/python3", "")
	made(t, dir, "venv/lib/python3.11/site-packages/"+cpu, "")
	made(t, dir, "venv/lib/python3.11/site-packages/fastatomstruct_xla_cpu-2026.6.23.dist-info/METADATA", "")
	made(t, dir, "venv/lib/python3.9/site-packages/"+cuda12, "")
	made(t, dir, "sees/pyvenv.cfg", "home = "+at("system/bin")+"\ninclude-system-site-packages = true\n")
	made(t, dir, "sees/lib/python3.12/site-packages/readme", "")
	made(t, dir, "user/.local/lib/python3.11/site-packages/"+cuda13, "")
	made(t, dir, "odd [1]/lib/python3.13/site-packages/"+cuda13, "")
	made(t, dir, "empty/bin/readme", "")
	made(t, dir, "pyenv/shims/python3", "#!/bin/sh\n")
	made(t, dir, "pyenv/version", "3.11.9\n")
	made(t, dir, "pyenv/versions/3.11.9/lib/python3.11/site-packages/"+cpu, "")
	made(t, dir, "pyenv/versions/3.12.1/lib/python3.12/site-packages/"+cpu, "")
	if err := os.MkdirAll(at("links"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(at("system/bin/python3"), at("links/python")); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		search Search
		want   []string
	}{
		"nothing":                  {Search{}, nil},
		"no Python among programs": {Search{Programs: []string{at("empty/bin"), at("none")}}, nil},
		"a system's Python":        {Search{Programs: []string{at("system/bin")}}, []string{"system/lib/python3/dist-packages/" + cpu}},
		"a link to it":             {Search{Programs: []string{at("links")}}, []string{"system/lib/python3/dist-packages/" + cpu}},
		"pyenv": {Search{Programs: []string{at("pyenv/shims")}}, []string{
			"pyenv/versions/3.11.9/lib/python3.11/site-packages/" + cpu, "pyenv/versions/3.12.1/lib/python3.12/site-packages/" + cpu}},
		"an environment":              {Search{Environments: []string{at("venv")}}, []string{"venv/lib/python3.9/site-packages/" + cuda12, "venv/lib/python3.11/site-packages/" + cpu}},
		"its program":                 {Search{Programs: []string{at("venv/bin")}}, []string{"venv/lib/python3.9/site-packages/" + cuda12, "venv/lib/python3.11/site-packages/" + cpu}},
		"one that sees the system's":  {Search{Environments: []string{at("sees")}}, []string{"system/lib/python3/dist-packages/" + cpu}},
		"the user's":                  {Search{Home: at("user")}, []string{"user/.local/lib/python3.11/site-packages/" + cuda13}},
		"a folder that is no pattern": {Search{Environments: []string{at("odd [1]")}}, []string{"odd [1]/lib/python3.13/site-packages/" + cuda13}},
		"GPUs first, newest first": {Search{Environments: []string{at("venv")}, Programs: []string{at("system/bin")}, Home: at("user")}, []string{
			"user/.local/lib/python3.11/site-packages/" + cuda13, "venv/lib/python3.9/site-packages/" + cuda12,
			"venv/lib/python3.11/site-packages/" + cpu, "system/lib/python3/dist-packages/" + cpu}},
	} {
		found, looked := c.search.Find()
		if got := paths(t, dir, found); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q (looked into %q)", name, got, c.want, looked)
		}
	}
	found, _ := Search{Environments: []string{at("venv")}}.Find()
	if p := found[1]; p.Package != "fastatomstruct-xla-cpu" || p.Version != "2026.6.23" || p.GPU || At(p.Path) != p {
		t.Errorf("%+v, by its path %+v", p, At(p.Path))
	}
	if !found[0].GPU || found[0].Version != "" || !At("/x/my_cuda.so").GPU || At("/x/cuda/plugin.so").GPU {
		t.Errorf("%+v", found[0])
	}
}

func TestVisible(t *testing.T) {
	gpu, cpu := Plugin{Path: "/x/xla_cuda_plugin.so", GPU: true}, Plugin{Path: "/x/libpjrt_cpu.so"}
	for _, c := range []struct {
		gpus GPUs
		want string
	}{
		{GPUs{Set: true}, "no GPU is visible: CUDA_VISIBLE_DEVICES is empty"},
		{GPUs{Set: true, Devices: " "}, "no GPU is visible: CUDA_VISIBLE_DEVICES is empty"},
		{GPUs{Set: true, Devices: "-1"}, "no GPU is visible: CUDA_VISIBLE_DEVICES is -1"},
		{GPUs{Set: true, Devices: "-1,0"}, "no GPU is visible: CUDA_VISIBLE_DEVICES is -1,0"},
	} {
		if err := c.gpus.Visible(gpu); err == nil || err.Error() != c.want {
			t.Errorf("%+v: %v, want %s", c.gpus, err, c.want)
		}
		if err := c.gpus.Visible(cpu); err != nil {
			t.Errorf("%+v: %v of a plugin for the CPU", c.gpus, err)
		}
	}
	if err := (GPUs{Set: true, Devices: "0"}).Visible(gpu); err != nil && !strings.Contains(err.Error(), "no NVIDIA driver") {
		t.Error(err)
	}
}
