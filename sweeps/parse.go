package sweeps

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"harness/internal/escape"
	"harness/model/spec"
	"harness/sweeps/keys"
)

// Version is the version of the file format.
const Version = 1

// parser reads one file into sweep.
type parser struct {
	sweep        *Sweep
	tool         tool       // whose file it is
	mistakes     []*Error   // so far
	broken       []string   // paths of axes that could not be read, so that conditions may name them
	reportAt     *yaml.Node // the key report, for what is checked when the whole file is read
	commandAt    *yaml.Node
	methodAt     *yaml.Node
	collectAt    *yaml.Node // the key collect, for the same
	stopAt       *yaml.Node
	runCapAt     *yaml.Node
	searchSeedAt *yaml.Node
	metricAt     *yaml.Node      // W&B's metric
	without      []entry         // keys that have no effect
	program      string          // what ${program} stands for
	primary      map[string]bool // by metric, where the file says it
}

// entry is one key of a mapping with its value.
type entry struct {
	key   string
	at    *yaml.Node // the key
	value *yaml.Node
}

// Parse reads an experiment file: one of our own, or a sweep file of another tool (tool). Errors are of type *Error, or Errors where
// there are several: "FILE: line N: KEY: what is wrong", each on one line.
func Parse(file string, data []byte) (*Sweep, error) {
	sum := sha256.Sum256(data)
	s := &Sweep{
		File: file, Digest: hex.EncodeToString(sum[:8]), Preset: spec.Nano, Untrained: true,
		Run:       Run{Retries: 2, RetryOn: []string{"killed", "oom", "disk"}},
		Resources: Resources{PerGPU: 1},
		Report:    defaultReport(),
	}
	p := &parser{primary: map[string]bool{}, sweep: s}
	root, err := p.document(data)
	if err != nil {
		return nil, err
	}
	entries, err := p.entries(root, "")
	p.keep(err)
	switch p.tool = toolOf(entries); p.tool {
	case toolSEML, toolHydra:
		p.keep(p.foreign(root))
	default:
		p.ours(root, entries)
	}
	if err := p.refused(); err != nil {
		return nil, err
	}
	return s, nil
}

// first are the keys that others are checked against: how settings are chosen, the program and its command, then the preset.
var first = []string{"method", "program", "command", "base"}

// ours reads a file of our own, or one of W&B, which has the same words.
func (p *parser) ours(root *yaml.Node, entries []entry) {
	p.keep(p.version(root, entries))
	for _, key := range first {
		if i := slices.IndexFunc(entries, func(e entry) bool { return e.key == key }); i >= 0 {
			p.keep(p.top(entries[i]))
			entries = slices.Delete(entries, i, i+1)
		} else if key == "command" {
			p.programAlone()
		} else if key == "base" {
			p.keep(p.preset(root.Line))
		}
	}
	for _, e := range entries {
		p.keep(p.top(e))
	}
	p.complete(root)
}

// document returns the mapping at the top of the file.
func (p *parser) document(data []byte) (*yaml.Node, error) {
	var doc yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(data))
	switch err := d.Decode(&doc); {
	case errors.Is(err, io.EOF):
	case err != nil:
		return nil, p.syntax(err, data)
	}
	if len(doc.Content) == 0 {
		return nil, p.refuse(nil, "", "the file is empty: want version, name, parameters, …")
	}
	if doc.Content[0].Kind != yaml.MappingNode {
		return nil, p.refuse(doc.Content[0], "", "want keys and values such as version: 1")
	}
	var second yaml.Node
	switch err := d.Decode(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		return nil, p.syntax(err, data)
	default:
		return nil, p.refuse(&second, "", "a second document (---): want one a file")
	}
	return p.unalias(doc.Content[0])
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// syntax is the error for what is no YAML.
func (p *parser) syntax(err error, data []byte) error {
	text := strings.ReplaceAll(err.Error(), "\n", " ")
	found := yamlLine.FindStringSubmatch(text)
	line := 1
	if len(found) == 2 && found[1] != "" {
		line, _ = strconv.Atoi(found[1])
	}
	reason := yamlLine.ReplaceAllString(text, "")
	if tab := tabbedLine(data); tab > 0 && (tab == line || strings.Contains(reason, "cannot start any token")) {
		line, reason = tab, "a tab: YAML indents with blanks"
	}
	return &Error{File: p.sweep.File, Line: line, Reason: reason}
}

// tabbedLine is the first line that is indented with a tab, or 0.
func tabbedLine(data []byte) int {
	for i, line := range bytes.Split(data, []byte("\n")) {
		indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]
		if bytes.IndexByte(indent, '\t') >= 0 && len(indent) < len(line) {
			return i + 1
		}
	}
	return 0
}

