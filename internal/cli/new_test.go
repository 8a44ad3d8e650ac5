package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/sweeps"
)

func TestOptionsIn(t *testing.T) {
	help := `usage: train.py [-h] [--lr LR]

options:
  -h, --help            show this help message and exit
  -l LR, --lr LR        learning rate
  --optimizer {sgd,adam}
                        which optimiser
  --amp                 half precision
  --layers N [N ...]
  --no-cache, --uncached
                        read the data anew
  -s, --seed SEED
  --name=NAME           what it is called
not an option: --lr
`
	var got []string
	for _, o := range optionsIn(help) {
		got = append(got, strings.TrimSpace(o.name+" "+o.value+" "+strings.Join(o.choices, "/")+" "+o.help))
	}
	want := []string{"lr LR  learning rate", "optimizer {sgd,adam} sgd/adam which optimiser", "amp   half precision", "layers N", "no-cache   read the data anew", "seed SEED", "name NAME  what it is called"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Whatever a program prints as its help, the file that comes of it can be read.
func FuzzOptionsIn(f *testing.F) {
	f.Add("  --lr LR  learning rate\n  --o {a,b'c}\n  --x\n        \x1b[31m# \u2028 red\n")
	f.Fuzz(func(t *testing.T, help string) {
		d := &draft{Name: "x", File: "x.yaml", Program: "train.py", Command: commandWords("train.py")}
		for _, o := range optionsIn(help) {
			d.Options = append(d.Options, o.line())
		}
		if slices.ContainsFunc(d.Options, func(line string) bool { return strings.ContainsAny(line, "\n\r") || !strings.HasPrefix(line, "#") }) {
			t.Errorf("%q", d.Options)
		}
		text, err := fill("program.yaml", d)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sweeps.Parse("x.yaml", text); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	})
}
