// Package corpus is the data of a trial as its models read them: the data set, its texts as tokens, its images as patches, and
// the order in which samples are drawn.
//
//	Data       the trial's data set
//	Open       and its pixels at the trial's resolution, and its vocabulary
//	Corpus     images, texts and pairs; Patches and IDs turn them into inputs
//	Sampler    deals samples out, the same for every run of a seed
//	CapText …  the texts of the four tasks
package corpus

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"

	"harness/model/dataset"
	"harness/model/dataset/synthetic"
	"harness/model/digest"
	"harness/model/spec"
	"harness/model/tokenizer"
)

// Corpus is the data of a trial: texts, pixels at the trial's resolution, and the vocabulary.
type Corpus struct {
	Set *dataset.Set
	Tok tokenizer.Tokenizer

	pixels pixels // nil where patches have shapes alone
	side   int    // pixels of an image's side
	patch  int    // pixels of a patch's side
	// channels is how often the gray pixels of a patch are written, one channel behind the other.
	channels int
	ids      map[string][]int32
}

// pixels are images as squares of gray bytes.
type pixels interface {
	Row(image int) []byte
	Close() error
}

// Recorder takes what a reader of the trial's numbers must know about its data, and how far opening them is.
type Recorder interface {
	Note(key, text string) error
	Progress(stage string, step, total int, loss float64)
}

// Data opens the trial's data set, without its pixels; synthetic data are written below home first where they are missing. Files must
// have the digest that the trial names, where it names one.
func Data(ctx context.Context, t spec.Trial, home string, rec Recorder) (*dataset.Set, error) {
	root := t.Data.Root
	if t.Data.Source == spec.SourceSynthetic {
		var err error
		if root, err = synthesise(ctx, t.Data.Synthetic, home, rec); err != nil {
			return nil, err
		}
	}
	return open(ctx, t, root)
}

// ErrNoSynthetic means that synthetic data are not below the home.
var ErrNoSynthetic = errors.New("the synthetic data of the trial are no longer in the home")

// Existing is [Data] for who may not write: synthetic data that are missing are ErrNoSynthetic.
func Existing(ctx context.Context, t spec.Trial, home string) (*dataset.Set, error) {
	root := t.Data.Root
	if t.Data.Source == spec.SourceSynthetic {
		at, p, err := syntheticSet(t.Data.Synthetic, home)
		if err != nil {
			return nil, err
		}
		if !synthetic.UpToDate(at, p) {
			return nil, ErrNoSynthetic
		}
		root = at
	}
	return open(ctx, t, root)
}

// open opens the data set at root as the trial reads it.
func open(ctx context.Context, t spec.Trial, root string) (*dataset.Set, error) {
	set, err := dataset.Open(ctx, root, dataset.Options{Splits: dataset.Splits(t.Data.Splits), KeepPriorSentences: t.Data.KeepPrior})
	if err != nil {
		return nil, err
	}
	if t.Data.Source == spec.SourceFiles {
		if err := digest.Match("the data below", root, t.Data.Digest, set.Hash()); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// Open opens the trial's data with its pixels and vocabulary.
func Open(ctx context.Context, t spec.Trial, home string, rec Recorder) (*Corpus, error) {
	set, err := Data(ctx, t, home, rec)
	if err != nil {
		return nil, err
	}
	return OpenSet(ctx, t, set, home, rec)
}

// OpenSet opens the pixels and the vocabulary of a data set for a trial.
func OpenSet(ctx context.Context, t spec.Trial, set *dataset.Set, home string, rec Recorder) (*Corpus, error) {
	pixels, err := set.OpenPixels(ctx, t.Resolution, filepath.Join(home, "cache"), func(done, total int) {
		rec.Progress("images", done, total, math.NaN())
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
	c := of(t, set, pixels)
	return c, c.describe(rec)
}

func of(t spec.Trial, set *dataset.Set, from pixels) *Corpus {
	c := &Corpus{Set: set, pixels: from, side: t.Resolution, patch: t.Encoder.Patch, channels: max(t.Encoder.Channels, 1)}
	c.Tok = c.vocabulary(t)
	c.ids = map[string][]int32{}
	return c
}

// Close frees the pixels.
func (c *Corpus) Close() {
	if c.pixels != nil {
		c.pixels.Close()
	}
}

// describe records what a reader of the numbers must know about the data.
func (c *Corpus) describe(rec Recorder) error {
	notes := [][2]string{
		{"data/hash", c.Set.Hash()},
		{"data/splits", string(c.Set.Splits)},
	}
	if c.Set.Synthetic != "" {
		notes = append(notes, [2]string{"data/synthetic", c.Set.Synthetic})
	}
	if faults := c.Set.Faults.String(); faults != "" {
		notes = append(notes, [2]string{"data/faults", faults})
	}
	for _, n := range c.Set.Notes {
		notes = append(notes, [2]string{"data/note", n})
	}
	for _, n := range notes {
		if err := rec.Note(n[0], n[1]); err != nil {
			return err
		}
	}
	return nil
}

// Images lists the images of a split that keep accepts.
func (c *Corpus) Images(split dataset.Split, keep func(*dataset.Image) bool) []int {
	var list []int
	for i := range c.Set.Images {
		if image := &c.Set.Images[i]; image.Split == split && keep(image) {
			list = append(list, i)
		}
	}
	return list
}

// Pairs lists the difference pairs of a split.
func (c *Corpus) Pairs(split dataset.Split) []dataset.Pair { return OfSplit(c.Set.Pairs, split) }

// OfSplit keeps the questions of a split.
func OfSplit(list []dataset.Pair, split dataset.Split) []dataset.Pair {
	var kept []dataset.Pair
	for _, p := range list {
		if p.Split == split {
			kept = append(kept, p)
		}
	}
	return kept
}

// FrequentAnswers returns the most frequent answer to a question in training, the first in order among equals; of a question that training
// has not, the most frequent of all.
func FrequentAnswers(train []dataset.Pair) func(question string) string {
	n := map[string]int{}
	best := map[string]string{} // question -> answer
	for _, pair := range train {
		for _, question := range []string{pair.Question, ""} {
			key := question + "\n" + pair.Answer
			n[key]++
			held := question + "\n" + best[question]
			if n[key] > n[held] || best[question] == "" {
				best[question] = pair.Answer
			}
		}
	}
	return func(question string) string {
		if answer, ok := best[question]; ok {
			return answer
		}
		return best[""]
	}
}
