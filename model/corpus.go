package model

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"harness/internal/filelock"
	"harness/model/dataset"
	"harness/model/dataset/synthetic"
	"harness/model/engine"
	"harness/model/spec"
	"harness/model/tokenizer"
)

// corpus is the data of a trial: texts, pixels at the trial's resolution, and the vocabulary.
type corpus struct {
	set    *dataset.Set
	pixels *dataset.Pixels
	side   int // pixels of an image's side
	patch  int // pixels of a patch's side
	// channels is how often the gray pixels of a patch are written, one channel behind the other.
	channels int
	tok      tokenizer.Tokenizer
	text     *encoded
}

// openCorpus opens the trial's data; synthetic data are written first where they are missing.
func openCorpus(ctx context.Context, t spec.Trial, env Env, rec Recorder) (*corpus, error) {
	root := t.Data.Root
	if t.Data.Source == spec.SourceSynthetic {
		var err error
		if root, err = synthesise(ctx, t.Data.Synthetic, env, rec); err != nil {
			return nil, err
		}
	}
	set, err := dataset.Open(ctx, root, dataset.Options{Splits: dataset.Splits(t.Data.Splits), KeepPriorSentences: t.Data.KeepPrior})
	if err != nil {
		return nil, err
	}
	if t.Data.Source == spec.SourceFiles {
		if err := checkSeal("the data below", root, t.Data.Digest, set.Hash()); err != nil {
			return nil, err
		}
	}
	pixels, err := set.OpenPixels(ctx, t.Resolution, cacheDir(env.Home), func(done, total int) {
		rec.Progress("images", done, total, nan)
	})
	if err != nil {
		return nil, err
	}
	if bad := pixels.Failed(); len(bad) > 0 {
		if err := rec.Note("data/unreadable", fmt.Sprintf("%d images could not be decoded and are left out", len(bad))); err != nil {
			return nil, err
		}
		set = set.Without(bad)
	}
	c := &corpus{set: set, pixels: pixels, side: t.Resolution, patch: t.Encoder.Patch, channels: max(t.Encoder.Channels, 1)}
	c.tok = c.vocabulary(t)
	c.text = newEncoded(c.tok)
	return c, c.describe(rec)
}

func (c *corpus) close() { c.pixels.Close() }

// describe records what a reader of the numbers must know about the data.
func (c *corpus) describe(rec Recorder) error {
	notes := [][2]string{
		{"data/hash", c.set.Hash()},
		{"data/splits", string(c.set.Splits)},
	}
	if c.set.Synthetic != "" {
		notes = append(notes, [2]string{"data/synthetic", c.set.Synthetic})
	}
	if faults := c.set.Faults.String(); faults != "" {
		notes = append(notes, [2]string{"data/faults", faults})
	}
	for _, n := range c.set.Notes {
		notes = append(notes, [2]string{"data/note", n})
	}
	for _, n := range notes {
		if err := rec.Note(n[0], n[1]); err != nil {
			return err
		}
	}
	return nil
}

// synthesise writes the synthetic set of the given parameters below home/data, once.
func synthesise(ctx context.Context, s spec.Synthetic, env Env, rec Recorder) (string, error) {
	p := synthetic.Default()
	p.Patients, p.Seed = s.Patients, s.Seed
	if s.ReportDropout > 0 {
		p.ReportDropout = s.ReportDropout
	}
	if s.Contrast > 0 {
		p.CoarseContrast = s.Contrast
	}
	encoded, err := json.Marshal(struct {
		Version int
		synthetic.Params
	}{synthetic.Version, p})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(encoded)
	root := filepath.Join(env.Home, "data", "synthetic-"+hex.EncodeToString(sum[:6]))
	if err := os.MkdirAll(filepath.Dir(root), 0o777); err != nil {
		return "", err
	}
	lock, err := filelock.Wait(ctx, root+".lock")
	if err != nil {
		return "", fmt.Errorf("lock synthetic data: %w", err)
	}
	defer lock.Release()
	if synthetic.UpToDate(root, p) {
		return root, nil
	}
	err = synthetic.Write(ctx, root, p, func(done, total int) { rec.Progress("data", done, total, nan) })
	return root, err
}

