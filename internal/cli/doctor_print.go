package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"harness/internal/escape"
	"harness/model"
)

// write prints the diagnosis for people: a line for each thing, with what is missing.
func (d diagnosis) write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(label, text string) { fmt.Fprintf(t, "%s\t%s\n", label, escape.Line(text)) }
	label := func(i int, text string) string {
		if i > 0 {
			return ""
		}
		return text
	}
	for i, e := range d.Engines {
		row(label(i, "engines"), e.Name+": "+e.text())
	}
	for i, p := range d.Plugins {
		row(label(i, "plugins"), p.Path+": "+p.text())
	}
	for i, folder := range d.Looked {
		row(label(i, "looked into"), folder)
	}
	python := strings.Join(d.Pythons, ", ")
	if python == "" {
		python = "none on $PATH"
	}
	row("python", python)
	row("home", d.Home.Path+": "+d.Home.text())
	row("cpu", fmt.Sprintf("%s, %s, %s of memory", d.Machine.CPU, counted(d.Machine.Cores, "core"), model.Bytes(d.Machine.Memory)))
	row("gpu", d.Machine.gpu())
	for _, line := range d.Machine.gpuLines() {
		row("", line)
	}
	return t.Flush()
}

func (e engineState) text() string {
	if !e.Ready {
		return "missing: " + e.Missing
	}
	var parts []string
	if e.Kernels != "" {
		parts = append(parts, e.Kernels+" kernels")
	}
	if e.Library != "" {
		parts = append(parts, e.Library)
	}
	if e.GFLOPSOne > 0 {
		parts = append(parts, fmt.Sprintf("%.0f GFLOP/s on one thread, %.0f on all", e.GFLOPSOne, e.GFLOPS))
	} else if e.GFLOPS > 0 {
		parts = append(parts, fmt.Sprintf("%.0f GFLOP/s", e.GFLOPS))
	}
	if e.BF16 == "" {
		parts = append(parts, "precision float32 or bf16")
	} else {
		parts = append(parts, "precision float32 (bf16: "+e.BF16+")")
	}
	return strings.Join(parts, "; ")
}

func (p pluginState) text() string {
	var parts []string
	if p.Package != "" {
		parts = append(parts, strings.TrimSpace(p.Package+" "+p.Version))
	}
	if p.Missing != "" {
		return strings.Join(append(parts, "missing: "+p.Missing), "; ")
	}
	device := p.Platform + ": " + p.Device
	if p.Memory > 0 {
		device += ", " + model.Bytes(p.Memory) + " of memory"
	}
	return strings.Join(append(parts, device, fmt.Sprintf("%.0f GFLOP/s", p.GFLOPS)), "; ")
}

func (h homeState) text() string {
	if h.Missing != "" {
		return "missing: " + h.Missing
	}
	var parts []string
	if !h.Exists {
		parts = append(parts, "not there yet")
	}
	if h.FileSystem != "" {
		parts = append(parts, h.FileSystem)
	}
	return strings.Join(append(parts, model.Bytes(int64(h.Free))+" free"), "; ")
}

func (m machineState) gpu() string {
	parts := []string{"none"}
	if m.GPU != "" {
		parts[0] = m.GPU
	}
	if m.Driver != "" {
		parts = append(parts, "driver "+m.Driver)
	}
	if m.Visible != nil {
		parts = append(parts, fmt.Sprintf("CUDA_VISIBLE_DEVICES is %q", *m.Visible))
	}
	return strings.Join(parts, "; ")
}
