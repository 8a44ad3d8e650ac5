package sweeps

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const slurmHead = "version: 1\nname: x\ncommand: [x]\n"

func TestSlurmIsRead(t *testing.T) {
	s, err := Parse("f.yaml", []byte(slurmHead+`slurm:
  partition: gpu,big
  account: lab
  qos: high
  time: 1-12:30:00
  memory: 16G
  cpus: 4
  gpus: a100:2
  constraint: "a100|h100"
  throttle: 8
  extra: [--exclusive, --exclude=n7]
  setup: |
    module load cuda
    source venv/bin/activate
`))
	if err != nil {
		t.Fatal(err)
	}
	want := Slurm{Partition: "gpu,big", Account: "lab", QOS: "high", Time: 36*time.Hour + 30*time.Minute, Memory: "16G", CPUs: 4, GPUs: "a100:2",
		Constraint: "a100|h100", Throttle: 8, Extra: []string{"--exclusive", "--exclude=n7"}, Setup: []string{"module load cuda", "source venv/bin/activate"}}
	if diff := cmp.Diff(want, s.Slurm); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if err := s.Slurm.Override([]string{"time=90m", "gres=gpu:1", "extra=--nice", "extra=--hold", "partition=cpu"}); err != nil {
		t.Fatal(err)
	}
	want.Time, want.GPUs, want.Gres, want.Extra, want.Partition = 90*time.Minute, "", "gpu:1", []string{"--nice", "--hold"}, "cpu"
	if diff := cmp.Diff(want, s.Slurm); diff != "" {
		t.Errorf("after flags (-want +got)\n%s", diff)
	}
}

// What Slurm is asked for is no part of what a trial is.
func TestSlurmChangesNoTrial(t *testing.T) {
	plain, asked := expand(t, slurmHead), expand(t, slurmHead+"slurm: {partition: gpu, time: 4h, gpus: 2, cpus: 3}")
	if plain.Trials[0].ID != asked.Trials[0].ID || len(plain.Trials) != len(asked.Trials) {
		t.Errorf("%s, with slurm %s", plain.Trials[0].ID, asked.Trials[0].ID)
	}
	encoded, err := plain.Encode()
	if err != nil || strings.Contains(string(encoded), "slurm") {
		t.Errorf("a plan without slurm: %s %v", encoded, err)
	}
}

func TestSlurmTimes(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90m": 90 * time.Minute, "4h": 4 * time.Hour, "1h30m": 90 * time.Minute, "12:00:00": 12 * time.Hour, "00:05:30": 330 * time.Second, "2-0": 48 * time.Hour,
		"1-12": 36 * time.Hour, "1-12:30": 36*time.Hour + 30*time.Minute, "100:00:00": 100 * time.Hour,
	} {
		if got, err := slurmTime(text); err != nil || got != want {
			t.Errorf("%s: %s %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"60", "2:30", "", "soon", "-4h", "30s", "0", "1:60:00", "1:00:61", "9999-0", "1-", "4 h"} {
		if got, err := slurmTime(text); err == nil {
			t.Errorf("%q is taken for %s", text, got)
		}
	}
}

func TestSlurmRefusals(t *testing.T) {
	for text, want := range map[string]string{
		"slurm: {partion: gpu}":            "f.yaml: line 4: slurm.partion: unknown key: did you mean partition?",
		"slurm: {partition: 'a b'}":        `f.yaml: line 4: slurm.partition: "a b": want the name of a partition, or several with commas`,
		"slurm: {memory: 16}":              `f.yaml: line 4: slurm.memory: "16": want a size such as 4000M or 16G`,
		"slurm: {cpus: 0}":                 `f.yaml: line 4: slurm.cpus: "0": want a whole number of at least 1`,
		"slurm: {gpus: many}":              `f.yaml: line 4: slurm.gpus: "many": want a number such as 2, or a kind and a number such as a100:2`,
		"slurm: {throttle: yes}":           `f.yaml: line 4: slurm.throttle: "yes": want a whole number of at least 1`,
		"slurm: {account: }":               `f.yaml: line 4: slurm.account: "": want the name of an account`,
		"slurm: {gpus: 1, gres: gpu:1}":    "f.yaml: line 4: slurm: gpus and gres: want one of them, with gres as gpu:2",
		"slurm: {extra: [-a, 0-9]}":        `f.yaml: line 4: slurm.extra: "-a": the harness sets --array itself: use the key throttle`,
		"slurm: {extra: [--output=x]}":     `f.yaml: line 4: slurm.extra: "--output=x": the harness sets --output itself`,
		"slurm: {extra: [exclusive]}":      `f.yaml: line 4: slurm.extra: "exclusive": want a word of sbatch such as --exclusive`,
		"slurm: {setup: [[module]]}":       "f.yaml: line 4: slurm.setup: a list: want a line of bash such as module load cuda",
		"slurm: {time: [4h]}":              "f.yaml: line 4: slurm.time: a list: want a time such as 90m, 4h, 1-12:00:00 or 12:00:00",
		"slurm: gpu":                       "f.yaml: line 4: slurm: want keys and values such as slurm: {partition: gpu, time: 4h, gpus: 1, throttle: 8}",
		"slurm:\n  time: 4h\n  time: 5h":   "f.yaml: line 6: slurm.time: stands twice, first on line 5",
		"slurm:\n  cpus: 4\n  gres: 'a;b'": `f.yaml: line 6: slurm.gres: "a;b": want generic resources as sbatch takes them, such as gpu:a100:2`,
	} {
		if _, err := Parse("f.yaml", []byte(slurmHead+text)); err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", text, err, want)
		}
	}
	for _, pair := range []string{"partition", "=gpu", "partitoin=gpu", "time=1", "gpus=0"} {
		if err := new(Slurm).Override([]string{pair}); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", pair, err)
		}
	}
}

func FuzzSlurmOverride(f *testing.F) {
	f.Add("time", "1-12:00:00")
	f.Add("extra", "--exclude=n[1-7]")
	f.Fuzz(func(t *testing.T, key, value string) {
		var s Slurm
		if err := s.Override([]string{key + "=" + value}); err != nil {
			return
		}
		if s.Time < 0 || s.CPUs < 0 || s.Throttle < 0 || strings.ContainsAny(s.Partition+s.Memory+s.GPUs+s.Gres+s.Account, " \n\x00'\"") {
			t.Errorf("%s=%s: %+v", key, value, s)
		}
	})
}
