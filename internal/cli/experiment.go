package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"harness/experiments"
	"harness/model/spec"
	"harness/registry"
	"harness/sweeps"
)

// experimentOptions are the flags by which an experiment is changed.
type experimentOptions struct {
	preset string
	set    []string
}

func (o *experimentOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.preset, "preset", "", "run the experiment at another size: smoke, nano, tiny, small or paper")
	cmd.Flags().StringArrayVar(&o.set, "set", nil, "set a field of every trial, such as pretrain.steps=100; may be repeated")
}

// loadExperiment reads a built-in experiment or a file and expands it.
func loadExperiment(name string, o experimentOptions) (*sweeps.Sweep, []sweeps.Trial, error) {
	file, data, err := readExperiment(name)
	if err != nil {
		return nil, nil, err
	}
	s, err := sweeps.Parse(file, data)
	if err != nil {
		return nil, nil, usageError("%w", err)
	}
	if err := s.Override(spec.Preset(o.preset), o.set); err != nil {
		return nil, nil, usageError("%w", err)
	}
	trials, err := s.Expand()
	if err != nil {
		return nil, nil, usageError("%w", err)
	}
	return s, trials, nil
}

// readExperiment finds an experiment by its name, else by its path.
func readExperiment(name string) (file string, data []byte, err error) {
	full, unknown := experiments.Find(name)
	if unknown == nil {
		data, err = experiments.Read(full)
		return full + ".yaml", data, err
	}
	data, err = os.ReadFile(name)
	switch {
	case err == nil:
		return name, data, nil
	case errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(name, "./"):
		return "", nil, usageError("%w", unknown)
	}
	err = usageError("read experiment: %w", err)
	if full, unknown := experiments.Find(strings.TrimSuffix(name, ".yaml")); unknown == nil {
		err = withHint(err, fmt.Sprintf("the built-in experiment is called %s, without .yaml", full))
	}
	return "", nil, err
}

// plan is what the registry is told of the trials.
func plan(trials []sweeps.Trial) ([]registry.Member, error) {
	planned := make([]registry.Member, len(trials))
	for i, t := range trials {
		params, err := json.Marshal(orderedParams(t.Params))
		if err != nil {
			return nil, fmt.Errorf("plan %s: %w", t.Label, err)
		}
		planned[i] = registry.Member{ID: t.ID, Spec: t.Spec, Label: t.Label, Row: t.Row, Control: t.Control, Seed: t.Seed, Params: params}
	}
	return planned, nil
}

// printPlan lists the trials of an experiment.
func printPlan(w io.Writer, s *sweeps.Sweep, trials []sweeps.Trial, asJSON bool) error {
	if asJSON {
		type planned struct {
			ID      string          `json:"id"`
			Label   string          `json:"label"`
			Params  json.RawMessage `json:"params"`
			Row     string          `json:"row"`
			Seed    int64           `json:"seed"`
			Control string          `json:"control,omitempty"`
		}
		list := make([]planned, len(trials))
		registered, err := plan(trials)
		if err != nil {
			return err
		}
		for i, t := range trials {
			list[i] = planned{t.ID, t.Label, registered[i].Params, t.Row, t.Seed, t.Control}
		}
		return printJSON(w, list)
	}
	for _, t := range trials {
		fmt.Fprintf(w, "%s  %s\n", t.ID[:8], t.Label)
	}
	fmt.Fprintf(w, "%d trials\n", len(trials))
	return nil
}

// orderedParams is a JSON object whose keys stay in their order.
type orderedParams []sweeps.Param

// MarshalJSON writes the object.
func (p orderedParams) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, param := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(param.Path)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		value, err := json.Marshal(param.Value)
		if err != nil {
			return nil, err
		}
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
