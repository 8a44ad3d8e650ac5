package sweeps

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// ran is a run with parameters as JSON.
func ran(t *testing.T, id, params string) ImportedTrial {
	t.Helper()
	one := ImportedTrial{ID: id, Name: "run " + id}
	d := json.NewDecoder(strings.NewReader(params))
	d.UseNumber()
	if err := d.Decode(&one.Params); err != nil {
		t.Fatal(err)
	}
	return one
}

func rows(p *Plan) string {
	var texts []string
	for _, r := range p.Rows {
		texts = append(texts, fmt.Sprintf("%s%q<%s", r.Name, r.Trials, r.Baseline))
	}
	return fmt.Sprint(p.Seeds, " ", strings.Join(texts, "; "))
}

func TestImported(t *testing.T) {
	runs := []ImportedTrial{
		ran(t, "a", `{"opt.lr": 0.1, "lm.lr": 1, "seed": 7, "out": "x", "fixed": [1]}`),
		ran(t, "b", `{"opt.lr": 0.1, "lm.lr": 1, "seed": 3, "out": "y", "fixed": [1]}`),
		ran(t, "c", `{"opt.lr": 1e-1, "seed": 3, "out": "z", "fixed": [1]}`),
		ran(t, "d", `{"opt.lr": 1.0, "lm.lr": 1, "seed": 3, "out": "z", "fixed": [1]}`),
	}
	p, err := Imported(Import{Name: "x", Seed: "seed", Ignore: []string{"out"}}, runs)
	if err != nil {
		t.Fatal(err)
	}
	want := `[3 7] lm.lr=1, opt.lr=0.1["b" "a"]<; lm.lr=null, opt.lr=0.1["c" ""]<lm.lr=1, opt.lr=0.1; lm.lr=1, opt.lr=1.0["d" ""]<lm.lr=1, opt.lr=0.1`
	if got := rows(p); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := fmt.Sprintln(p.Varying(), p.Trials[0].Label, p.Trials[0].Seed, p.IDs()); got != "[lm.lr opt.lr] lm.lr=1, opt.lr=0.1, seed=7 7 [a b c d]\n" {
		t.Error(got)
	}
	encoded, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if back, err := Decode(encoded); err != nil || rows(back) != rows(p) {
		t.Errorf("%v %+v", err, back)
	}

	p, err = Imported(Import{Name: "x", Ignore: []string{"out", "seed", "lm.lr", "opt.lr"}}, runs)
	if err != nil || rows(p) != `[0 1 2 3] x["a" "b" "c" "d"]<` {
		t.Errorf("%v %s", err, rows(p))
	}
	_, err = Imported(Import{Name: "x", Seed: "seed", Ignore: []string{"out", "lm.lr", "opt.lr"}}, append(runs, ran(t, "e", `{}`), ran(t, "f", `{"seed": 0.5}`)))
	for _, want := range []string{"run run c: row fixed=1 has another run with seed 3", "run run d: ", "run run e: it has no parameter seed", "run run f: seed is 0.5, no whole number"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