// vocabulary is GPT-2's, or the part of it that the training texts need at the small presets. Test texts are not looked
// at: what only they contain is spelt in smaller tokens.
func (c *corpus) vocabulary(t spec.Trial) tokenizer.Tokenizer {
	whole := tokenizer.GPT2()
	if t.LM.Weights != "" || t.WholeVocabulary {
		return whole
	}
	var texts []string
	for _, image := range c.set.Images {
		if image.Split != dataset.Train {
			continue
		}
		texts = append(texts, capBody(image.Caption))
		for _, r := range image.Regions {
			prefix, body := carefText(r.Name, r.Phrase, "")
			texts = append(texts, prefix, body)
		}
	}
	for _, list := range [][]dataset.Pair{c.set.Pairs, c.set.Questions} {
		for _, q := range list {
			if q.Split == dataset.Train {
				texts = append(texts, q.Question, answerText(q.Answer))
			}
		}
	}
	return whole.Compact(texts)
}

// images lists the images of a split that keep accepts.
func (c *corpus) images(split dataset.Split, keep func(*dataset.Image) bool) []int {
	var list []int
	for i := range c.set.Images {
		if image := &c.set.Images[i]; image.Split == split && keep(image) {
			list = append(list, i)
		}
	}
	return list
}

// pairs lists the difference pairs of a split.
func (c *corpus) pairs(split dataset.Split) []dataset.Pair { return ofSplit(c.set.Pairs, split) }

func ofSplit(list []dataset.Pair, split dataset.Split) []dataset.Pair {
	var kept []dataset.Pair
	for _, p := range list {
		if p.Split == split {
			kept = append(kept, p)
		}
	}
	return kept
}

// patches are the given images cut into patches, row by row, at x/127.5 - 1 (FACTS 6 #16): [I, n, channels·patch²].
func (c *corpus) patches(images []int) engine.Tensor {
	grid := c.side / c.patch
	n, area := grid*grid, c.patch*c.patch
	size := c.channels * area
	data := make([]float32, len(images)*n*size)
	for i, image := range images {
		cutPatches(data[i*n*size:][:n*size], c.pixels.Row(image), c.side, c.patch, c.channels)
	}
	return engine.Floats(data, len(images), n, size)
}

func cutPatches(dst []float32, pixels []byte, side, patch, channels int) {
	area := patch * patch
	for py := 0; py < side; py += patch {
		for px := 0; px < side; px += patch {
			one := dst[:area]
			for y := range patch {
				for x, v := range pixels[(py+y)*side+px:][:patch] {
					one[y*patch+x] = float32(v)/127.5 - 1
				}
			}
			for k := 1; k < channels; k++ {
				copy(dst[k*area:], one)
			}
			dst = dst[channels*area:]
		}
	}
}

// quantised is a region's box in the 448 bins (FACTS 2.3).
func quantised(image *dataset.Image, r *dataset.Region) ([4]int, bool) {
	return dataset.Quantise(r.Box, image.Width, image.Height)
}

// shuffled is the order of n samples in one pass over them; it depends on the seed, the pass and the purpose alone.
func shuffled(n int, seed int64, purpose string, pass int) []int {
	return randomOf(seed, purpose, pass).Perm(n)
}

// randomOf is the generator of one purpose at one step or pass.
func randomOf(seed int64, purpose string, at int) *rand.Rand {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d", purpose, seed, at))
	return rand.New(rand.NewChaCha8(sum))
}

// pick lists the values at the given places.
func pick(values, places []int) []int {
	picked := make([]int, len(places))
	for i, k := range places {
		picked[i] = values[k]
	}
	return picked
}

// sampler deals n samples out in batches, in a new order each pass.
type sampler struct {
	n, batch int
	seed     int64
	purpose  string
	pass     int
	order    []int
}

func newSampler(n, batch int, seed int64, purpose string) *sampler {
	return &sampler{n: n, batch: batch, seed: seed, purpose: purpose, pass: -1}
}

// of lists the samples of step 1, 2, …: steps may be requested in any order.
func (s *sampler) of(step int) []int {
	picked := make([]int, s.batch)
	for i := range picked {
		at := (step-1)*s.batch + i
		if pass := at / s.n; pass != s.pass {
			s.pass, s.order = pass, shuffled(s.n, s.seed, s.purpose, pass)
		}
		picked[i] = s.order[at%s.n]
	}
	return picked
}
