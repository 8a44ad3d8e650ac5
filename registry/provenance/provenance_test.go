package provenance

import (
	"context"
	"testing"
)

func TestCollect(t *testing.T) {
	p := Collect(context.Background())
	if p.Host == "" || p.CPU == "" || p.Cores < 1 || len(p.BinaryHash) != 32 || p.GoVersion == "" {
		t.Errorf("%+v", p)
	}
}

// The repository that a command is called in is not what the harness was built from.
func TestCollectIsOfTheBuild(t *testing.T) {
	want := Collect(context.Background())
	p := newProject(t)
	p.git("init", "-q")
	p.git("add", ".")
	p.git("commit", "-q", "-m", "somebody's own project")
	p.write("train.py", "edited")
	t.Chdir(p.dir)
	if got := Collect(context.Background()); got != want {
		t.Errorf("in somebody's repository %+v, else %+v", got, want)
	}
}
