package nn

import (
	"strings"
	"testing"

	"harness/model/engine/native"
	"harness/model/spec"
)

// The paper's model has 617.6 M parameters beside the token table (FACTS 6 #4): 413.3 M encoder, 201.6 M decoder blocks,
// 2.2 M adapter, 0.5 M positions. It is really made here, values and all.
func TestPaperSize(t *testing.T) {
	if testing.Short() {
		t.Skip("allocates 2.7 GB")
	}
	trial, err := spec.Default(spec.Paper)
	if err != nil {
		t.Fatal(err)
	}
	const vocabulary = 50257
	c := Captioner{Encoder: NewEncoder(trial), Decoder: NewDecoder(trial, vocabulary)}
	params := c.Params(0, make([]float32, (vocabulary+1)*trial.Decoder.Width))
	for _, part := range []struct {
		prefix string
		want   int
	}{
		{"encoder.", 413_327_088},
		{"adapter.", 2_230_272},
		{"decoder.blocks.", 12 * 16_796_672},
	} {
		if got := Count(params, func(name string) bool { return strings.HasPrefix(name, part.prefix) }); got != part.want {
			t.Errorf("%s has %d parameters, want %d", part.prefix, got, part.want)
		}
	}
	total := Count(params, func(name string) bool { return name != "decoder.token" })
	if m := float64(total) / 1e6; m < 617.6 || m >= 617.7 {
		t.Errorf("%.1f M parameters beside the token table, want 617.6 M", m)
	}
}

// Ten steps on one batch bring both losses down to where only a working gradient gets them.
func TestOverfitsOneBatch(t *testing.T) {
	for _, name := range []string{"pretrain", "diffvqa"} {
		t.Run(name, func(t *testing.T) {
			r := openRecorded(t, name)
			checkLearns(t, r.session(t, native.New(2), "weights.safetensors"), r.program, r.inputs(t, 0), 10, 0.6)
		})
	}
}
