// Package bert runs an encoder of the BERT family (BERT, RoBERTa, DeBERTa) in Hugging Face layout forward, for BERTScore.
//
//	Open        reads the folder: config.json, the tokenizer's files, the weights up to one layer
//	Embed       the vectors of texts after that layer
//	LayerOf     the layer that the bert_score package reads of a published model
//
// There is no training, no pooler and no head. Texts are prepared as bert_score 0.3.13 does it with transformers 4: stripped, and
// for RoBERTa with a space before the first word.
package bert

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"harness/metrics"
	"harness/model/checkpoint"
	"harness/model/checkpoint/hub"
	"harness/model/engine/native"
	"harness/model/tokenizer"
)

// Model is an open encoder. It may be used by several goroutines.
type Model struct {
	name    string
	weights string // name of the file
	digest  string
	layer   int
	limit   int // tokens of a text, 0: any number
	config  checkpoint.BERTConfig
	pieces  tokenizer.Sentences
	engine  *native.Engine
	tables  tables
	encoder *native.Encoder
}

// Open reads the encoder in dir. layer is the one whose output Embed returns, from 1; 0 means that of LayerOf for the name in
// config.json or of the folder, and is refused where neither is known. Layers behind it are not loaded.
func Open(ctx context.Context, dir string, layer int, on *native.Engine) (*Model, error) {
	m, err := prepare(dir, layer)
	if err != nil {
		return nil, err
	}
	m.engine = on
	read := make(chan error, 1)
	go func() { read <- m.read(ctx, dir) }()
	select {
	case err := <-read:
		if err != nil {
			return nil, err
		}
	case <-ctx.Done(): // the reading ends by itself; nobody waits for gigabytes that are not wanted
		go func() {
			if <-read == nil {
				m.Close()
			}
		}()
		return nil, ctx.Err()
	}
	return m, nil
}

// prepare reads all of a folder but its weights.
func prepare(dir string, layer int) (*Model, error) {
	config, err := checkpoint.ReadBERTConfig(dir)
	if err != nil {
		return nil, err
	}
	m := &Model{name: nameOf(dir), config: config}
	if layer == 0 {
		var known bool
		if layer, known = LayerOf(config.Name, dir); !known {
			return nil, unknownLayer{dir, config.Layers}
		}
	}
	if layer < 1 || layer > config.Layers {
		return nil, fmt.Errorf("%s: no layer %d in a model of %d", dir, layer, config.Layers)
	}
	m.layer = layer
	if m.pieces, err = tokenizer.OpenSentences(dir, config.Family); err != nil {
		return nil, err
	}
	if m.pieces.Size() > config.Vocab {
		return nil, fmt.Errorf("%s: the tokenizer has %d tokens, config.json says %d", dir, m.pieces.Size(), config.Vocab)
	}
	m.limit = tighter(m.pieces.MaxLength(), config.Tokens())
	return m, nil
}

// Check refuses a folder that Open would refuse. It reads the weights through, keeps nothing, and returns the layer.
func Check(dir string, layer int) (int, error) {
	m, err := prepare(dir, layer)
	if err != nil {
		return 0, err
	}
	file, err := checkpoint.LoadAny(dir)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	m.config.Layers = m.layer
	return m.layer, checkpoint.CheckBERT(file, m.config)
}

// Digest returns the digest of what Open reads of a folder, 64 hex digits, the tokenizer's files among it. It is remembered below
// cache until one of them changes.
func Digest(ctx context.Context, dir, cache string) (string, error) {
	return checkpoint.Digest(ctx, dir, cache, tokenizer.SentenceFiles(dir)...)
}

// read loads the weights, and makes their digest beside it.
func (m *Model) read(ctx context.Context, dir string) error {
	digested := make(chan error, 1)
	go func() {
		var err error
		m.digest, err = checkpoint.Digest(ctx, dir, "")
		digested <- err
	}()
	return errors.Join(m.load(dir), <-digested)
}

