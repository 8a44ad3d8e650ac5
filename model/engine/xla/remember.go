package xla

import (
	"github.com/gomlx/gomlx/core/graph"

	"harness/model/engine"
)

// What of a device's memory a step may take by the estimate of remembers, which knows nothing of fusions and the allocator's gaps. Of
// the paper's second stage at batch 32, XLA says 60.0 GB where the estimate is 60.6.
const rememberShare = 0.9

// remembers says whether the device has room for all that the blocks of a step compute, so that none need be computed again on the
// way back, a third of the forward work each. It is no where the device does not say how much memory it has, or where the
// options say from which size on blocks are computed again.
func (s *session) remembers(purpose Purpose, build engine.Program, in engine.Inputs) bool {
	if purpose == ForRun || purpose == ForApply || s.options.Sizes.Recompute != 0 {
		return false
	}
	limit := s.room()
	if limit <= 0 {
		return false
	}
	backend, _ := s.compilation()
	g := graph.NewGraph(backend, "estimate")
	defer g.Finalize()
	t := s.tracer(g, purpose, in, &program{})
	t.remember = true
	build(t)
	return float64(s.stateBytes()+keptBytes(g)+t.passing) <= rememberShare*float64(limit)
}

// room is the device's memory in bytes; 0 or less is not known. It is the same whatever ran before in the process, since a trial that is
// resumed is to run the same programs.
func (d *device) room() int64 {
	if given := d.options.Sizes.Room; given != 0 {
		return given
	}
	_, _, limit, ok := d.Memory()
	if !ok {
		return 0
	}
	return limit
}

// flashBytes is about what cuDNN needs beside its operands to go back through attention over [B, S, H, d] with sums in a fixed order:
// gradients of the queries in float32 from each of its blocks of keys.
func flashBytes(batch, queries, heads, depth int) int64 {
	const block = 128
	wide := (depth + 63) / 64 * 64
	return 4 * int64(batch) * int64(heads) * int64(queries) * int64(wide) * int64((queries+block-1)/block)
}

// keptBytes is about what the way back of a program needs of the way forth: the operands and results of its products.
func keptBytes(g *graph.Graph) int64 {
	kept := map[*graph.Node]bool{}
	for _, n := range g.Nodes() {
		if n.Type() != graph.NodeTypeDotGeneral {
			continue
		}
		kept[n] = true
		for _, operand := range n.Inputs() {
			kept[operand] = operand.Type() != graph.NodeTypeParameter
		}
	}
	bytes := int64(0)
	for n, counts := range kept {
		if counts {
			bytes += int64(n.Shape().ByteSize())
		}
	}
	return bytes
}

// stateBytes is what parameters, moments and gradients take while a step runs.
func (s *session) stateBytes() int64 {
	bytes := int64(0)
	for _, p := range s.params {
		size := 4 * int64(engine.Size(p.shape))
		if bytes += size; !p.frozen {
			bytes += 3 * size
		}
	}
	return bytes
}
