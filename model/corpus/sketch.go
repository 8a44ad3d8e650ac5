package corpus

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

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

// Sketches opens the sketches of many trials; data that several of them read are read once. Close it.
type Sketches struct {
	Home string
	Took time.Duration // to read the last that was read, and to make its vocabulary; what was drawn is not in it

	sets  map[spec.Data]*dataset.Set
	drawn string // folder in which texts were drawn, as a home; "" is none
}

// Close removes what was drawn.
func (s *Sketches) Close() error {
	if s.drawn == "" {
		return nil
	}
	return os.RemoveAll(s.drawn)
}

// At is a home in which the texts of a trial are found that was opened: it holds them, or those that were drawn.
func (s *Sketches) At(t spec.Trial) string {
	if s.drawn != "" && !Drawn(t, s.Home) {
		return s.drawn
	}
	return s.Home
}

// Open is a trial's data for who counts what it will do: the texts without the pixels. Patches have shapes and no data. Synthetic data that are not
// below the home are drawn, as texts, into a folder that Close removes. Where the data below data.root are not there, others stand in for them, whose
// texts are as long as the trial's limits let them be.
func (s *Sketches) Open(ctx context.Context, t spec.Trial) (*Corpus, Texts, error) {
	if set, known := s.sets[t.Data]; known {
		return of(t, set, nil), Real, nil
	}
	set, texts, took, err := s.textsOf(ctx, t)
	if err != nil {
		return nil, texts, err
	}
	if texts == Real {
		if s.sets == nil {
			s.sets = map[spec.Data]*dataset.Set{}
		}
		s.sets[t.Data] = set
	}
	began := time.Now()
	c := of(t, set, nil)
	s.Took = took + time.Since(began)
	return c, texts, nil
}

// textsOf reads or draws the texts of a sketch. took is how long it took to read them.
func (s *Sketches) textsOf(ctx context.Context, t spec.Trial) (set *dataset.Set, texts Texts, took time.Duration, err error) {
	began := time.Now()
	if set, err = Existing(ctx, t, s.Home); err == nil {
		return set, Real, time.Since(began), nil
	}
	drawn := t.Data.Synthetic
	if t.Data.Source != spec.SourceSynthetic {
		if dataset.Find(t.Data.Root) == nil { // they are there, but cannot be read
			return nil, Real, 0, err
		}
		texts, drawn = Bounded, spec.Synthetic{Patients: standIns}
	} else if !errors.Is(err, ErrNoSynthetic) {
		return nil, Real, 0, err
	}
	if set, took, err = s.draw(ctx, t, drawn); err != nil {
		return nil, texts, 0, err
	}
	if texts == Bounded {
		lengthen(set, t)
	}
	return set, texts, took, nil
}

// standIns is the number of synthetic patients that stand in for data that are not there.
const standIns = 40

// draw draws the texts of a synthetic set, unless that was done, and opens them.
func (s *Sketches) draw(ctx context.Context, t spec.Trial, of spec.Synthetic) (set *dataset.Set, took time.Duration, err error) {
	if s.drawn == "" {
		if s.drawn, err = os.MkdirTemp("", "harness-texts-"); err != nil {
			return nil, 0, fmt.Errorf("draw texts: %w", err)
		}
	}
	root, p, err := syntheticSet(of, s.drawn)
	if err != nil {
		return nil, 0, err
	}
	if err := os.MkdirAll(filepath.Dir(root), 0o700); err != nil {
		return nil, 0, fmt.Errorf("draw texts: %w", err)
	}
	if !synthetic.UpToDate(root, p) {
		if err := synthetic.WriteTexts(ctx, root, p); err != nil {
			return nil, 0, err
		}
	}
	t.Data.Source = spec.SourceSynthetic
	began := time.Now()
	set, err = open(ctx, t, root)
	return set, time.Since(began), err
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
	answer := text(max(t.LM.MaxPositionEmbeddings, t.Decoder.MaxPositionEmbeddings)) // cut to what questions leave
	for _, list := range [][]dataset.Pair{set.Pairs, set.Questions} {
		for i := range list {
			list[i].Answer = answer
		}
	}
}

// WithNoise is the sketch with pixels that show nothing, for who measures how fast a model computes.
func (c *Corpus) WithNoise() *Corpus {
	noisy := *c
	all := noise{make([]byte, c.side*c.side+shifts), c.side * c.side}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range all.bytes {
		all.bytes[i] = byte(r.Uint32())
	}
	noisy.pixels = all
	return &noisy
}

// shifts is the number of images that differ: what is learnt from images that are all the same is not always a number.
const shifts = 1 << 12

// noise is images that are cut from one line of bytes.
type noise struct {
	bytes []byte
	size  int
}

func (n noise) Row(image int) []byte { return n.bytes[image%shifts:][:n.size] }
func (n noise) Close() error         { return nil }

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
