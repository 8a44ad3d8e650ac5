package runner

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"harness/model/spec"
	"harness/registry/journal"
)

// Files of a program's trial, in its attempt's folder.
const (
	configName = "config.json"   // $HARNESS_CONFIG: its configuration
	eventsName = "program.jsonl" // $HARNESS_EVENTS: where it may report instead of on standard output
)

// runProgram runs a program that is not ours and writes the journal for it.
func (s *slot) runProgram(log io.Writer) {
	words, env, err := s.program()
	if err != nil {
		s.err = errors.Join(err, s.journal.Close())
		return
	}
	in := &intake{journal: s.journal, log: log}
	stdout := &output{in: in, lines: lineSplitter{take: in.printed}}
	events := &follower{path: filepath.Join(s.dir, eventsName), lines: lineSplitter{take: in.reported}}
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = env
	cmd.Stdout, cmd.Stderr = stdout, log
	exit := s.supervise(cmd, func() {
		events.poll()
		if in.failed() { // what it does from now on would be lost
			s.kill()
		}
	})
	stdout.lines.end()
	events.lines.end()
	if exit.Class == "" {
		in.keep(s.journal.End(journal.End{Outcome: journal.Done}))
	}
	in.keep(s.journal.Exit(exit))
	in.keep(s.journal.Close())
	s.err = in.err
}

// program writes the program's configuration and returns its command line and environment.
func (s *slot) program() (words, env []string, err error) {
	t := s.task.Spec
	config, err := t.Args.Map()
	if err != nil {
		return nil, nil, err
	}
	if _, ok := config["seed"]; !ok {
		config["seed"] = t.Seed
	}
	encoded, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return nil, nil, fmt.Errorf("write configuration: %w", err)
	}
	dir, err := filepath.Abs(s.dir)
	if err != nil {
		return nil, nil, fmt.Errorf("write configuration: %w", err)
	}
	path := filepath.Join(dir, configName)
	if err := os.WriteFile(path, append(encoded, '\n'), 0o644); err != nil {
		return nil, nil, fmt.Errorf("write configuration: %w", err)
	}
	seed := strconv.FormatInt(t.Seed, 10)
	args, err := argWords(t)
	if err != nil {
		return nil, nil, err
	}
	words = expandCommand(t.Command.List(), args, map[string]string{
		"${config}": path, "${trial_dir}": dir, "${seed}": seed,
	})
	if len(words) == 0 {
		return nil, nil, errors.New("the command is empty")
	}
	return words, append(append(os.Environ(), s.environment...),
		"HARNESS_CONFIG="+path,
		"HARNESS_EVENTS="+filepath.Join(dir, eventsName),
		"HARNESS_TRIAL_DIR="+dir,
		"HARNESS_SEED="+seed,
		"HARNESS_THREADS="+strconv.Itoa(s.threads)), nil
}

// argWords is the configuration as --key=value by sorted key: nested keys joined by dots, strings as they are, all else
// as JSON. A seed other than 0 is added unless the command takes ${seed} or the configuration has one.
func argWords(t spec.Trial) ([]string, error) {
	config, err := t.Args.Map()
	if err != nil {
		return nil, err
	}
	if _, ok := config["seed"]; !ok && t.Seed != 0 && !strings.Contains(string(t.Command), "${seed}") {
		config["seed"] = t.Seed
	}
	var words []string
	var add func(prefix string, values map[string]any) error
	add = func(prefix string, values map[string]any) error {
		keys := make([]string, 0, len(values))
		for key := range values {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			switch v := values[key].(type) {
			case map[string]any:
				if err := add(prefix+key+".", v); err != nil {
					return err
				}
			case string:
				words = append(words, "--"+prefix+key+"="+v)
			default:
				encoded, err := json.Marshal(v)
				if err != nil {
					return fmt.Errorf("argument %s%s: %w", prefix, key, err)
				}
				words = append(words, "--"+prefix+key+"="+string(encoded))
			}
		}
		return nil
	}
	return words, add("", config)
}

// expandCommand replaces ${…} in a command line: ${args} alone becomes several words, within a word one.
func expandCommand(command, args []string, values map[string]string) []string {
	var words []string
	for _, word := range command {
		if word == "${args}" {
			words = append(words, args...)
			continue
		}
		word = strings.ReplaceAll(word, "${args}", strings.Join(args, " "))
		for name, value := range values {
			word = strings.ReplaceAll(word, name, value)
		}
		words = append(words, word)
	}
	return words
}

// intake turns what a program reports into its journal. It is called from the goroutine that copies standard output and
// from the one that follows the events file.
type intake struct {
	mu      sync.Mutex
	journal *journal.Writer
	log     io.Writer
	next    map[string]int // step of the next value of a metric that comes without one
	err     error
}

// output is standard output: all of it goes to the log, and the lines that are reports to the journal, too.
type output struct {
	in    *intake
	lines lineSplitter
}

func (o *output) Write(data []byte) (int, error) {
	o.in.mu.Lock()
	o.in.keepLog(data)
	o.in.mu.Unlock()
	return o.lines.Write(data)
}

// printed takes a line of standard output.
func (in *intake) printed(line []byte) {
	if len(line) == 0 || line[0] != '{' {
		return
	}
	if r, err := parseReport(line); err == nil {
		in.mu.Lock()
		defer in.mu.Unlock()
		in.record(r)
	}
}

// reported takes a line of the events file; what is not understood goes to the log.
func (in *intake) reported(line []byte) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(bytes.TrimSpace(line)) == 0 {
		return
	}
	r, err := parseReport(line)
	if err != nil {
		in.keepLog(fmt.Appendf(nil, "harness: event not understood: %v: %s\n", err, oneLine(string(line))))
		return
	}
	in.record(r)
}

func (in *intake) record(r report) {
	if r.Metric != "" {
		if in.next == nil {
			in.next = map[string]int{}
		}
		step := in.next[r.Metric]
		if r.Step != nil {
			step = int(*r.Step)
		}
		in.next[r.Metric] = step + 1
		in.keep(in.journal.Point(r.Metric, step, float64(*r.Value)))
	}
	if r.Note != "" {
		in.keep(in.journal.Note(r.Note, r.Text))
	}
	if r.Total > 0 && r.Step != nil {
		in.journal.Progress("run", int(*r.Step), r.Total, r.loss())
	}
}

// keep remembers the first error of the journal.
func (in *intake) keep(err error) {
	if in.err == nil {
		in.err = err
	}
}

func (in *intake) failed() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.err != nil
}

func (in *intake) keepLog(line []byte) {
	if _, err := in.log.Write(line); err != nil {
		in.keep(fmt.Errorf("write log: %w", err))
	}
}
