package nn

import (
	"fmt"

	"harness/model/engine"
	"harness/model/spec"
)

// QFormer is the querying transformer of BLIP-2 (Li et al. 2023, section 3.1): q learned queries read an image by cross-attention
// in every second block, the first included. Queries and texts pass the same self-attention, and layer norms and feed-forward layers
// of their own behind it. Blocks are pre-layer-norm, as everywhere here; BERT's are post-layer-norm.
type QFormer struct {
	spec.QFormer
	Image     int // e, of the visual tokens that it reads
	Vocab     int // V, without the two marks that start its texts
	Positions int // of a text
	Eps       float64
}

// NewQFormer is the Q-Former of a trial for a vocabulary of V tokens.
func NewQFormer(t spec.Trial, vocab int) QFormer {
	return QFormer{QFormer: t.QFormerSizes(), Image: t.Encoder.Width, Vocab: vocab, Positions: t.Decoder.MaxPositionEmbeddings, Eps: 1e-6}
}

// Params adds the part that the queries pass: all that is left of the Q-Former once it has learned to represent images.
func (q QFormer) Params(p *Parameters) {
	p.Normal("qformer.queries", 0.02, q.Queries, q.Width)
	for i := range q.Depth {
		block := queryBlock(i)
		p.LayerNorm(block+".ln1", q.Width)
		p.Attention(block+".self", q.Width) // shared by queries and text
		if crosses(i) {
			p.LayerNorm(block+".ln2", q.Width)
			p.Linear(block+".cross.q", q.Width, q.Width)
			p.Linear(block+".cross.k", q.Image, q.Width)
			p.Linear(block+".cross.v", q.Image, q.Width)
			p.Linear(block+".cross.out", q.Width, q.Width)
		}
		p.LayerNorm(block+".ln3", q.Width)
		p.MLP(block+".mlp", q.Width, q.MLP, q.Width)
	}
	p.LayerNorm("qformer.norm", q.Width)
}

func queryBlock(i int) string { return fmt.Sprintf("qformer.blocks.%d", i) }

func textBlock(i int) string { return fmt.Sprintf("qformer.text.blocks.%d", i) }

// crosses reports whether block i reads the image.
func crosses(i int) bool { return i%2 == 0 }

// Read gives the outputs of the queries for the visual tokens [I, n, e]: [I, q, d].
func (q QFormer) Read(o engine.Ops, encoded engine.Value) engine.Value {
	seen, _ := q.forward(o, stream{queries: q.start(o, encoded.Shape()[0]), image: q.remember(o, encoded)})
	return seen.queries
}

// start repeats the queries for each of n samples: [n, q, d].
func (q QFormer) start(o engine.Ops, n int) engine.Value {
	one := o.Reshape(o.Param("qformer.queries"), 1, q.Queries, q.Width)
	all := make([]engine.Value, n)
	for i := range all {
		all[i] = one
	}
	return o.Concat(0, all...)
}

// remember projects visual tokens [I, n, e] to the keys and values of the crossing blocks, one pair for every second block.
func (q QFormer) remember(o engine.Ops, encoded engine.Value) Memory {
	var m Memory
	for i := range q.Depth {
		if crosses(i) {
			cross := queryBlock(i) + ".cross"
			m.Keys, m.Values = append(m.Keys, Linear(o, cross+".k", encoded)), append(m.Values, Linear(o, cross+".v", encoded))
		}
	}
	return m
}

// stream is what passes the blocks together: queries [B, q, d], a text [B, L, d] behind them, or one of the two.
type stream struct {
	queries, text engine.Value // nil: there are none
	image         Memory       // what the queries read
	mask          engine.Mask  // of queries and text as one sequence
	before        Memory       // keys and values of earlier queries in every block, which the text sees too
}

// forward passes s through the blocks. It returns the outputs behind the last norms, and the keys and values of the self-attention
// in every block.
func (q QFormer) forward(o engine.Ops, s stream) (stream, Memory) {
	var kept Memory
	for i := range q.Depth {
		// Queries and text leave a block apart: joined, the last block would go back through the one that nothing reads.
		out := o.Recompute(s.joined(o), func(x engine.Value) []engine.Value {
			after, k, v := q.block(o, i, s, x)
			return append(after.parts(), k, v)
		})
		s, out = s.with(out)
		kept.Keys, kept.Values = append(kept.Keys, out[0]), append(kept.Values, out[1])
	}
	if s.queries != nil {
		s.queries = LayerNorm(o, "qformer.norm", s.queries, q.Eps)
	}
	if s.text != nil {
		s.text = LayerNorm(o, "qformer.text.norm", s.text, q.Eps)
	}
	return s, kept
}

