package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"harness/model/engine/plugins"
	"harness/model/engine/xla"
	"harness/model/spec"
)

// engineUsage is the help of --engine.
const engineUsage = "native (default), go, xla, or xla:PATH with the path of a PJRT plugin (harness doctor lists them); ,bf16 behind it sets precision=bf16"

// readEngine reads the value of --engine.
func readEngine(engine string) (spec.EngineName, error) {
	name, err := spec.ParseEngine(engine)
	if err != nil {
		return spec.EngineName{}, usageError("%w", err)
	}
	return name, nil
}

// settings are what --engine says of every trial.
func settings(name spec.EngineName) []string {
	var set []string
	if name.Kind != "" {
		set = append(set, "engine="+name.Kind)
	}
	if name.Precision != "" {
		set = append(set, "precision="+string(name.Precision))
	}
	return set
}

// engineFor is the engine to run a trial on, with the plugin's path that the user gives.
func engineFor(t spec.Trial, given string) (string, error) {
	engine, err := t.EngineFor(given)
	if err != nil {
		return "", usageError("%w", err)
	}
	return engine, nil
}

// located is the value of --engine for trials, with the path of a plugin that can be loaded where one of them needs one. One that the
// user does not name is looked for, and said.
func located(log io.Writer, given string, trials []spec.Trial) (string, error) {
	if !slices.ContainsFunc(trials, func(t spec.Trial) bool { return t.Command == "" && t.Engine == spec.XLAEngine }) {
		return given, nil
	}
	name, err := readEngine(given)
	if err != nil || given != "" && name.Kind != spec.XLAEngine {
		return given, err
	}
	name.Kind = spec.XLAEngine
	if name.Plugin == "" {
		found, err := findPlugin()
		if err != nil {
			return "", err
		}
		name.Plugin = found.Path
		fmt.Fprintf(log, "engine xla: %s\n", describePlugin(found))
	} else if err := checkPlugin(plugins.At(name.Plugin)); err != nil {
		return given, err
	}
	if _, err := xla.GPUOf(os.Getenv, true); err != nil { // trials read the same variables
		return "", usageError("engine xla:%s: %w", name.Plugin, err)
	}
	return name.String(), nil
}

func describePlugin(p plugins.Plugin) string {
	if p.Package == "" {
		return p.Path
	}
	return fmt.Sprintf("%s (%s)", p.Path, strings.TrimSpace(p.Package+" "+p.Version))
}

// findPlugin is the plugin to compute with where the user names none: the first that is found. One that cannot be loaded is an error,
// since what would be taken instead may be a hundred times slower.
func findPlugin() (plugins.Plugin, error) {
	found, looked := installedPlugins()
	if len(found) == 0 {
		where := "no Python was found"
		if len(looked) > 0 {
			where = "looked into " + strings.Join(looked, ", ")
		}
		return plugins.Plugin{}, withHint(usageError("engine xla: no PJRT plugin is installed: %s", where), plugins.Install)
	}
	err := checkPlugin(found[0])
	if err == nil {
		return found[0], nil
	}
	hint := plugins.Install
	for _, other := range found[1:] {
		if checkPlugin(other) == nil {
			hint = "or compute with --engine xla:" + other.Path
			break
		}
	}
	return plugins.Plugin{}, withHint(err, cmp.Or(hintOf(err), hint))
}

// checkPlugin refuses a plugin that cannot be loaded, as far as it can be known without loading it.
func checkPlugin(p plugins.Plugin) error {
	if err := xla.Check("xla:" + p.Path); err != nil {
		return withHint(usageError("%w", err), "harness doctor lists the plugins that are there")
	}
	if err := visibility().Visible(p); err != nil {
		return usageError("engine xla:%s: %w", p.Path, err)
	}
	return nil
}

func visibility() plugins.GPUs {
	devices, set := os.LookupEnv("CUDA_VISIBLE_DEVICES")
	return plugins.GPUs{Set: set, Devices: devices}
}

// installedPlugins lists the plugin that $HARNESS_XLA_PLUGIN names, if there is one, else those that pip has installed where the environment
// leads to, and where was looked.
func installedPlugins() (found []plugins.Plugin, looked []string) {
	if path := os.Getenv("HARNESS_XLA_PLUGIN"); path != "" {
		return []plugins.Plugin{plugins.At(path)}, []string{"$HARNESS_XLA_PLUGIN"}
	}
	s := plugins.Search{Programs: filepath.SplitList(os.Getenv("PATH"))}
	for _, variable := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if prefix := os.Getenv(variable); prefix != "" {
			s.Environments = append(s.Environments, prefix)
		}
	}
	if home, err := os.UserHomeDir(); err == nil {
		s.Home = home
	}
	return s.Find()
}

// hintMissingPrecision tells what to change where an engine has no bf16.
func hintMissingPrecision(err error) error {
	if missing := (*spec.FieldError)(nil); errors.As(err, &missing) && missing.Path == "precision" {
		return withHint(err, "--set precision=float32 computes without")
	}
	return err
}
