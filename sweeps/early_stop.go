package sweeps

import (
	"math"
	"slices"

	"go.yaml.in/yaml/v3"

	"harness/metrics"
	"harness/sweeps/keys"
)

// The rules of early stopping.
const (
	// StopMedian ends a trial whose best value so far is worse than the median of the others' (Golovin et al., Google Vizier, 2017).
	StopMedian = "median"
	// StopASHA ends a trial that is not among the best 1/Factor of those that reached a rung (Li et al., A System for Massively
	// Parallel Hyperparameter Tuning, 2020).
	StopASHA = "asha"
)

// The defaults: W&B's eta, and Optuna's n_startup_trials.
const (
	defaultFactor = 3
	defaultLeast  = 5
)

// earlyStop reads early_stop.
func (p *parser) earlyStop(e entry) error {
	if p.stopAt != nil {
		return p.refuse(e.at, e.key, "early_terminate says it already: want one of them")
	}
	p.stopAt = e.at
	stop := &Stop{}
	p.sweep.Run.Stop = stop
	return p.each(e, func(f entry, name string) (err error) {
		switch f.key {
		case "rule":
			stop.Rule, err = p.oneOf(f.value, name, keys.Choices("early_stop.rule"))
		case "metric":
			stop.Metric, err = p.text(f.value, name)
		case "goal":
			var goal string
			goal, err = p.oneOf(f.value, name, keys.Choices("early_stop.goal"))
			stop.Goal = metrics.Goal(goal)
		case "first":
			stop.First, err = p.whole(f.value, name, 1)
		case "factor":
			stop.Factor, err = p.whole(f.value, name, 2)
		case "rungs":
			stop.Rungs, err = p.rungs(f.value, name)
		case "least":
			stop.Least, err = p.whole(f.value, name, 1)
		default:
			err = p.refuse(f.at, name, "unknown key%s", didYouMean(f.key, keys.Below("early_stop")))
		}
		return err
	})
}

// rungs reads steps, each larger than the one before.
func (p *parser) rungs(n *yaml.Node, key string) ([]int, error) {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		return nil, p.refuse(n, key, "want a list of steps such as [1, 3, 9]")
	}
	var list []int
	for _, item := range n.Content {
		step, err := p.whole(item, key, 1)
		if err != nil {
			return nil, err
		}
		if len(list) > 0 && step <= list[len(list)-1] {
			return nil, p.refuse(item, key, "%d: want each step larger than the one before", step)
		}
		list = append(list, step)
	}
	return list, nil
}

// earlyTerminate reads W&B's early_terminate, whose only type is hyperband.
func (p *parser) earlyTerminate(e entry) error {
	if p.stopAt != nil {
		return p.refuse(e.at, e.key, "early_stop says it already: want one of them")
	}
	if e.value.Kind != yaml.MappingNode {
		return p.refuse(e.value, e.key, "want {type: hyperband, min_iter: 3}")
	}
	p.stopAt = e.at
	stop := &Stop{Rule: StopASHA, Factor: defaultFactor}
	p.sweep.Run.Stop = stop
	var least, most, brackets int
	kind := ""
	err := p.each(e, func(f entry, name string) (err error) {
		switch f.key {
		case "type":
			kind, err = p.text(f.value, name)
			if err == nil && kind != "hyperband" {
				err = p.refuse(f.value, name, "%q: W&B knows hyperband; early_stop: {rule: median, …} is another", kind)
			}
		case "min_iter":
			least, err = p.whole(f.value, name, 1)
		case "max_iter":
			most, err = p.whole(f.value, name, 1)
		case "s":
			brackets, err = p.whole(f.value, name, 1)
		case "eta":
			stop.Factor, err = p.whole(f.value, name, 2)
		case "strict":
			var strict bool
			if strict, err = p.boolean(f.value, name); err == nil && !strict {
				err = p.refuse(f.value, name, "false: trials are stopped as in the paper, which W&B calls strict: true; leave it out")
			}
		default:
			err = p.refuse(f.at, name, "unknown key%s", didYouMean(f.key, keys.Below("early_terminate")))
		}
		return err
	})
	if err != nil {
		return err
	}
	switch {
	case kind == "":
		return p.refuse(e.at, e.key+".type", "missing: want hyperband")
	case most > 0 && brackets > 0:
		if stop.Rungs = bands(most, brackets, stop.Factor); stop.Rungs == nil {
			return p.refuse(e.at, e.key, "max_iter: %d divided by eta: %d is less than 1", most, stop.Factor)
		}
	case least > 0:
		stop.First = least
	default:
		return p.refuse(e.at, e.key, "want min_iter, or max_iter and s")
	}
	p.note(e.at, "early_terminate: steps are those that the program reports with the metric, where W&B counts how often it was logged")
	return nil
}

