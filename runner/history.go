package runner

import (
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"

	"harness/registry"
	"harness/registry/journal"
)

// past is an earlier attempt of a trial, as its journal tells. Tasks read journals where a sweep asks the registry.
type past struct {
	number  int
	purpose journal.Purpose // "" = its journal was never begun
	done    bool
	over    bool // the journal is closed
	class   journal.Class
	reason  string
	resumed bool
	metrics []string
}

// failed reports whether the attempt counts as a failure.
func (p past) failed() bool {
	return p.over && !p.done && p.class != journal.ClassInterrupted && p.class != journal.ClassCanceled && p.class != journal.ClassStopped
}

// historyOf reads all attempts of a trial, oldest first.
func historyOf(home, id string) ([]past, error) {
	numbers, err := registry.AttemptNumbers(home, id)
	if err != nil {
		return nil, err
	}
	list := make([]past, 0, len(numbers))
	for _, n := range numbers {
		p, err := pastOf(filepath.Join(home, "trials", id, strconv.Itoa(n)), n)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// pastOf reads the journal of one attempt; of a damaged one, what stands before the damage.
func pastOf(dir string, number int) (past, error) {
	p := past{number: number}
	metrics := map[string]bool{}
	_, err := journal.Read(filepath.Join(dir, journal.FileName), journal.Position{}, func(e *journal.Event) error {
		switch e.Kind {
		case journal.KindStart:
			p.purpose = e.Start.Purpose
		case journal.KindPoint:
			metrics[e.Metric] = true
		case journal.KindResume:
			p.resumed = true
		case journal.KindEnd:
			p.over, p.done, p.reason = true, e.End.Outcome == journal.Done, e.End.Error
			if e.End.Outcome == journal.Failed {
				p.class = journal.ClassError
			} else if e.End.Outcome == journal.Interrupted {
				p.class = journal.ClassInterrupted
			}
		case journal.KindExit:
			p.exit(e.Exit)
		}
		return nil
	})
	p.metrics = slices.Sorted(maps.Keys(metrics))
	var bad *journal.BadLineError
	if errors.As(err, &bad) || errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	return p, err
}

// exit takes the word of who waited for the process, by the rule of package registry: it never makes an attempt done.
func (p *past) exit(x *journal.Exit) {
	switch {
	case p.done:
	case !p.over && x.Class == "":
		p.class, p.reason = journal.ClassError, "it ended without a word"
	case x.Class != "" && (p.class != journal.ClassError || x.Class != journal.ClassError):
		p.class, p.reason = x.Class, x.Error
	}
	p.over = true
}

// runs are the attempts whose outcome counts: no reruns, and nothing from before the last redo.
func runs(all []past, after int) []past {
	return slices.DeleteFunc(slices.Clone(all), func(p past) bool { return p.purpose != journal.PurposeRun || p.number <= after })
}