// block passes x, the sequence of s, through block i, and returns the keys and values of its self-attention, too.
func (q QFormer) block(o engine.Ops, i int, s stream, x engine.Value) (after stream, k, v engine.Value) {
	block := queryBlock(i)
	h := LayerNorm(o, block+".ln1", x, q.Eps)
	k, v = Linear(o, block+".self.k", h), Linear(o, block+".self.v", h)
	keys, values := k, v
	if s.before.Keys != nil {
		keys, values = o.Concat(1, s.before.Keys[i], k), o.Concat(1, s.before.Values[i], v)
	}
	seen := o.Attention(Linear(o, block+".self.q", h), keys, values, q.Heads, s.mask)
	s = s.split(o, o.Add(x, Linear(o, block+".self.out", seen)))
	if s.queries != nil {
		if crosses(i) {
			s.queries = q.cross(o, block, s.queries, s.image, i/2)
		}
		s.queries = o.Add(s.queries, MLP(o, block+".mlp", LayerNorm(o, block+".ln3", s.queries, q.Eps)))
	}
	if s.text != nil {
		own := textBlock(i)
		s.text = o.Add(s.text, MLP(o, own+".mlp", LayerNorm(o, own+".ln3", s.text, q.Eps)))
	}
	return s, k, v
}

// cross lets the queries look at the image.
func (q QFormer) cross(o engine.Ops, block string, queries engine.Value, image Memory, at int) engine.Value {
	asked := Linear(o, block+".cross.q", LayerNorm(o, block+".ln2", queries, q.Eps))
	k, v := image.at(o, at)
	seen := o.Attention(asked, k, v, q.Heads, engine.Mask{})
	return o.Add(queries, Linear(o, block+".cross.out", seen))
}

// joined is queries and text as one sequence.
func (s stream) joined(o engine.Ops) engine.Value {
	switch {
	case s.text == nil:
		return s.queries
	case s.queries == nil:
		return s.text
	}
	return o.Concat(1, s.queries, s.text)
}

// parts are the queries and the text, where there are any.
func (s stream) parts() []engine.Value {
	var list []engine.Value
	for _, part := range []engine.Value{s.queries, s.text} {
		if part != nil {
			list = append(list, part)
		}
	}
	return list
}

// with is s with other parts, the first of the list, and what follows them.
func (s stream) with(list []engine.Value) (stream, []engine.Value) {
	for _, part := range []*engine.Value{&s.queries, &s.text} {
		if *part != nil {
			*part, list = list[0], list[1:]
		}
	}
	return s, list
}

// split takes queries and text out of the sequence x again.
func (s stream) split(o engine.Ops, x engine.Value) stream {
	switch {
	case s.text == nil:
		s.queries = x
	case s.queries == nil:
		s.text = x
	default:
		q, all := s.queries.Shape()[1], x.Shape()[1]
		s.queries, s.text = o.Slice(x, 1, 0, q), o.Slice(x, 1, q, all)
	}
	return s
}

// QueryAdapter is BLIP-2 in difference VQA: the Q-Former reads each image of the input "encoded" [2B, n, e]; its queries get the
// temporal embeddings (eq. 2; one row a query and image) and one linear layer to the width of the LM.
type QueryAdapter struct {
	QFormer
	Out int // width of the LM
}

// Len is 2q.
func (a QueryAdapter) Len() int { return 2 * a.Queries }

// Params adds qformer.*, without its text part, and temporal.
func (a QueryAdapter) Params(p *Parameters) {
	p.Normal("temporal", 0.02, 2, a.Queries, a.Width)
	a.PrefixParams(p)
}

// Visual is [B, 2q, d].
func (a QueryAdapter) Visual(o engine.Ops) (visual, loss engine.Value) {
	return PairTokens(o, a.Read(o, o.Input("encoded")), a.project(o)), nil
}

// PrefixParams adds what [QueryAdapter.Prefix] needs.
func (a QueryAdapter) PrefixParams(p *Parameters) {
	a.QFormer.Params(p)
	p.Linear("qformer.project", a.Width, a.Out)
}

// Prefix is one image of visual tokens [I, n, e] as the LM reads it: [I, q, d].
func (a QueryAdapter) Prefix(o engine.Ops, encoded engine.Value) engine.Value {
	return a.project(o)(a.Read(o, encoded))
}

func (a QueryAdapter) project(o engine.Ops) func(engine.Value) engine.Value {
	return func(x engine.Value) engine.Value { return Linear(o, "qformer.project", x) }
}

// Describe is the loss of the group "text", which the LM writes behind the prefix of visual tokens [B, n, e]. The prefix
// stands at the positions of the main image, the second of the two that lm has.
func (a QueryAdapter) Describe(o engine.Ops, lm LanguageModel, encoded engine.Value) engine.Value {
	group := Group("text")
	length := o.IntShape(group.IDs)[1]
	positions := o.Slice(o.Param("transformer.wpe.weight"), 0, a.Queries, 2*a.Queries+length)
	x := lm.Forward(o, a.Prefix(o, encoded), group, positions, nil) // [B, q+L, d]
	text := o.Slice(x, 1, a.Queries, a.Queries+length)
	return o.CrossEntropy(lm.Logits(o, GatherRows(o, text, group.Rows)), "labels", "weights", 0)
}