// bands are the steps at which W&B's hyperband compares, given the last one: max_iter/eta, max_iter/eta², … s times.
func bands(most, s, eta int) []int {
	var list []int
	for band := float64(most) / float64(eta); s > 0 && band >= 1; s-- {
		if step := int(math.Floor(band)); len(list) == 0 || list[len(list)-1] != step {
			list = append(list, step)
		}
		band /= float64(eta)
	}
	slices.Reverse(list)
	return list
}

// checkStop settles the metric and its goal, and refuses what does not go together.
func (p *parser) checkStop() error {
	stop := p.sweep.Run.Stop
	if stop == nil || len(p.mistakes) > 0 {
		return nil
	}
	key := p.stopAt.Value
	if err := p.stopGoal(stop, key); err != nil {
		return err
	}
	switch {
	case stop.Rule == "":
		return p.refuse(p.stopAt, key+".rule", "missing: want median or asha")
	case stop.First > 0 && stop.Rungs != nil:
		return p.refuse(p.stopAt, key, "first and rungs: want one of them")
	case stop.First == 0 && stop.Rungs == nil:
		return p.refuse(p.stopAt, key+".first", "missing: want the first step at which trials are compared, or rungs: [...]")
	case stop.Rule == StopMedian && stop.Factor > 0:
		return p.refuse(p.stopAt, key+".factor", "median has none: it is asha's")
	case stop.Rule == StopASHA && stop.Least > 0:
		return p.refuse(p.stopAt, key+".least", "asha has none: it is median's")
	case stop.Rule == StopMedian && stop.Least == 0:
		stop.Least = defaultLeast
	case stop.Rule == StopASHA && stop.Factor == 0:
		stop.Factor = defaultFactor
	}
	return nil
}

// stopGoal finds the metric by which trials are stopped and its goal, which is never guessed.
func (p *parser) stopGoal(stop *Stop, key string) error {
	if stop.Metric == "" {
		if p.metricAt == nil {
			return p.refuse(p.stopAt, key+".metric", "missing: by which metric?")
		}
		stop.Metric = p.sweep.Metrics[0].Key // of W&B's metric:
	}
	var known []string
	for _, m := range p.sweep.Metrics {
		known = append(known, m.Key)
	}
	if !slices.Contains(known, stop.Metric) && (len(known) > 0 || !p.recorded(stop.Metric)) {
		return p.refuse(p.stopAt, key+".metric", "%q is not among metrics%s", stop.Metric, didYouMean(stop.Metric, known))
	}
	declared := p.sweep.goalOf(stop.Metric)
	switch {
	case stop.Goal == "" && declared == metrics.NoGoal && p.metricAt != nil:
		return p.refuse(p.metricAt, "metric.goal", "missing: early stopping needs goal: maximize or minimize (W&B takes minimize)")
	case stop.Goal == "" && declared == metrics.NoGoal:
		return p.refuse(p.stopAt, key+".goal", "missing: want goal: maximize or minimize, here or under metrics")
	case stop.Goal == "":
		stop.Goal = declared
	case declared != metrics.NoGoal && stop.Goal != declared:
		return p.refuse(p.stopAt, key+".goal", "%s, but metrics says %s of %s", stop.Goal, declared, stop.Metric)
	}
	return nil
}
