package cli

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"harness/model"
	"harness/runner/forecast"
)

// TestReadMeasured: whatever becomes of a process that measures is told in one line.
func TestReadMeasured(t *testing.T) {
	crashed := exec.Command("sh", "-c", "exit 2").Run()
	killed := exec.Command("sh", "-c", "kill -KILL $$").Run()
	for _, test := range []struct {
		name, out, said string
		err             error
		want            string
	}{
		{"well", `{"memory": 5}`, "warning: slow\n", nil, ""},
		{"refused", `{"problem": "the model is too large"}`, "", nil, "the model is too large"},
		{"crashed", "", "\nfatal error: out of memory\n\ngoroutine 1 [running]:\n", crashed, "exit status 2: fatal error: out of memory"},
		{"killed", "", "", killed, "signal: killed"},
		{"missing", "", "", errors.New("fork/exec harness: no such file or directory"), "fork/exec harness: no such file or directory"},
		{"cut", `{"memory"`, "", nil, "unexpected end of JSON input"},
	} {
		m, err := readMeasured([]byte(test.out), test.said, test.err)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != test.want || strings.Contains(got, "\n") || err == nil && m.Memory != 5 {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestRemember: what a trial took that found a stage in the home is not what one takes that trains it.
func TestRemember(t *testing.T) {
	planned := &model.Planned{Features: 10, Pixels: 20, Phases: []model.PlannedPhase{{Bytes: 100}, {Bytes: 70}}}
	for _, test := range []struct {
		bytes int64
		from  forecast.Evidence
		want  int64
		kind  memoryKind
	}{
		{150, forecast.Same, 150, memoryLearnt}, {150, forecast.Like, 150, memoryLike}, {150, forecast.Measured, 180, memoryMeasured},
		{80, forecast.Same, 130, memoryComputed}, {0, forecast.Measured, 130, memoryComputed},
	} {
		g := &costGroup{planned: planned}
		if g.remember(test.bytes, test.from); g.memory != test.want || g.kind != test.kind {
			t.Errorf("%+v: %d %s", test, g.memory, g.kind)
		}
	}
}