// entries lists the keys of a mapping in the order of the file; each may stand once.
func (p *parser) entries(n *yaml.Node, key string) ([]entry, error) {
	if n.Kind != yaml.MappingNode {
		return nil, p.refuse(n, key, "want keys and values%s", suchAs(key))
	}
	var list []entry
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind != yaml.ScalarNode || k.Value == "" {
			p.keep(p.refuse(k, key, "a key must be plain text"))
			continue
		}
		if line, twice := seen[k.Value]; twice {
			p.keep(p.refuse(k, joined(key, k.Value), "stands twice, first on line %d", line))
			continue
		}
		seen[k.Value] = k.Line
		list = append(list, entry{key: k.Value, at: k, value: n.Content[i+1]})
	}
	return list, nil
}

func joined(prefix, key string) string {
	if prefix == "" {
		return key
	}
	return prefix + "." + key
}

// version refuses a file of our own without the version of its format.
func (p *parser) version(root *yaml.Node, entries []entry) error {
	for _, e := range entries {
		if e.key == "version" {
			if e.value.Value != strconv.Itoa(Version) {
				return p.refuse(e.value, "version", "%q: this program reads version %d", e.value.Value, Version)
			}
			return nil
		}
	}
	if p.tool == toolWandB {
		return nil
	}
	return p.refuse(root, "version", "missing: want version: %d", Version)
}

func (p *parser) top(e entry) error {
	var err error
	s := p.sweep
	switch e.key {
	case "version":
	case "name":
		s.Name, err = p.name(e)
	case "description":
		s.Description, err = p.text(e.value, e.key)
	case "project":
		if p.tool == toolWandB { // a place at W&B's
			p.without = append(p.without, e)
			return nil
		}
		s.Project, err = p.project(e)
	case "program":
		p.program, err = p.text(e.value, e.key)
	case "command":
		err = p.command(e)
	case "method":
		err = p.method(e)
	case "run_cap":
		err = p.runCap(e)
	case "search_seed":
		err = p.searchSeed(e)
	case "base":
		err = p.base(e)
	case "parameters":
		err = p.parameters(e.value, "")
	case "ablations":
		err = p.ablations(e)
	case "exclude":
		err = p.excluded(e)
	case "seeds":
		s.Seeds, err = p.seeds(e.value, e.key)
	case "metrics":
		err = p.metrics(e)
	case "baseline":
		err = p.readBaseline(e)
	case "resources":
		err = p.resources(e)
	case "slurm":
		err = p.slurm(e)
	case "run":
		err = p.run(e)
	case "early_stop":
		err = p.earlyStop(e)
	case "collect":
		err = p.collect(e)
	case "report":
		err = p.report(e)
	case "controls":
		err = p.controls(e)
	case "hypotheses":
		err = p.hypotheses(e)
	default:
		return p.wandb(e)
	}
	return err
}

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// ValidName reports whether a sweep may be called so.
func ValidName(name string) bool { return namePattern.MatchString(name) }

func (p *parser) name(e entry) (string, error) {
	name, err := p.text(e.value, e.key)
	if err == nil && p.tool != toolOurs {
		return nameOf(name), nil
	}
	if err == nil && !ValidName(name) {
		return "", p.refuse(e.value, e.key, "%q: want letters, digits, dots, dashes and underscores", name)
	}
	return name, err
}

// maxName bounds the bytes of a name that the file gives: of a project, of a metric.
const maxName = 200

func (p *parser) project(e entry) (string, error) {
	name, err := p.text(e.value, e.key)
	if err == nil && !plainName(name) {
		return "", p.refuse(e.value, e.key, "want a name of 1 to %d bytes without control characters", maxName)
	}
	return name, err
}

// plainName reports whether a name may go into the registry and into the names of files.
func plainName(name string) bool {
	return name != "" && len(name) <= maxName && escape.Line(name) == name
}

// complete checks what needs the whole file.
func (p *parser) complete(root *yaml.Node) {
	s := p.sweep
	p.named(root)
	if len(s.Seeds) == 0 {
		s.Seeds = []int64{0}
	} else {
		s.seeded = true
	}
	if s.Command != "" {
		s.Untrained = false
	}
	s.tellAxesApart()
	if len(p.mistakes) == 0 {
		p.keep(s.checkBaseline())
	}
	p.keep(p.checkReport())
	p.finishWandB(root)
	p.keep(p.checkStop())
	p.checkSearch()
	p.keep(p.checkCollect())
	p.warnOfCommand()
	p.checkConditions()
	p.checkClaims()
}

// named refuses a file of our own without a name; one of W&B has its own, or is called as the file is.
func (p *parser) named(root *yaml.Node) {
	s := p.sweep
	switch {
	case s.Name != "":
	case p.tool == toolWandB:
		s.Name = fileName(s.File)
	case !slices.ContainsFunc(p.mistakes, func(e *Error) bool { return e.Key == "name" }):
		p.keep(p.refuse(root, "name", "missing: it names the sweep in the registry"))
	}
}

// suchAs is what a key that holds others may look like, behind a word: "" where there is no example of it.
func suchAs(path string) string {
	if k, ok := keys.Find(path); ok {
		if example := k.Inline(); example != "" {
			return " such as " + example
		}
	}
	return ""
}
