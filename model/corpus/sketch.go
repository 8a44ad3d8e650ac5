package corpus

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"harness/model/dataset"
	"harness/model/dataset/synthetic"
	"harness/model/spec"
)

// Texts says what the texts of a sketch are.
type Texts uint8

const (
	Real    Texts = iota // those that the trial reads
	Bounded              // as long as the trial takes them: its data are not there
)

// Sketch is a trial's data for who counts what it will do: the texts without the pixels. Patches have shapes and no data. Synthetic data that are not
// below home are drawn, as texts, into a folder that is removed again. Where the data below data.root are not there, others stand in for them, whose
// texts are as long as the trial's limits let them be.
func Sketch(ctx context.Context, t spec.Trial, home string) (*Corpus, Texts, error) {
	return (&Sketches{Home: home}).Open(ctx, t)
}

// Sketches opens the sketches of many trials; data that several of them read are read once.
type Sketches struct {
	Home string
	sets map[spec.Data]*dataset.Set
}

// Open is Sketch.
func (s *Sketches) Open(ctx context.Context, t spec.Trial) (*Corpus, Texts, error) {
	if set, known := s.sets[t.Data]; known {
		return of(t, set, nil), Real, nil
	}
	set, texts, err := textsOf(ctx, t, s.Home)
	if err != nil {
		return nil, texts, err
	}
	if texts == Real {
		if s.sets == nil {
			s.sets = map[spec.Data]*dataset.Set{}
		}
		s.sets[t.Data] = set
	}
	return of(t, set, nil), texts, nil
}

// textsOf reads or draws the texts of a sketch.
func textsOf(ctx context.Context, t spec.Trial, home string) (*dataset.Set, Texts, error) {
	set, err := Existing(ctx, t, home)
	if err == nil {
		return set, Real, nil
	}
	texts, drawn := Real, t.Data.Synthetic
	if t.Data.Source != spec.SourceSynthetic {
		if dataset.Find(t.Data.Root) == nil { // they are there, but cannot be read
			return nil, Real, err
		}
		texts, drawn = Bounded, spec.Synthetic{Patients: standIns}
	} else if !errors.Is(err, ErrNoSynthetic) {
		return nil, Real, err
	}
	if set, err = drawTexts(ctx, t, drawn); err != nil {
		return nil, texts, err
	}
	if texts == Bounded {
		lengthen(set, t)
	}
	return set, texts, nil
}

// standIns is the number of synthetic patients that stand in for data that are not there.
const standIns = 40

// drawTexts opens the texts of a synthetic set that is not kept.
func drawTexts(ctx context.Context, t spec.Trial, s spec.Synthetic) (*dataset.Set, error) {
	dir, err := os.MkdirTemp("", "harness-texts-")
	if err != nil {
		return nil, fmt.Errorf("draw texts: %w", err)
	}
	defer os.RemoveAll(dir)
	root, p, err := syntheticSet(s, dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(root), 0o700); err != nil {
		return nil, fmt.Errorf("draw texts: %w", err)
	}
	if err := synthetic.WriteTexts(ctx, root, p); err != nil {
		return nil, err
	}
	t.Data.Source = spec.SourceSynthetic
	return open(ctx, t, root)
}

// lengthen makes every text as long as the trial lets it be.
func lengthen(set *dataset.Set, t spec.Trial) {
	text := func(tokens int) string { return "the" + strings.Repeat(" the", tokens) }
	for i := range set.Images {
		image := &set.Images[i]
		if image.Caption != "" {
			image.Caption = text(t.Pretrain.MaxReport)
		}
		for k := range image.Regions {
			image.Regions[k].Phrase = text(t.Pretrain.MaxPhrase)
		}
	}
	answer := text(t.Eval.MaxNewTokens)
	for _, list := range [][]dataset.Pair{set.Pairs, set.Questions} {
		for i := range list {
			list[i].Answer = answer
		}
	}
}

// WithNoise is the sketch with pixels that show nothing, for who measures how fast a model computes.
func (c *Corpus) WithNoise() *Corpus {
	noisy := *c
	row := make(noise, c.side*c.side)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range row {
		row[i] = byte(r.Uint32())
	}
	noisy.pixels = row
	return &noisy
}

// noise is one image in place of all.
type noise []byte

func (n noise) Row(int) []byte { return n }
func (n noise) Close() error   { return nil }

// Drawn reports whether the synthetic data of a trial are below home; other data are.
func Drawn(t spec.Trial, home string) bool {
	if t.Data.Source != spec.SourceSynthetic {
		return true
	}
	root, p, err := syntheticSet(t.Data.Synthetic, home)
	return err == nil && synthetic.UpToDate(root, p)
}

// Cached reports whether the images of a set are in the cache at the trial's resolution.
func Cached(t spec.Trial, set *dataset.Set, home string) (bool, error) {
	return set.PixelsCached(t.Resolution, filepath.Join(home, "cache"))
}
