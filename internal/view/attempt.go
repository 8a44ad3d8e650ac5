package view

import (
	"fmt"
	"harness/internal/jsonfloat"
	"harness/registry"
	"harness/registry/journal"
	"slices"
	"strings"
	"time"
)

// ReasonName is what the reason is called for which something did not come to its end.
func ReasonName(state registry.State) string {
	if state == registry.Stopped {
		return "reason"
	}
	return "error"
}

// Field is a name and its value for people.
type Field struct{ Name, Value string }

// known is a number in words, and "" for 0, which stands for one that is not known.
func known[N int | float64](format string, n N) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(format, n)
}

// Lines are the facts of an attempt that are known.
func (a Attempt) Lines() []Field {
	all := []Field{
		{"uuid", a.UUID},
		{ReasonName(a.State), a.Error},
		{"started", a.Started.Format(time.RFC3339)},
	}
	if a.Ended != nil {
		all = append(all, Field{"took", a.Ended.Sub(a.Started).Round(time.Millisecond).String()})
	}
	if a.Ended != nil && !a.Imported {
		all = append(all, Field{"exit", strings.TrimSpace(fmt.Sprintf("%d %s", a.ExitCode, a.Signal))},
			Field{"cpu time", known("%.2f s", a.CPUSeconds)},
			Field{"peak memory", known("%.1f MiB", float64(a.PeakMemory)/(1<<20))})
	}
	all = append(all, a.Resources.Facts()...)
	all = append(all, a.Provenance()...)
	return slices.DeleteFunc(all, func(f Field) bool { return f.Value == "" })
}

// Provenance says what code ran on what.
func (a Attempt) Provenance() []Field {
	return []Field{
		{"engine", a.Engine}, {"threads", known("%d", a.Threads)}, {"commit", a.Commit}, {"uncommitted", a.DiffHash},
		{"harness", a.Harness}, {"binary", a.BinaryHash}, {"go", a.GoVersion}, {"host", a.Host}, {"cpu", a.CPU},
		{"cores", known("%d", a.Cores)}, {"gpu", a.GPU}, {"driver", a.Driver}, {"data", a.DataHash},
		{"working folder", a.Dir}, {"code", a.Code}, {"kernels", a.Kernels},
	}
}

// Attempt is one try of a trial, with its provenance and its own numbers. Counts tells whether they are the trial's.
type Attempt struct {
	Number     int            `json:"number"`
	UUID       string         `json:"uuid,omitempty"`
	Purpose    string         `json:"purpose"`
	State      registry.State `json:"state"`
	Class      journal.Class  `json:"class,omitempty"`
	Counts     bool           `json:"counts"`
	Error      string         `json:"error,omitempty"`
	Started    time.Time      `json:"started"`
	Ended      *time.Time     `json:"ended,omitempty"`
	ExitCode   int            `json:"exit_code"`
	Signal     string         `json:"signal,omitempty"`
	PeakMemory int64          `json:"peak_memory,omitzero"` // 0 = not known
	CPUSeconds float64        `json:"cpu_seconds,omitzero"` // 0 = not known
	Engine     string         `json:"engine,omitempty"`
	Threads    int            `json:"threads"`
	Commit     string         `json:"commit,omitempty"`
	DiffHash   string         `json:"diff_hash,omitempty"`
	Harness    string         `json:"harness,omitempty"`
	BinaryHash string         `json:"binary_hash,omitempty"`
	GoVersion  string         `json:"go_version,omitempty"`
	Host       string         `json:"host,omitempty"`
	CPU        string         `json:"cpu,omitempty"`
	Cores      int            `json:"cores,omitempty"`
	GPU        string         `json:"gpu,omitempty"`
	Driver     string         `json:"driver,omitempty"`
	DataHash   string         `json:"data_hash,omitempty"`
	Dir        string         `json:"dir,omitempty"`
	Code       string         `json:"code,omitempty"`
	Kernels    string         `json:"kernels,omitempty"`

	Metrics   map[string]jsonfloat.Float `json:"metrics"`
	Resources *Resources                 `json:"resources,omitempty"` // what it used over time
	Imported  bool                       `json:"imported,omitzero"`   // made elsewhere: its process is not known
}

// NewAttempt is an attempt without its numbers and what it used.
func NewAttempt(a registry.Attempt) Attempt {
	shown := Attempt{
		Number: a.Number, UUID: a.UUID, Purpose: string(a.Purpose), State: a.State, Class: a.Class, Error: a.Error, Started: a.Started,
		ExitCode: a.ExitCode, Signal: a.Signal, PeakMemory: a.PeakMemory, CPUSeconds: a.CPUSeconds,
		Engine: a.Engine, Threads: a.Threads, Commit: a.Commit, DiffHash: a.DiffHash, Harness: a.Harness,
		BinaryHash: a.BinaryHash, GoVersion: a.GoVersion, Host: a.Host, CPU: a.CPU, Cores: a.Cores, GPU: a.GPU,
		Driver: a.Driver, DataHash: a.DataHash, Dir: a.Dir, Code: a.Code, Kernels: a.Kernels, Metrics: map[string]jsonfloat.Float{},
	}
	if !a.Ended.IsZero() {
		shown.Ended = &a.Ended
	}
	return shown
}