// tighter is the smaller of two limits, of which 0 is none.
func tighter(a, b int) int {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// unknownLayer refuses to guess a layer.
type unknownLayer struct {
	dir    string
	layers int
}

func (e unknownLayer) Error() string {
	return fmt.Sprintf("%s: which of its %d layers BERTScore reads is not known: neither the folder nor _name_or_path in config.json "+
		"is a name of the bert_score package's table; give it with --bert-layer, in an experiment with test.bertscore.layer", e.dir, e.layers)
}

// nameOf is what the model is called in reports: its published name where the folder has one that is known. What
// config.json calls itself may be the model that this one was made from.
func nameOf(dir string) string {
	if m, known := find("", dir); known {
		return m.name
	}
	if repository := hub.NameOf(dir); repository != "" {
		return repository
	}
	return filepath.Base(filepath.Clean(dir))
}

// Close frees the model.
func (m *Model) Close() { m.encoder.Close() }

// Name is the published name of the model, or that of its folder.
func (m *Model) Name() string { return m.name }

// Layer is the layer that is read.
func (m *Model) Layer() int { return m.layer }

// Digest names the contents of config.json and of the weights.
func (m *Model) Digest() string { return m.digest }

// Describe names the folder, the weights and the layer.
func (m *Model) Describe() string {
	return fmt.Sprintf("%s (%s), layer %d of %d", m.name, m.weights, m.layer, m.config.Layers)
}

// Limit is how many tokens of a text are read, marks included; 0 means all.
func (m *Model) Limit() int { return m.limit }

// Tokenize returns the ids of a text between the model's marks, at most Limit.
func (m *Model) Tokenize(text string) []int { return m.pieces.Encode(text, m.limit) }

// batchRows is about how many tokens go through the model between two looks at the context, and two reports of progress.
const batchRows = 4096

// Embed returns the ids of each text and their vectors after the chosen layer, each of length 1. Texts of any lengths may be
// mixed: nothing is padded, and what shares a call changes no bit of a result.
func (m *Model) Embed(ctx context.Context, texts [][]int, progress func(done, total int)) ([]metrics.Embedding, error) {
	order := make([]int, len(texts)) // long ones first: threads end together
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return len(texts[j]) - len(texts[i]) })
	out := make([]metrics.Embedding, len(texts))
	for done := 0; done < len(order); {
		var ids [][]int
		rows := 0
		for _, i := range order[done:] {
			if rows > 0 && rows+len(texts[i]) > batchRows {
				break
			}
			ids, rows = append(ids, texts[i]), rows+len(texts[i])
		}
		x, err := m.forward(ctx, ids, rows)
		if err != nil {
			return nil, err
		}
		for _, i := range order[done : done+len(ids)] {
			n := len(texts[i]) * m.config.Width
			out[i] = metrics.Embedding{IDs: texts[i], Width: m.config.Width, Vectors: x[:n:n]}
			x = x[n:]
		}
		done += len(ids)
		if progress != nil {
			progress(done, len(order))
		}
	}
	return out, nil
}

// forward computes the unit vectors of one batch, whose rows lie one behind the other.
func (m *Model) forward(ctx context.Context, texts [][]int, rows int) ([]float32, error) {
	x := make([]float32, rows*m.config.Width)
	lengths := make([]int, len(texts))
	at := 0
	for i, ids := range texts {
		lengths[i] = len(ids)
		if err := m.tables.look(m.config, ids, x[at:]); err != nil {
			return nil, err
		}
		at += len(ids) * m.config.Width
	}
	m.engine.Normalise(x, m.tables.norm, m.config.Eps)
	if err := m.encoder.Encode(ctx, x, lengths); err != nil {
		return nil, err
	}
	for ; len(x) > 0 && at > 0; at -= m.config.Width {
		unit(x[at-m.config.Width : at])
	}
	return x, nil
}

// unit divides a vector by its Euclidean norm.
func unit(v []float32) {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	scale := float32(1 / math.Sqrt(sum))
	for i := range v {
		v[i] *= scale
	}
}
