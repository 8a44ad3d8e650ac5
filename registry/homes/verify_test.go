package homes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestVerifyFindsWhatIsWrong(t *testing.T) {
	id := program(0).ID()
	for name, c := range map[string]struct {
		change func(t *testing.T, home string)
		want   string
	}{
		"a log": {func(t *testing.T, home string) { write(t, filepath.Join(home, "trials", id, "1", "log.txt"), "x") }, "trials/" + id + "/1/log.txt: its contents"},
		"no answer": {func(t *testing.T, home string) {
			must(t, os.Remove(filepath.Join(home, "trials", id, "1", "predictions.jsonl")))
		}, "trials/" + id + "/1/predictions.jsonl: it is gone"},
		"the spec": {func(t *testing.T, home string) { write(t, filepath.Join(home, "trials", id, "1", "spec.json"), "{}") }, "trials/" + id + "/1/spec.json: its settings"},
		"a shorter journal": {func(t *testing.T, home string) {
			path := filepath.Join(home, "trials", id, "1", "events.jsonl")
			data, err := os.ReadFile(path)
			must(t, err)
			lines := strings.SplitAfter(string(data), "\n")
			write(t, path, strings.Join(lines[:len(lines)-2], ""))
		}, "bytes shorter than when it was read into registry.db"},
		"a journal that is gone": {func(t *testing.T, home string) {
			must(t, os.Remove(filepath.Join(home, "trials", id, "1", "events.jsonl")))
		}, "events.jsonl: it is gone"},
		"an attempt that is gone": {func(t *testing.T, home string) { must(t, os.RemoveAll(filepath.Join(home, "trials", id, "1"))) }, "trials/" + id + "/1: the folder of the attempt is gone"},
		"something behind the journal": {func(t *testing.T, home string) {
			path := filepath.Join(home, "trials", id, "1", "events.jsonl")
			data, err := os.ReadFile(path)
			must(t, err)
			write(t, path, string(data)+"half a line")
		}, "11 bytes that are no line follow its end"},
		"what was used over time": {func(t *testing.T, home string) {
			path := filepath.Join(home, "trials", id, "1", "resources.jsonl")
			data, err := os.ReadFile(path)
			must(t, err)
			write(t, path, strings.Replace(string(data), `"b"`, `"c"`, 1))
		}, "resources.jsonl: byte 0: the checksum is wrong"},
		"a snapshot": {func(t *testing.T, home string) {
			paths, _ := filepath.Glob(filepath.Join(home, "code", "*.json"))
			write(t, paths[0], "{}")
		}, "its contents are not those of its checksum"},
		"contents of code": {func(t *testing.T, home string) {
			paths, _ := filepath.Glob(filepath.Join(home, "code", "files", "*"))
			write(t, paths[0], "x")
		}, "code/files/"},
		"contents of code that are gone": {func(t *testing.T, home string) {
			paths, _ := filepath.Glob(filepath.Join(home, "code", "files", "*"))
			must(t, os.Remove(paths[0]))
		}, ": it is gone: train.sh of a program"},
		"a plan": {func(t *testing.T, home string) {
			path := filepath.Join(home, "plans", "s.json")
			data, err := os.ReadFile(path)
			must(t, err)
			write(t, path, strings.Replace(string(data), "seed 1", "seed 7", 1))
		}, "plans/s.json: its contents are not those of its checksum"},
	} {
		db, _ := newHome(t)
		before, err := Verify(background, db, VerifyOptions{})
		must(t, err)
		if len(before.Wrong) > 0 {
			t.Fatalf("%+v", before.Wrong)
		}
		c.change(t, db.Home)
		for _, o := range []VerifyOptions{{}, {Sweeps: []string{"s"}}} {
			v, err := Verify(background, db, o)
			must(t, err)
			said := ""
			for _, w := range v.Wrong {
				said += w.Path + ": " + w.Reason + "\n"
			}
			if !strings.Contains(said, c.want) && (len(o.Sweeps) == 0 || !strings.HasPrefix(c.want, "code/files/")) {
				t.Errorf("%s: %q, want %q", name, said, c.want)
			}
		}
	}
}
