package sweeps

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"harness/internal/escape"
	"harness/model/spec"
)

// Version is the version of the file format.
const Version = 1

// parser reads one file into sweep.
type parser struct {
	sweep     *Sweep
	reportAt  *yaml.Node // the key report, for what is checked when the whole file is read
	commandAt *yaml.Node
	collectAt *yaml.Node      // the key collect, for the same
	program   string          // what ${program} stands for
	primary   map[string]bool // by metric, where the file says it
}

// entry is one key of a mapping with its value.
type entry struct {
	key   string
	at    *yaml.Node // the key
	value *yaml.Node
}

// Parse reads an experiment file. Errors are of type *Error: "FILE: line N: KEY: what is wrong", on one line.
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
	if err != nil {
		return nil, err
	}
	if err := p.version(root, entries); err != nil {
		return nil, err
	}
	// The keys that others are checked against come first: the program and its command, then the preset.
	for _, first := range []string{"program", "command", "base"} {
		if i := slices.IndexFunc(entries, func(e entry) bool { return e.key == first }); i >= 0 {
			if err := p.top(entries[i]); err != nil {
				return nil, err
			}
			entries = slices.Delete(entries, i, i+1)
		} else if first == "command" {
			p.programAlone()
		} else if first == "base" {
			if err := p.preset(root.Line); err != nil {
				return nil, err
			}
		}
	}
	for _, e := range entries {
		if err := p.top(e); err != nil {
			return nil, err
		}
	}
	return s, p.complete(root)
}

// document returns the mapping at the top of the file.
func (p *parser) document(data []byte) (*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, p.syntax(err)
	}
	if len(doc.Content) == 0 {
		return nil, p.refuse(nil, "", "the file is empty: want version, name, parameters, …")
	}
	if doc.Content[0].Kind != yaml.MappingNode {
		return nil, p.refuse(doc.Content[0], "", "want keys and values such as version: 1")
	}
	return p.unalias(doc.Content[0])
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

func (p *parser) syntax(err error) error {
	text := strings.ReplaceAll(err.Error(), "\n", " ")
	found := yamlLine.FindStringSubmatch(text)
	line := 1
	if len(found) == 2 && found[1] != "" {
		line, _ = strconv.Atoi(found[1])
	}
	return &Error{File: p.sweep.File, Line: line, Reason: yamlLine.ReplaceAllString(text, "")}
}

// entries lists the keys of a mapping in the order of the file; each may stand once.
func (p *parser) entries(n *yaml.Node, key string) ([]entry, error) {
	if n.Kind != yaml.MappingNode {
		return nil, p.refuse(n, key, "want keys and values")
	}
	var list []entry
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind != yaml.ScalarNode || k.Value == "" {
			return nil, p.refuse(k, key, "a key must be plain text")
		}
		if line, twice := seen[k.Value]; twice {
			return nil, p.refuse(k, joined(key, k.Value), "stands twice, first on line %d", line)
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

func (p *parser) version(root *yaml.Node, entries []entry) error {
	for _, e := range entries {
		if e.key == "version" {
			if e.value.Value != strconv.Itoa(Version) {
				return p.refuse(e.value, "version", "%q: this program reads version %d", e.value.Value, Version)
			}
			return nil
		}
	}
	return p.refuse(root, "version", "missing: want version: %d", Version)
}

// topKeys are the keys of a file, with what reads each.
var topKeys = []string{"version", "name", "description", "project", "program", "command", "method", "base", "parameters", "ablations", "exclude",
	"seeds", "metrics", "baseline", "resources", "run", "collect", "report", "controls"}

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
		s.Project, err = p.project(e)
	case "program":
		p.program, err = p.text(e.value, e.key)
	case "command":
		err = p.command(e)
	case "method": // W&B
		if m := e.value.Value; m != "grid" && m != "ablation" {
			err = p.refuse(e.value, e.key, "%q: want grid (every combination) or ablation", m)
		}
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
	case "run":
		err = p.run(e)
	case "collect":
		err = p.collect(e)
	case "report":
		err = p.report(e)
	case "controls":
		err = p.controls(e)
	default:
		err = p.refuse(e.at, e.key, "unknown key%s", didYouMean(e.key, topKeys))
	}
	return err
}

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

func (p *parser) name(e entry) (string, error) {
	name, err := p.text(e.value, e.key)
	if err == nil && !namePattern.MatchString(name) {
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
func (p *parser) complete(root *yaml.Node) error {
	s := p.sweep
	if s.Name == "" {
		return p.refuse(root, "name", "missing: it names the sweep in the registry")
	}
	if len(s.Seeds) == 0 {
		s.Seeds = []int64{0}
	} else {
		s.seeded = true
	}
	if s.Command != "" {
		s.Untrained = false
	}
	s.tellAxesApart()
	if err := s.checkBaseline(); err != nil {
		return err
	}
	if err := p.checkReport(); err != nil {
		return err
	}
	if err := p.checkCollect(); err != nil {
		return err
	}
	p.warnOfCommand()
	return p.checkConditions()
}

// text reads a string; numbers and the like must be quoted.
func (p *parser) text(n *yaml.Node, key string) (string, error) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
		return "", p.refuse(n, key, "want text%s", quoteHint(n))
	}
	return n.Value, nil
}

func quoteHint(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode && n.Value != "" {
		return ": write '" + n.Value + "' in quotes"
	}
	return ""
}

// shownText reads a string that is printed: control characters are escaped.
func (p *parser) shownText(n *yaml.Node, key string) (string, error) {
	text, err := p.text(n, key)
	return escape.Line(text), err
}

func (p *parser) shownTexts(n *yaml.Node, key string) ([]string, error) {
	list, err := p.texts(n, key)
	for i := range list {
		list[i] = escape.Line(list[i])
	}
	return list, err
}

// whole reads a whole number of at least least.
func (p *parser) whole(n *yaml.Node, key string, least int) (int, error) {
	var i int
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || n.Decode(&i) != nil {
		return 0, p.refuse(n, key, "%s: want a whole number", shown(n))
	}
	if i < least {
		return 0, p.refuse(n, key, "%d: want at least %d", i, least)
	}
	return i, nil
}

func (p *parser) float(n *yaml.Node, key string) (float64, error) {
	var f float64
	tag := n.ShortTag()
	if n.Kind != yaml.ScalarNode || tag != "!!int" && tag != "!!float" || n.Decode(&f) != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, p.refuse(n, key, "%s: want a number", shown(n))
	}
	return f, nil
}

func (p *parser) boolean(n *yaml.Node, key string) (bool, error) {
	var b bool
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" || n.Decode(&b) != nil {
		return false, p.refuse(n, key, "%s: want true or false", shown(n))
	}
	return b, nil
}

func (p *parser) duration(n *yaml.Node, key string) (time.Duration, error) {
	d, err := time.ParseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || d < 0 {
		return 0, p.refuse(n, key, "%s: want a time such as 90s, 30m or 4h", shown(n))
	}
	return d, nil
}

// texts reads one string or a list of them.
func (p *parser) texts(n *yaml.Node, key string) ([]string, error) {
	if n.Kind != yaml.SequenceNode {
		one, err := p.text(n, key)
		return []string{one}, err
	}
	var list []string
	for _, item := range n.Content {
		one, err := p.text(item, key)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

func shown(n *yaml.Node) string {
	switch n.Kind {
	case yaml.ScalarNode:
		return strconv.Quote(n.Value)
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a group of keys"
	}
	return "an alias"
}
