// Package bert runs a BERT in Hugging Face layout forward, for BERTScore: Open reads the folder (config.json, vocab.txt and
// model.safetensors or pytorch_model.bin), Embed gives the vectors after one layer. There is no training, no pooler and no head.
package bert

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"

	"harness/model/checkpoint"
	"harness/model/engine"
	"harness/model/tokenizer"
)

// DefaultLayer is the layer that is read by default: what the bert_score package takes for bert-base-uncased. PubMedBERT
// is not in its table (FACTS 5).
const DefaultLayer = 9

// maxBatch is how many texts go through the model at a time.
const maxBatch = 32

// Model is an open BERT. It may be used by several goroutines; the engine is parallel inside, so they take turns.
type Model struct {
	name    string
	weights string
	layer   int
	config  checkpoint.BERTConfig
	pieces  *tokenizer.WordPiece

	mu      sync.Mutex
	session engine.Session
}

// Open reads the BERT in dir. layer is the one whose output Embed returns, from 1; 0 means DefaultLayer, or the last of a smaller
// model. Layers behind it are not loaded.
func Open(dir string, layer int, on engine.Engine) (*Model, error) {
	config, err := checkpoint.ReadBERTConfig(dir)
	if err != nil {
		return nil, err
	}
	if layer == 0 {
		layer = min(DefaultLayer, config.Layers)
	}
	if layer < 0 || layer > config.Layers {
		return nil, fmt.Errorf("%s: no layer %d in a model of %d", dir, layer, config.Layers)
	}
	pieces, err := tokenizer.OpenWordPiece(dir)
	if err != nil {
		return nil, err
	}
	if pieces.Size() > config.Vocab {
		return nil, fmt.Errorf("%s: vocab.txt has %d tokens, config.json says %d", dir, pieces.Size(), config.Vocab)
	}
	m := &Model{name: filepath.Base(filepath.Clean(dir)), config: config, layer: layer, pieces: pieces}
	if err := m.load(dir, on); err != nil {
		return nil, err
	}
	return m, nil
}

// load reads the weights up to the chosen layer and gives them to the engine.
func (m *Model) load(dir string, on engine.Engine) error {
	file, err := checkpoint.LoadAny(dir)
	if err != nil {
		return err
	}
	defer file.Close()
	cut := m.config
	cut.Layers = m.layer
	named, err := checkpoint.BERTParams(file, cut)
	if err != nil {
		return err
	}
	params := make([]engine.Param, len(named))
	for i, n := range named {
		params[i] = engine.Param{Name: n.Name, Tensor: engine.Floats(n.F32, n.Shape...), Frozen: true}
	}
	m.weights = filepath.Base(file.Path())
	m.session, err = on.New(params)
	return err
}

// Close frees the model.
func (m *Model) Close() { m.session.Close() }

// Describe names the folder, the weights and the layer.
func (m *Model) Describe() string {
	return fmt.Sprintf("%s (%s), layer %d of %d", m.name, m.weights, m.layer, m.config.Layers)
}

// Tokenize returns [CLS], the pieces of a text, [SEP], at most as many as the model has positions.
func (m *Model) Tokenize(text string) []int { return m.pieces.Encode(text, m.config.Positions) }

// Embed returns the ids of each text and the vector [width] of each id after the chosen layer.
func (m *Model) Embed(ctx context.Context, texts []string) (ids [][]int, hidden [][][]float32, err error) {
	for len(texts) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		batch := texts[:min(maxBatch, len(texts))]
		texts = texts[len(batch):]
		var tokens [][]int
		for _, text := range batch {
			tokens = append(tokens, m.Tokenize(text))
		}
		vectors, err := m.forward(tokens)
		if err != nil {
			return nil, nil, err
		}
		ids, hidden = append(ids, tokens...), append(hidden, vectors...)
	}
	return ids, hidden, nil
}

// forward runs one batch, padded to its longest text.
func (m *Model) forward(tokens [][]int) ([][][]float32, error) {
	longest := 0
	for _, t := range tokens {
		longest = max(longest, len(t))
	}
	padded := make([]int32, len(tokens)*longest)
	lengths := make([]int32, len(tokens))
	for i, t := range tokens {
		lengths[i] = int32(len(t))
		for k, id := range t {
			padded[i*longest+k] = int32(id)
		}
	}
	m.mu.Lock()
	out, err := m.session.Run("bert", m.program, engine.Inputs{
		"ids":     engine.Ints(padded, len(tokens), longest),
		"lengths": engine.Ints(lengths, len(tokens)),
	})
	m.mu.Unlock()
	if err != nil {
		return nil, err
	}
	width := m.config.Width
	hidden := make([][][]float32, len(tokens))
	for i, t := range tokens {
		for k := range t {
			at := (i*longest + k) * width
			hidden[i] = append(hidden[i], out[0].F32[at:at+width:at+width])
		}
	}
	return hidden, nil
}

// program computes the hidden states after the last loaded layer. B texts, S positions, d width.
func (m *Model) program(o engine.Ops) []engine.Value {
	length := o.IntShape("ids")[1]
	width := m.config.Width
	firstType := o.Reshape(o.Slice(o.Param("bert.type"), 0, 0, 1), width)
	x := o.Embedding(o.Param("bert.token"), "ids") // [B, S, d]
	x = o.Add(x, o.Slice(o.Param("bert.pos"), 0, 0, length))
	x = m.norm(o, "bert.norm", o.Add(x, firstType))
	for i := range m.layer {
		block := fmt.Sprintf("bert.blocks.%d.", i)
		q, k, v := linear(o, block+"attn.q", x), linear(o, block+"attn.k", x), linear(o, block+"attn.v", x)
		seen := o.Attention(q, k, v, m.config.Heads, engine.Mask{KeyLengths: "lengths"})
		x = m.norm(o, block+"ln1", o.Add(x, linear(o, block+"attn.out", seen)))
		inner := o.GELU(linear(o, block+"mlp.fc1", x), engine.GELUErf) // [B, S, m]
		x = m.norm(o, block+"ln2", o.Add(x, linear(o, block+"mlp.fc2", inner)))
	}
	return []engine.Value{x}
}

func linear(o engine.Ops, name string, x engine.Value) engine.Value {
	return o.Linear(x, o.Param(name+".weight"), o.Param(name+".bias"))
}

func (m *Model) norm(o engine.Ops, name string, x engine.Value) engine.Value {
	return o.LayerNorm(x, o.Param(name+".weight"), o.Param(name+".bias"), m.config.Eps)
}
