package view

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVaried(t *testing.T) {
	got := Varied([]byte(`{"lr": 1e-3, "b": "a \"word\"\u001b", "a": ["x", {"y": 1}], "n": null, "t": true}`))
	want := []Field{{"lr", "1e-3"}, {"b", "a \"word\"\x1b"}, {"a", `["x", {"y": 1}]`}, {"n", "null"}, {"t", "true"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, odd := range []string{"", "{", "[]", `{"a"}`, "null"} {
		if got := Varied([]byte(odd)); got != nil {
			t.Errorf("%s: %v", odd, got)
		}
	}
}
