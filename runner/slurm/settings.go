package slurm

import (
	"fmt"
	"time"
)

// Settings are what a user asks Slurm for; nothing in them changes a number. The zero value of a field asks for nothing.
type Settings struct {
	Partition  string
	Account    string
	QOS        string
	Time       time.Duration // limit of a task; 0 = the partition's own
	Memory     string        // of a task, such as 16G
	CPUs       int           // of a task
	GPUs       string        // of a task: 2, or a100:2
	Gres       string        // as sbatch takes it
	Constraint string
	Throttle   int      // tasks at a time
	Extra      []string // further words of sbatch
	Setup      []string // lines of bash that each task runs first
}

const (
	usualLead = 90 * time.Second // from the signal to the time limit
	leastLead = 10 * time.Second
)

// Lead is how long before the time limit a task is told: 90 seconds, or a quarter of a shorter limit. Slurm tells up to a minute
// earlier.
func (s Settings) Lead() time.Duration {
	if s.Time == 0 {
		return usualLead
	}
	return max(leastLead, min(usualLead, s.Time/4))
}

// words are the options of sbatch.
func (s Settings) words() []string {
	var words []string
	add := func(option, value string) {
		if value != "" && value != "0" {
			words = append(words, "--"+option+"="+value)
		}
	}
	add("partition", s.Partition)
	add("account", s.Account)
	add("qos", s.QOS)
	if s.Time > 0 {
		add("time", clock(s.Time))
	}
	add("mem", s.Memory)
	add("cpus-per-task", fmt.Sprint(s.CPUs))
	if s.GPUs != "" && s.GPUs != "0" {
		add("gres", "gpu:"+s.GPUs)
	}
	add("gres", s.Gres)
	add("constraint", s.Constraint)
	return append(words, s.Extra...)
}

// clock is a time as Slurm takes it: DAYS-HH:MM:SS.
func clock(d time.Duration) string {
	seconds := int((d + time.Second - 1) / time.Second)
	return fmt.Sprintf("%d-%02d:%02d:%02d", seconds/86400, seconds/3600%24, seconds/60%60, seconds%60)
}
