package sweeps

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"harness/sweeps/keys"
)

// Slurm is what a sweep asks for where its trials run as tasks of Slurm. Nothing in it belongs to what a trial is.
type Slurm struct {
	Partition  string        `json:"partition,omitzero"`
	Account    string        `json:"account,omitzero"`
	QOS        string        `json:"qos,omitzero"`
	Time       time.Duration `json:"time_ns,omitzero"` // limit of a task; 0: the partition's
	Memory     string        `json:"memory,omitzero"`  // of a task: 16G
	CPUs       int           `json:"cpus,omitzero"`    // of a task; 0: resources.cpus
	GPUs       string        `json:"gpus,omitzero"`    // of a task: 2, or a100:2; empty: resources.gpus
	Gres       string        `json:"gres,omitzero"`    // as sbatch takes it
	Constraint string        `json:"constraint,omitzero"`
	Throttle   int           `json:"throttle,omitzero"` // tasks at a time; 0: as many as Slurm starts
	Extra      []string      `json:"extra,omitzero"`    // further words of sbatch
	Setup      []string      `json:"setup,omitzero"`    // lines of bash that each task runs first
}

// SlurmKeys are the keys below slurm, which --slurm takes, too.
var SlurmKeys = keys.Below("slurm")

// slurm reads the block slurm.
func (p *parser) slurm(e entry) error {
	s := &p.sweep.Slurm
	err := p.each(e, func(f entry, name string) error {
		if !slices.Contains(SlurmKeys, f.key) {
			return p.refuse(f.at, name, "unknown key%s", didYouMean(f.key, SlurmKeys))
		}
		items := []*yaml.Node{f.value}
		if f.value.Kind == yaml.SequenceNode && (f.key == "extra" || f.key == "setup") {
			items = f.value.Content
		}
		for _, item := range items {
			if item.Kind != yaml.ScalarNode || item.ShortTag() == "!!null" || item.ShortTag() == "!!bool" {
				return p.refuse(item, name, "%s: want %s", shown(item), slurmWants[f.key])
			}
			if err := s.set(f.key, item.Value); err != nil {
				return p.refuse(item, name, "%v", err)
			}
		}
		return nil
	})
	if err == nil && s.GPUs != "" && s.Gres != "" {
		err = p.refuse(e.at, e.key, bothGPUs)
	}
	return err
}

const bothGPUs = "gpus and gres: want one of them, with gres as gpu:2"

// Override changes settings as --slurm KEY=VALUE does; extra and setup replace those of the file, and may be repeated.
func (s *Slurm) Override(pairs []string) error {
	replaced := map[string]bool{}
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		switch {
		case !ok || !slices.Contains(SlurmKeys, key):
			return fmt.Errorf("%q: want KEY=VALUE with one of %s%s", clipped(pair, maxName), strings.Join(SlurmKeys, ", "), didYouMean(key, SlurmKeys))
		case key == "extra" && !replaced[key]:
			s.Extra = nil
		case key == "setup" && !replaced[key]:
			s.Setup = nil
		case key == "gpus":
			s.Gres = ""
		case key == "gres":
			s.GPUs = ""
		}
		replaced[key] = true
		if err := s.set(key, value); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	if replaced["gpus"] && replaced["gres"] {
		return fmt.Errorf("%s", bothGPUs)
	}
	return nil
}

// slurmForms are the values that a key may have, slurmWants says so to people.
var (
	slurmForms = map[string]*regexp.Regexp{
		"partition":  regexp.MustCompile(`^[A-Za-z0-9_.,-]+$`),
		"account":    regexp.MustCompile(`^[A-Za-z0-9_.-]+$`),
		"qos":        regexp.MustCompile(`^[A-Za-z0-9_.-]+$`),
		"memory":     regexp.MustCompile(`^[1-9][0-9]*[KMGT]$`),
		"gpus":       regexp.MustCompile(`^([A-Za-z][A-Za-z0-9_.-]*:)?[1-9][0-9]*$`),
		"gres":       regexp.MustCompile(`^[A-Za-z0-9_.:,/()-]+$`),
		"constraint": regexp.MustCompile(`^[A-Za-z0-9_.,&|!*\[\]()-]+$`),
		"extra":      regexp.MustCompile(`^--?[A-Za-z][^\x00-\x1f]*$`),
		"setup":      regexp.MustCompile(`[^\s]`),
	}
	slurmWants = map[string]string{
		"partition": "the name of a partition, or several with commas", "account": "the name of an account", "qos": "a quality of service",
		"time": "a time such as 90m, 4h, 1-12:00:00 or 12:00:00", "memory": "a size such as 4000M or 16G", "cpus": "a whole number of at least 1",
		"gpus": "a number such as 2, or a kind and a number such as a100:2", "gres": "generic resources as sbatch takes them, such as gpu:a100:2",
		"constraint": "features as sbatch takes them, such as a100|h100", "throttle": "a whole number of at least 1",
		"extra": "a word of sbatch such as --exclusive", "setup": "a line of bash such as module load cuda",
	}
)

