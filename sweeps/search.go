package sweeps

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"harness/sweeps/keys"
	"harness/sweeps/search"
)

// Search says how the settings of a sweep are chosen, where it does not try them all.
type Search struct {
	Method   search.Method `json:"method"`
	Seed     int64         `json:"seed"`
	RunCap   int           `json:"run_cap"`  // how many different settings are wanted
	Settings int           `json:"settings"` // how many there are: fewer where the space has no more
}

// methods are the words for how settings are chosen.
var methods = keys.Choices("method")

// learning are methods of other tools that need results before they choose.
var learning = []string{"bayes", "bayesian", "tpe", "gp", "cmaes", "cma-es", "optuna", "hyperopt"}

// stopping are those that stop trials, which here is a key of its own.
var stopping = []string{"hyperband", "asha", "bohb", "sha", "pbt", "median"}

// method reads how settings are chosen.
func (p *parser) method(e entry) error {
	name, err := p.text(e.value, e.key)
	if err != nil {
		return err
	}
	p.methodAt = e.value
	switch lower := strings.ToLower(name); {
	case name == "grid", name == "ablation":
		return nil
	case slices.Contains(methods, name):
		p.sweep.Search.Method = search.Method(name)
		return nil
	case slices.Contains(learning, lower):
		err = p.refuse(e.value, e.key, "%q chooses settings by the results of earlier trials; here all are planned before the first runs: "+
			"write method: random (or sobol, latin-hypercube) and run_cap: N", name)
	case slices.Contains(stopping, lower):
		err = p.refuse(e.value, e.key, "%q is not a way to choose settings here: write method: random, run_cap: N and early_stop: {rule: asha, …}", name)
	case lower == "custom":
		err = p.refuse(e.value, e.key, "%q runs a scheduler of W&B's: write method: random and run_cap: N", name)
	default:
		err = p.refuse(e.value, e.key, "%q: want %s%s", name, strings.Join(methods, ", "), didYouMean(name, methods))
	}
	p.sweep.Search.Method = search.Random // ranges are no further mistake
	return err
}

// runCap reads how many settings a search tries.
func (p *parser) runCap(e entry) error {
	n, err := p.whole(e.value, e.key, 1)
	if err != nil {
		return err
	}
	if p.sweep.Search.RunCap = n; n > maxTrials {
		return p.refuse(e.value, e.key, "%d: want at most %d", n, maxTrials)
	}
	p.runCapAt = e.value
	return nil
}

// searchSeed reads the seed of a search: it chooses the settings, and is none of the trials' seeds.
func (p *parser) searchSeed(e entry) error {
	n, err := p.whole(e.value, e.key, 0)
	p.sweep.Search.Seed = int64(n)
	p.searchSeedAt = e.value
	return err
}

// checkSearch checks what method, run_cap and parameters say together.
func (p *parser) checkSearch() {
	s := p.sweep
	if s.Search.Method != "" {
		s.searchLine = p.methodAt.Line
		wrong := slices.ContainsFunc(p.mistakes, func(e *Error) bool { return e.Key == "method" || e.Key == "run_cap" })
		if s.Search.RunCap == 0 && len(p.mistakes) > 0 && !wrong { // else --set may still give it
			p.keep(s.noRunCap())
		}
		if !slices.ContainsFunc(s.axes, func(a axis) bool { return a.drawn }) && len(p.broken) == 0 {
			p.keep(p.refuse(p.methodAt, "method", "%s: there are no parameters to choose", s.Search.Method))
		}
		return
	}
	if p.runCapAt != nil {
		p.checkGridCap()
	}
	if p.searchSeedAt != nil {
		p.keep(p.refuse(p.searchSeedAt, "search_seed", "a grid chooses nothing: write method: random, or leave it out"))
	}
	s.Search = Search{}
}

// checkGridCap lets a grid have a run_cap that it does not reach, as W&B's files may.
func (p *parser) checkGridCap() {
	total := len(p.sweep.Seeds)
	for _, a := range p.sweep.axes {
		if total *= len(a.options); total > maxTrials {
			break
		}
	}
	if n := p.sweep.Search.RunCap; total > n || len(p.broken) > 0 {
		p.keep(p.refuse(p.runCapAt, "run_cap", "a grid tries every combination: leave it out, or write method: random to try %d settings", n))
	}
}

// noRunCap is the error of a search without a number.
func (s *Sweep) noRunCap() error {
	return &Error{File: s.File, Line: s.searchLine, Key: "run_cap",
		Reason: "missing: how many settings " + string(s.Search.Method) + " search tries: write run_cap: 20, or give --set run_cap=20"}
}

// setSearch reads run_cap and search_seed from the command line.
func (s *Sweep) setSearch(path string, value *yaml.Node, p *parser) error {
	if path == "run_cap" {
		n, err := p.whole(value, "", 1)
		if err == nil && n > maxTrials {
			err = p.refuse(value, "", "%d: want at most %d", n, maxTrials)
		}
		s.Search.RunCap = n
		return err
	}
	n, err := p.whole(value, "", 0)
	s.Search.Seed = int64(n)
	return err
}
