package xla

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
)

// queryBlock is the queries from … to-1 and the keys 0 … keys-1 that they see at most.
type queryBlock struct{ from, to, keys int }

// blocks cuts the queries into blocks of about one size. Where all samples are causal, keys behind the last query of a block are
// left out.
func (a attention) blocks(queries, keys int) []queryBlock {
	most := a.t.s.sizes().Queries
	count := (queries + most - 1) / most
	list := make([]queryBlock, count)
	for i := range list {
		b := queryBlock{i * queries / count, (i + 1) * queries / count, keys}
		if a.mask.Causal && a.mask.CausalRows == "" {
			b.keys = max(1, keys-queries+b.to)
		}
		list[i] = b
	}
	return list
}

// byBlocks computes the scores of one block of queries at a time, each behind a barrier that lets it begin when the one before is
// done. The softmax is exact, since a block has all keys of its queries. The way back keeps no weights: it computes those of a
// block again, from the logarithm of their sum (Dao et al. 2022, arXiv 2205.14135, algorithm 4, with blocks of queries alone).
func (a attention) byBlocks(q, k, v *graph.Node) *graph.Node {
	dims := q.Shape().Dimensions
	blocks := a.blocks(dims[1], k.Shape().Dimensions[1])
	qs := a.scaled(q)
	ys, logSums := make([]*graph.Node, len(blocks)), make([]*graph.Node, len(blocks))
	for i, b := range blocks {
		part := cut(qs, b.from, b.to)
		if i > 0 {
			part = graph.SchedulingBarrier(part, ys[i-1])
		}
		var weights *graph.Node
		weights, logSums[i] = maskedSoftmax(a.scores(part, k, b))
		y := a.t.product(side{weights, []int{3}, []int{0, 1}}, side{cut(v, 0, b.keys), []int{1}, []int{0, 2}}, a.t.s.activations())
		ys[i] = graph.Transpose(y, 1, 2) // [B, C, H, d]
	}
	y := graph.Concatenate(ys, 1)
	return a.t.withBack(y, []*graph.Node{q, k, v}, func(arrived *graph.Node) []*graph.Node {
		dqs, dk, dv := make([]*graph.Node, len(blocks)), sumsOf(blocks), sumsOf(blocks)
		var done []*graph.Node
		for i := len(blocks) - 1; i >= 0; i-- {
			b := blocks[i]
			part := graph.SchedulingBarrier(cut(qs, b.from, b.to), done...)
			dy := graph.SchedulingBarrier(cut(arrived, b.from, b.to), done...)
			dq, partK, partV := a.blockBack(b, part, k, v, ys[i], dy, logSums[i])
			dqs[i] = dq
			dk.add(partK)
			dv.add(partV)
			done = []*graph.Node{dq, dk.sums[0], dv.sums[0]}
		}
		dq := graph.MulScalar(full(graph.Concatenate(dqs, 2)), 1/math.Sqrt(float64(a.depth)))
		return []*graph.Node{positionsFirst(dq, q), positionsFirst(dk.joined(), k), positionsFirst(dv.joined(), v)}
	})
}

// cut takes positions from … to-1 of x [B, S, H, d].
func cut(x *graph.Node, from, to int) *graph.Node {
	if from == 0 && to == x.Shape().Dimensions[1] {
		return x
	}
	return graph.SliceAxis(x, 1, graph.AxisRange(from, to))
}

// scores are those of a block's queries [B, C, H, d], already scaled, with the keys that it sees, and their mask: [B, H, C, E].
func (a attention) scores(queries, k *graph.Node, b queryBlock) (scores, seen *graph.Node) {
	scores = a.t.product(side{queries, []int{3}, []int{0, 2}}, side{cut(k, 0, b.keys), []int{3}, []int{0, 2}}, dtypes.Float32)
	return scores, a.seen(scores.Shape().Dimensions, b.from)
}

// blockBack is the way back of one block from the gradient dy [B, C, H, d] of its result y: the gradients of its scaled queries,
// and the block's part of those of the keys and values, [B, H, …, d] in float32.
func (a attention) blockBack(b queryBlock, queries, k, v, y, dy, logSum *graph.Node) (dq, dk, dv *graph.Node) {
	k, v = cut(k, 0, b.keys), cut(v, 0, b.keys)
	scores, seen := a.scores(queries, k, b)
	weights := graph.Exp(graph.Sub(scores, logSum)) // [B, H, C, E]
	if seen != nil {
		weights = graph.Where(seen, weights, graph.ScalarZero(a.t.g, dtypes.Float32))
	}
	across := side{dy, []int{3}, []int{0, 2}}
	dWeights := a.t.product(across, side{v, []int{3}, []int{0, 2}}, dtypes.Float32) // [B, H, C, E]
	mean := graph.ReduceSum(graph.Mul(full(dy), full(y)), -1)                       // [B, C, H]: Σ over keys of weight · dWeight
	dScores := graph.Mul(weights, graph.Sub(dWeights, graph.InsertAxes(graph.Transpose(mean, 1, 2), -1)))
	dq = a.t.product(side{dScores, []int{3}, []int{0, 1}}, side{k, []int{1}, []int{0, 2}}, dtypes.Float32)
	dk = a.t.product(side{dScores, []int{2}, []int{0, 1}}, side{queries, []int{1}, []int{0, 2}}, dtypes.Float32)
	dv = a.t.product(side{weights, []int{2}, []int{0, 1}}, side{dy, []int{1}, []int{0, 2}}, dtypes.Float32)
	return dq, dk, dv
}

// positionsFirst turns a gradient [B, H, S, d] to the shape [B, S, H, d] of x, and to its type.
func positionsFirst(d, x *graph.Node) *graph.Node { return as(graph.Transpose(d, 1, 2), x.DType()) }

// sums add up what blocks give to the gradient of keys or values. Blocks see different numbers of first keys: what lies
// between two such numbers is one sum.
type sums struct {
	ends []int
	sums []*graph.Node // [B, H, ends[i] - ends[i-1], d]
}

func sumsOf(blocks []queryBlock) *sums {
	s := &sums{}
	for _, b := range blocks {
		if n := len(s.ends); n == 0 || s.ends[n-1] < b.keys {
			s.ends = append(s.ends, b.keys)
		}
	}
	s.sums = make([]*graph.Node, len(s.ends))
	return s
}

// add adds part [B, H, E, d], where E is one of the ends.
func (s *sums) add(part *graph.Node) {
	from := 0
	for i, to := range s.ends {
		if to > part.Shape().Dimensions[2] {
			break
		}
		piece := graph.SliceAxis(part, 2, graph.AxisRange(from, to))
		if s.sums[i] != nil {
			piece = graph.Add(s.sums[i], piece)
		}
		s.sums[i], from = piece, to
	}
}

func (s *sums) joined() *graph.Node { return graph.Concatenate(s.sums, 2) }
