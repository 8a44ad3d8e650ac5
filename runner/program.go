package runner

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"harness/internal/escape"
	"harness/registry/journal"
)

// Files of a program's trial, in its attempt's folder.
const (
	configName = "config.json"   // $HARNESS_CONFIG: its configuration
	eventsName = "program.jsonl" // $HARNESS_EVENTS: where it may report instead of on standard output
)

// runProgram runs a program that is not ours and writes the journal for it.
func (s *process) runProgram() {
	in := newIntake(s.journal, s.declared)
	if config, err := s.job.Spec.Args.Map(); err == nil {
		in.parser.config = config
	}
	e := s.program(in)
	s.exit = s.judge(e, in.err.texts(), in.out.texts())
	if s.exit.Class == "" {
		s.checkMetrics(in)
	}
	s.conclude(in)
}

// program runs the program and hands what it reports to in.
func (s *process) program(in *intake) ending {
	opened := make(chan *os.File)
	go func() { opened <- s.openLog() }()
	cmd, err := s.command()
	if log := <-opened; log != nil {
		defer log.Close()
		in.log = log
	}
	if err != nil {
		return ending{err: err}
	}
	stdout, stderr := in.newStream("stdout", in.printed), in.newStream("stderr", in.complained)
	out, err := newOutput(in.copied(stdout), in.copied(stderr))
	if err != nil {
		return ending{err: err}
	}
	reported := in.newStream("the events file", in.reported)
	events := &follower{path: filepath.Join(s.mark, eventsName), lines: reported.lines}
	cmd.Stdout, cmd.Stderr = out.write[0], out.write[1]
	e := s.supervise(cmd, func() {
		events.poll()
		if in.failed() { // what it does from now on would be lost
			s.kill()
		}
	}, out.follow)
	if e.err != nil {
		out.follow()
	}
	out.end()
	events.poll()
	events.lines.end()
	stdout.lines.end()
	stderr.lines.end()
	in.mu.Lock()
	defer in.mu.Unlock()
	in.endLog()
	return e
}

// copied passes what a stream prints on to the log and to the stream's lines.
func (in *intake) copied(s *stream) func([]byte) {
	return func(data []byte) {
		in.mu.Lock()
		in.keepPrinted(data)
		in.mu.Unlock()
		_, _ = s.lines.Write(data)
	}
}

// checkMetrics looks whether a program that ended well has reported what it was expected to.
func (s *process) checkMetrics(in *intake) {
	have := in.metrics()
	if in.resumed {
		have = append(have, s.before()...)
	}
	var missing []string
	for _, name := range s.declared {
		if !slices.Contains(have, escape.Line(name)) {
			missing = append(missing, name)
		}
	}
	switch {
	case len(s.declared) > 0 && len(missing) == len(s.declared):
		s.exit.Class = journal.ClassError
		s.exit.Error = escape.Line("it ended well but reported none of the declared metrics "+strings.Join(missing, ", ")) + in.ignored.brief()
	case len(have) == 0:
		in.keep(in.journal.Note("missing", "it ended well but reported no metric"))
		s.remark = "it reported no metric"
	}
	for _, name := range missing {
		if s.exit.Class == "" {
			in.keep(in.journal.Note("missing/"+escape.Line(name), "declared, but not reported"))
		}
	}
}

// conclude writes the end of a program's attempt.
func (s *process) conclude(in *intake) {
	if text := in.ignored.String(); text != "" {
		s.remark = fmt.Sprintf("%s not recorded, see harness trial log %s", lineCount(in.ignored.count), shortID(s.job.ID))
		in.keep(in.journal.Note("ignored", text))
	}
	if in.logErr != nil {
		in.keep(in.journal.Note("log", oneLine("it is not whole: "+in.logErr.Error())))
	}
	for _, r := range s.said() {
		in.keep(in.journal.Rung(r))
	}
	var end *journal.End
	if s.exit.Class == "" {
		end = &journal.End{Outcome: journal.Done}
	}
	if s.exit.Class == "" && in.failure == nil {
		s.over()
	}
	s.exit.Files = digests(s.dir)
	in.keep(s.journal.Finish(end, s.exit, s.sync))
	s.err = in.failure
}

// command makes the trial's folder, writes the program's configuration and makes its process.
func (s *process) command() (*exec.Cmd, error) {
	made := make(chan error, 1)
	go func() { made <- os.MkdirAll(s.files, 0o755) }() // a busy disk takes its time for each of these
	cmd, err := s.makeCommand()
	if e := <-made; e != nil {
		return nil, fmt.Errorf("make the trial's folder: %w", e)
	}
	return cmd, err
}

func (s *process) makeCommand() (*exec.Cmd, error) {
	t := s.job.Spec
	config, err := t.Args.Map()
	if err != nil {
		return nil, err
	}
	if _, ok := config["seed"]; !ok {
		config["seed"] = t.Seed
	}
	encoded, err := marshal(config)
	if err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	path := filepath.Join(s.mark, configName)
	var indented bytes.Buffer
	if err := json.Indent(&indented, encoded, "", "  "); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	if err := os.WriteFile(path, append(indented.Bytes(), '\n'), 0o644); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	lists, err := argLists(t)
	if err != nil {
		return nil, err
	}
	one := map[string]string{
		"${config}": path, "${args_json_file}": path, "${args_json}": string(encoded), "${seed}": strconv.FormatInt(t.Seed, 10),
		"${trial_dir}": s.files, "${attempt_dir}": s.mark, "${events}": filepath.Join(s.mark, eventsName),
		"${threads}": strconv.Itoa(s.threads), "${env}": "/usr/bin/env",
	}
	if python := interpreter(); python != "" {
		one["${interpreter}"] = python
	}
	words, err := expandCommand(t.Command.List(), values{lists, one})
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir = s.work
	cmd.Env = s.programEnvironment(one)
	return cmd, nil
}

// programEnvironment is our own environment and what the program is told.
func (s *process) programEnvironment(one map[string]string) []string {
	env := os.Environ()
	if here, err := os.Getwd(); err != nil || here != s.work {
		env = append(env, "PWD="+s.work)
	}
	if _, set := os.LookupEnv("PYTHONUNBUFFERED"); !set {
		env = append(env, "PYTHONUNBUFFERED=1") // else Python keeps what it prints for kilobytes
	}
	return append(append(env, s.environment...),
		"HARNESS_TRIAL="+s.job.ID,
		"HARNESS_TRIAL_DIR="+s.files,
		"HARNESS_ATTEMPT="+strconv.Itoa(s.attempt),
		"HARNESS_CONFIG="+one["${config}"],
		"HARNESS_EVENTS="+one["${events}"],
		"HARNESS_SEED="+one["${seed}"],
		"HARNESS_THREADS="+one["${threads}"])
}