// set reads one value; the error completes "key: ".
func (s *Slurm) set(key, value string) error {
	wrong := fmt.Errorf("%q: want %s", clipped(value, maxName), slurmWants[key])
	if form := slurmForms[key]; form != nil && !form.MatchString(value) {
		return wrong
	}
	var err error
	switch key {
	case "partition":
		s.Partition = value
	case "account":
		s.Account = value
	case "qos":
		s.QOS = value
	case "time":
		s.Time, err = slurmTime(value)
	case "memory":
		s.Memory = value
	case "cpus":
		s.CPUs, err = atLeastOne(value)
	case "gpus":
		s.GPUs = value
	case "gres":
		s.Gres = value
	case "constraint":
		s.Constraint = value
	case "throttle":
		s.Throttle, err = atLeastOne(value)
	case "extra":
		if own := ownWord(value); own != "" {
			return fmt.Errorf("%q: the harness sets %s itself%s", value, own, insteadOf(own))
		}
		s.Extra = append(s.Extra, value)
	case "setup":
		s.Setup = append(s.Setup, strings.Split(strings.TrimRight(value, "\n"), "\n")...)
	}
	if err != nil {
		return wrong
	}
	return nil
}

func atLeastOne(value string) (int, error) {
	n, err := strconv.Atoi(value)
	if err == nil && n < 1 {
		err = strconv.ErrRange
	}
	return n, err
}

// daysAndClock is Slurm's own form of a time: DAYS-HOURS, DAYS-HOURS:MINUTES, DAYS-HOURS:MINUTES:SECONDS, HOURS:MINUTES:SECONDS.
var daysAndClock = regexp.MustCompile(`^(?:(\d{1,4})-)?(\d{1,4})(?::(\d{1,2}))?(?::(\d{1,2}))?$`)

// slurmTime reads a time limit. A bare number, which sbatch takes for minutes, and 2:30, which it takes for minutes and seconds, are
// refused: people mean several things by them.
func slurmTime(value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err != nil {
		found := daysAndClock.FindStringSubmatch(value)
		if found == nil || found[1] == "" && found[4] == "" {
			return 0, err
		}
		var parts [4]time.Duration
		for i := range parts {
			n, _ := strconv.Atoi("0" + found[i+1])
			parts[i] = time.Duration(n)
		}
		if parts[2] > 59 || parts[3] > 59 {
			return 0, err
		}
		d = parts[0]*24*time.Hour + parts[1]*time.Hour + parts[2]*time.Minute + parts[3]*time.Second
	}
	if d < time.Minute || d > 366*24*time.Hour {
		return 0, strconv.ErrRange
	}
	return d, nil
}

// ownWords are options of sbatch that the harness depends on, by their long and short names, and the key that stands for one.
var ownWords = []struct{ long, short, key string }{
	{"--array", "-a", "throttle"}, {"--job-name", "-J", ""}, {"--comment", "", ""}, {"--output", "-o", ""}, {"--error", "-e", ""}, {"--input", "-i", ""},
	{"--wrap", "", "setup"}, {"--parsable", "", ""}, {"--export", "", "setup"}, {"--requeue", "", ""}, {"--no-requeue", "", ""}, {"--signal", "", ""},
	{"--open-mode", "", ""}, {"--chdir", "-D", ""}, {"--wait", "-W", ""}, {"--test-only", "", ""},
	{"--partition", "-p", "partition"}, {"--account", "-A", "account"}, {"--qos", "-q", "qos"}, {"--time", "-t", "time"}, {"--mem", "", "memory"},
	{"--cpus-per-task", "-c", "cpus"}, {"--gres", "", "gres"}, {"--constraint", "-C", "constraint"},
}

// ownWord is the option among ownWords that a word sets; "" where it sets none.
func ownWord(word string) string {
	name, _, _ := strings.Cut(word, "=")
	for _, own := range ownWords {
		short := own.short != "" && !strings.HasPrefix(word, "--") && strings.HasPrefix(word, own.short)
		if name == own.long || short {
			return own.long
		}
	}
	return ""
}

func insteadOf(long string) string {
	for _, own := range ownWords {
		if own.long == long && own.key != "" {
			return ": use the key " + own.key
		}
	}
	return ""
}
