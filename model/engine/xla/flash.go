package xla

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/stablehlo"
	"github.com/gomlx/gomlx/core/graph"
)

// flashDepth is the widest head that cuDNN's kernels take on every GPU that has them.
const flashDepth = 128

// flashes says whether cuDNN's fused attention computes a: on CUDA, in bfloat16, over as many keys as queries, without a mask
// or with one that is causal for all samples.
func (t *tracer) flashes(a attention, queries, keys int) bool {
	return t.s.onCUDA() && t.s.options.BF16 && a.length == nil && queries == keys && a.depth%8 == 0 && a.depth <= flashDepth &&
		a.mask.KeyLengths == "" && a.mask.CausalRows == ""
}

// fused is what cuDNN was given and what it made of it, [B, S, H, d] each.
type fused struct{ q, k, v, y *graph.Node }

// flash is cuDNN's fused attention, whose way back is cuDNN's, too. In a block that is computed again, operands and result are
// kept from the first time, a few activations each: the attention runs once.
func (a attention) flash(q, k, v *graph.Node) *graph.Node {
	t := a.t
	t.passing = max(t.passing, flashBytes(a.batch, q.Shape().Dimensions[1], a.heads, a.depth))
	if t.scope != nil && t.scope.again != nil {
		f := t.scope.fused[0]
		t.scope.fused = t.scope.fused[1:]
		return t.withBack(f.y, []*graph.Node{q, k, v}, func(dy *graph.Node) []*graph.Node {
			d := towards([]*graph.Node{f.y}, []*graph.Node{dy}, []*graph.Node{f.q, f.k, f.v})
			return []*graph.Node{as(d[0], q.DType()), as(d[1], k.DType()), as(d[2], v.DType())}
		})
	}
	f := fused{q: half(q), k: half(k), v: half(v)}
	f.y, _ = graph.BackendFusedScaledDotProductAttention(f.q, f.k, f.v, compute.AttentionAxesLayoutBSHD,
		&compute.ScaledDotProductAttentionConfig{Causal: a.mask.Causal})
	if t.scope != nil {
		t.scope.fused = append(t.scope.fused, f)
	}
	return f.y
}

// inFixedOrder asks the ways back of cuDNN's attentions in main for sums whose order does not depend on chance. Under the flag of
// [compilation.compilerFlags], XLA asks that for the first of equal calls only, and at run time no longer finds the others, which
// differ from it ("raw_hash_map::at", JAX's plugin 0.11.2; XLA's cudnn_custom_call_compiler.cc).
func inFixedOrder(main *stablehlo.Function) error {
	for _, s := range main.Statements {
		if !strings.HasSuffix(fmt.Sprint(s.Attributes["call_target_name"]), "Backward") {
			continue
		}
		var config map[string]json.RawMessage
		var attention map[string]json.RawMessage
		text, _ := s.Attributes["backend_config"].(string)
		if err := json.Unmarshal([]byte(text), &config); err != nil {
			return fmt.Errorf("cuDNN's attention is not as go-xla has written it: %w", err)
		}
		if err := json.Unmarshal(config["cudnn_fmha_backend_config"], &attention); err != nil {
			return fmt.Errorf("cuDNN's attention is not as go-xla has written it: %w", err)
		}
		attention["force_deterministic"] = json.RawMessage("true")
		config["cudnn_fmha_backend_config"], _ = json.Marshal(attention) // raw values
		given, _ := json.Marshal(config)
		s.Attributes["backend_config"] = string(given)
	}
	return nil
}
