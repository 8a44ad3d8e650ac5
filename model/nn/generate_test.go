package nn

import (
	"math"
	"slices"
	"strings"
	"testing"

	"harness/model/engine"
	"harness/model/engine/native"
	"harness/model/spec"
)

// TestGenerateNotFinite: weights that are broken end generating with one line, not with a text.
func TestGenerateNotFinite(t *testing.T) {
	a := Answerer{LM: LanguageModel{LM: spec.LM{Width: 8, Depth: 1, Heads: 2, MLP: 16, MaxPositionEmbeddings: 12}, Vocab: 11, Eps: 1e-5}}
	params := a.Params(1, make([]float32, 11*8))
	i := slices.IndexFunc(params, func(p engine.Param) bool { return p.Name == "transformer.ln_f.bias" })
	params[i].Tensor.F32[3] = float32(math.NaN())
	s, err := native.New(1).New(params)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, beams := range []int{1, 3} {
		g := Generator{Session: s, Name: "answer", Prompt: a.Prompt, Next: a.Next, Search: Search{Beams: beams, MaxTokens: 5, Penalty: 1, EOS: 10}}
		_, err := g.Run(engine.Inputs{}, [][]int32{{1, 2}}, 0)
		if err == nil || !strings.Contains(err.Error(), "not finite") {
			t.Errorf("%d beams: %v", beams, err)
		}
	}
}
