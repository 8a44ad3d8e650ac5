// Package plugins finds the PJRT plugins that pip has installed: the libraries by which engine xla computes.
//
//	Search   where to look: what the environment says, given by the caller
//	Find     the plugins that are there, those for GPUs first, and the folders that were looked into
//	Visible  refuses a plugin for GPUs where the environment hides every GPU
//
// No Python is run and no library is loaded: folders of packages follow from where Python's programs and virtual environments lie.
package plugins

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Plugin is a PJRT plugin on the disk.
type Plugin struct {
	Path    string // absolute
	Package string // of pip that it came with, and its version; "" where that is not known
	Version string
	GPU     bool // it computes on NVIDIA GPUs
}

// source is a package of pip that holds a plugin.
type source struct {
	name string // of the distribution
	file string // in the folder of packages
	gpu  bool
}

// sources lists what is looked for, in the order of preference.
var sources = []source{
	{"jax-cuda13-pjrt", "jax_plugins/xla_cuda13/xla_cuda_plugin.so", true},
	{"jax-cuda12-pjrt", "jax_plugins/xla_cuda12/xla_cuda_plugin.so", true},
	{"fastatomstruct-xla-cpu", "fastatomstruct_xla_cpu/libpjrt_cpu.so", false},
}

// Install says how a plugin is installed, for people.
const Install = `pip install "jax[cuda13]" for NVIDIA GPUs, pip install fastatomstruct-xla-cpu for the CPU; or name one with --engine xla:PATH`

// Search says where plugins are looked for.
type Search struct {
	Environments []string // folders of virtual environments, the active one first
	Programs     []string // folders of programs ($PATH): Pythons there say where packages lie
	Home         string   // of the user, "" for none: pip install --user
}

// Find lists the plugins, those for GPUs first, and the folders of packages that were looked into. Nothing found is no error.
func (s Search) Find() (found []Plugin, looked []string) {
	looked = s.folders()
	for _, from := range sources {
		for _, folder := range looked {
			path := filepath.Join(folder, filepath.FromSlash(from.file))
			if _, err := os.Stat(path); err != nil {
				continue
			}
			if slices.ContainsFunc(found, func(p Plugin) bool { return sameFile(p.Path, path) }) {
				continue
			}
			found = append(found, Plugin{Path: path, Package: from.name, Version: version(folder, from.name), GPU: from.gpu})
		}
	}
	return found, looked
}

// At is the plugin at a path, with the package that it came with where it lies in one.
func At(path string) Plugin {
	p := Plugin{Path: path, GPU: forGPU(path)}
	for _, from := range sources {
		if folder, ok := strings.CutSuffix(filepath.ToSlash(path), "/"+from.file); ok {
			p.Package, p.Version, p.GPU = from.name, version(filepath.FromSlash(folder), from.name), from.gpu
		}
	}
	return p
}

// forGPU reports whether a plugin that pip has not installed is one for NVIDIA GPUs, by its name.
func forGPU(path string) bool { return strings.Contains(strings.ToLower(filepath.Base(path)), "cuda") }

// version is that of an installed distribution, "" where its record is not there.
func version(folder, name string) string {
	prefix := strings.ReplaceAll(name, "-", "_") + "-"
	records, _ := filepath.Glob(filepath.Join(escaped(folder), prefix+"*.dist-info")) // the pattern is right
	if len(records) == 0 {
		return ""
	}
	slices.Sort(records)
	last := filepath.Base(records[len(records)-1])
	return strings.TrimSuffix(strings.TrimPrefix(last, prefix), ".dist-info")
}

func sameFile(a, b string) bool {
	x, errX := filepath.EvalSymlinks(a)
	y, errY := filepath.EvalSymlinks(b)
	return errX == nil && errY == nil && x == y
}
