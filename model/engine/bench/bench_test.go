package main

import (
	"strings"
	"testing"
	"time"
)

// fixed is a contestant that always finds the same.
func fixed(name string, loss float64, gradients map[string][]float32) contestant {
	return contestant{
		name:   name,
		step:   func() (time.Duration, error) { return time.Millisecond, nil },
		result: func() (float64, map[string][]float32) { return loss, gradients },
	}
}

func TestAgree(t *testing.T) {
	type gradients = map[string][]float32
	first := fixed("first", 2, gradients{"w": {3, 4}, "rounding": {1e-9}})
	for _, c := range []struct {
		name  string
		loss  float64
		found gradients
		want  string // in the error; "" = none
	}{
		{"the same", 2, gradients{"w": {3, 4}, "rounding": {1e-9}}, ""},
		{"rounded otherwise", 2.00001, gradients{"w": {3.0001, 4}, "rounding": {-2e-8}}, ""},
		{"another loss", 2.1, gradients{"w": {3, 4}, "rounding": {0}}, "the loss 2.1"},
		{"added up", 2, gradients{"w": {6, 8}, "rounding": {0}}, "the gradient of w"},
		{"one too few", 2, gradients{"w": {3, 4}}, "the gradient of rounding"},
	} {
		err := agree([]contestant{first, fixed(c.name, c.loss, c.found)})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestBlocksAgree steps the two blocks on all engines, which is what every run of the program begins with.
func TestBlocksAgree(t *testing.T) {
	for _, work := range []workload{mlpBlock(), attentionBlock()} {
		all, err := openContestants(work)
		if err != nil {
			t.Fatal(err)
		}
		if len(all) != 4 {
			t.Errorf("%s: %d contestants, want 4", work.name, len(all))
		}
		if err := agree(all); err != nil {
			t.Errorf("%s: %v", work.name, err)
		}
		for _, c := range all {
			c.close()
		}
	}
}

func TestTable(t *testing.T) {
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	var out strings.Builder
	printTable(&out, workload{what: "what"}, []contestant{{name: "one"}, {name: "two"}}, [][]time.Duration{{ms(4), ms(2), ms(3)}, {ms(6), ms(5), ms(90)}})
	want := `
what

engine                        median ms    best ms    ratio
one                                3.00       2.00     1.00
two                                6.00       5.00     2.00
`
	if out.String() != want {
		t.Error(out.String())
	}
}
