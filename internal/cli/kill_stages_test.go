package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// tinyYAML is the smallest training that has all stages.
const tinyYAML = `version: 1
name: tiny
base: {preset: smoke, pretrain: {steps: 4}, diffvqa: {steps: 4}, test: {beam: 1, max_new_tokens: 4, regions: 2, pairs: 2}}
controls: {untrained: false}
`

// stages kills trainings and damages a file of a stage that the killed one has left. The next sweep says so, trains that
// stage again, and comes to the numbers of a sweep that nobody disturbed.
func (k *killing) stages(t *testing.T) {
	home := k.home(t, "stages")
	mustHarness(t, k.dir, "sweep", "tiny.yaml", "--home", home)
	want := readHome(t, home, "tiny")
	id := sortedKeys(want)[0]
	damaged, wanted := 0, k.of(1, 20)
	longest := 400 * time.Millisecond // from the first stage's file to the kill; a fast machine has ended by then
	tooLate := func() { longest = max(longest*3/4, 5*time.Millisecond) }
	for tries := 0; damaged < wanted && tries < 20*wanted && !t.Failed(); tries++ {
		for _, name := range []string{"trials", "stages", "plans", "registry.db", "registry.db-wal", "registry.db-shm"} {
			if err := os.RemoveAll(filepath.Join(home, name)); err != nil {
				t.Fatal(err)
			}
		}
		cmd := harness(k.dir, "sweep", "tiny.yaml", "--home", home, "--quiet")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		waitFor(t, func() bool { return len(stageFiles(home)) > 0 || len(ended) > 0 })
		k.sleep(longest)
		if !k.kill("sweep with damaged stages", cmd.Process.Pid) {
			<-ended
			tooLate()
			continue
		}
		<-ended
		checkNobody(t, home, 3*time.Second)
		if log, err := os.ReadFile(filepath.Join(home, "trials", id, "1", "events.jsonl")); err == nil && bytes.Contains(log, []byte(`"k":"end"`)) {
			tooLate() // the trial had ended, though nobody had taken note of it
			continue
		}
		files := stageFiles(home)
		path := files[k.random.IntN(len(files))]
		how := k.damage(t, path)
		mustHarness(t, k.dir, "sweep", "tiny.yaml", "--home", home, "--quiet")
		if d := cmp.Diff(want, readHome(t, home, "tiny"), cmpopts.EquateNaNs()); d != "" {
			t.Errorf("%s, %s: other numbers (-want +got):\n%s", path, how, d)
		}
		stage, _, _ := strings.Cut(filepath.Base(filepath.Dir(path)), "-")
		shown := mustHarness(t, k.dir, "show", id, "--home", home)
		if !strings.Contains(shown, "stage/damaged") || !strings.Contains(shown, "was damaged and is trained again") || !strings.Contains(shown, stage) {
			t.Errorf("%s, %s: it is not said:\n%s", path, how, shown)
		}
		damaged++
	}
	if damaged < wanted {
		t.Errorf("only %d stages were damaged", damaged)
	}
	t.Logf("%d stages were damaged", damaged)
}

// stageFiles lists the files that the next training would read: of each stage its weights, else its last checkpoint, and
// its points.
func stageFiles(home string) (files []string) {
	dirs, _ := filepath.Glob(filepath.Join(home, "stages", "*"))
	for _, dir := range dirs {
		for _, name := range []string{"weights.safetensors", "checkpoint.safetensors"} {
			if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Size() > 0 {
				files = append(files, filepath.Join(dir, name), filepath.Join(dir, "points.json"))
				break
			}
		}
	}
	return files
}

// damage empties a file, cuts it or changes bytes in it, and says how.
func (k *killing) damage(t *testing.T, path string) (how string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	switch k.random.IntN(3) {
	case 0:
		how, data = "emptied", nil
	case 1:
		n := k.random.IntN(len(data))
		how, data = fmt.Sprintf("cut to %d of %d bytes", n, len(data)), data[:n]
	default: // not in the key of the checksum: without it the file counts as one of a version that had none
		at := k.random.IntN(len(data))
		for bytes.Contains(data[max(0, at-8):min(len(data), at+9)], []byte("sha256")) {
			at = k.random.IntN(len(data))
		}
		how = fmt.Sprintf("byte %d of %d changed", at, len(data))
		data[at] ^= 0xff
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return how
}
