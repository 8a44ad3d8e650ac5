package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"harness/internal/escape"
	"harness/metrics"
	"harness/model"
	"harness/model/corpus"
	"harness/model/dataset"
	"harness/reports/examples"
	"harness/sweeps"
)

// atlas finds the images of a sweep's samples. A data set is large, and what is kept of it is what the samples need.
type atlas struct {
	done    chan struct{} // closed when all below is known
	err     error
	bins    float64
	images  []atlasImage
	pairs   map[string][2]int // of a pair: reference and main image; -1 is none
	regions map[string]region // of IMAGE_REGION
	files   bool              // the images are files of programs, which the answers name
}

type atlasImage struct {
	id, path      string
	width, height int
	regions       []examples.Region
}

type region struct {
	image int
	name  string
}

// atlases are those that were opened, by sweep, task and seed; few are kept.
type atlases struct {
	mu   sync.Mutex
	list map[string]*atlas
}

const (
	mostAtlases = 4
	atlasWait   = 1500 * time.Millisecond // a page waits so long for a data set to be opened; then it goes on without images
)

// atlas is that of a sweep's samples. It is opened once, in the background; opening tells that it is not there yet.
func (s *Server) atlas(ctx context.Context, handle string, of *sampled) (a *atlas, opening bool) {
	key := fmt.Sprintf("%q %q %d", handle, of.samples.Task, of.samples.TrialSeed)
	s.atlases.mu.Lock()
	a, ok := s.atlases.list[key]
	if !ok {
		a = &atlas{done: make(chan struct{})}
		if s.atlases.list == nil || len(s.atlases.list) >= mostAtlases {
			s.atlases.list = map[string]*atlas{}
		}
		s.atlases.list[key] = a
		s.behind.start(func() {
			defer close(a.done)
			defer s.caught("open a data set")
			a.err = errors.New("a fault of the server, which its log tells") // where opening it panics
			a.err = a.open(s.background, s.o.Home, of)
		})
	}
	s.atlases.mu.Unlock()
	timer := time.NewTimer(atlasWait)
	defer timer.Stop()
	select {
	case <-a.done:
	case <-timer.C:
		return a, true
	case <-ctx.Done():
		return a, true
	}
	if a.err != nil { // the next page tries again
		s.atlases.mu.Lock()
		if s.atlases.list[key] == a {
			delete(s.atlases.list, key)
		}
		s.atlases.mu.Unlock()
	}
	return a, false
}

// open reads the data set of the first trial that has answers.
func (a *atlas) open(ctx context.Context, home string, of *sampled) error {
	trial := firstTrial(of)
	if trial == nil {
		return errors.New("no row has answers")
	}
	if trial.Spec.Command != "" {
		a.files = true
		return nil
	}
	result := of.results[trial.ID]
	set, err := model.ExistingData(ctx, trial.Spec, home, cmp.Or(result.Notes["data/hash"], result.DataHash))
	if errors.Is(err, corpus.ErrNoSynthetic) {
		return fmt.Errorf("%w: \"harness examples %s --format html\" writes them again", err, escape.Line(of.plan.Handle))
	}
	if err != nil {
		return err
	}
	a.take(set, of.samples)
	return nil
}

// firstTrial is the trial whose data the images come from.
func firstTrial(of *sampled) *sweeps.Trial {
	for _, row := range of.samples.Rows {
		if t := of.plan.Trial(row.Trial); t != nil && row.Absent == "" {
			return t
		}
	}
	return nil
}

// take keeps the images that samples are about.
func (a *atlas) take(set *dataset.Set, samples *examples.Samples) {
	a.bins, a.pairs, a.regions = dataset.Bins, map[string][2]int{}, map[string]region{}
	kept := map[int]int{}
	keep := func(i int) int {
		if i < 0 {
			return -1
		}
		at, ok := kept[i]
		if !ok {
			at = len(a.images)
			kept[i] = at
			from := &set.Images[i]
			one := atlasImage{id: from.ID, path: from.Path, width: from.Width, height: from.Height}
			for _, r := range from.Regions {
				one.regions = append(one.regions, examples.Region{Name: r.Name, Phrase: r.Phrase, Reference: metrics.Box(r.Box)})
			}
			a.images = append(a.images, one)
		}
		return at
	}
	for _, list := range [][]dataset.Pair{set.Pairs, set.Questions} {
		for _, p := range list {
			if samples.Knows(p.ID) {
				a.pairs[p.ID] = [2]int{keep(p.Ref), keep(p.Main)}
			}
		}
	}
	for i := range set.Images {
		image := &set.Images[i]
		for _, r := range image.Regions {
			if id := image.ID + "_" + r.Name; samples.Knows(id) {
				a.regions[id] = region{keep(i), r.Name}
			}
		}
	}
}

// illustrate adds the images to the samples of a page, or says why there are none.
func (s *Server) illustrate(r *http.Request, handle string, of *sampled, chosen *examples.Examples, d *samplesData) {
	if len(chosen.Pairs) == 0 {
		return
	}
	a, opening := s.atlas(r.Context(), handle, of)
	switch {
	case opening:
		d.Opening = true
		return
	case a.err != nil:
		d.NoImages = a.err.Error()
		return
	case a.files:
		d.addFiles(chosen)
		return
	}
	none := 0
	for i, p := range chosen.Pairs {
		if pair, ok := a.pairs[p.ID]; ok && pair[0] >= 0 && pair[1] >= 0 {
			chosen.IllustrateOne(i, [2]examples.Source{a.source(pair[0], d), a.source(pair[1], d)})
		} else if ok && pair[1] >= 0 {
			chosen.IllustrateSingle(i, a.source(pair[1], d), "main")
		} else if at, ok := a.regions[p.ID]; ok {
			chosen.IllustrateRegion(i, a.source(at.image, d), at.name)
		} else {
			none++
		}
	}
	if none > 0 {
		d.NoImages = fmt.Sprintf("the data set has no images of %d of these samples", none)
	}
}

// source is an image of the atlas, whose pixels are at an address.
func (a *atlas) source(at int, d *samplesData) examples.Source {
	from := a.images[at]
	one := examples.Source{All: from.regions, Bins: a.bins}
	one.ID, one.Width, one.Height = from.id, from.width, from.height
	one.Address = d.imageURL(url.Values{"image": {from.id}})
	return one
}

// imageURL is the address of an image. It asks for the same samples as the page, so that they are not read once more.
func (d *samplesData) imageURL(values url.Values) string {
	for _, name := range []string{"task", "seed"} {
		if value := d.Query.values.Get(name); value != "" {
			values.Set(name, value)
		}
	}
	return d.Base + "/image?" + values.Encode()
}

// addFiles adds the images that programs name in their answers.
func (d *samplesData) addFiles(chosen *examples.Examples) {
	some := false
	for i := range chosen.Pairs {
		p := &chosen.Pairs[i]
		files, _ := p.Files()
		for k, name := range files {
			some = true
			address := d.imageURL(url.Values{"id": {p.ID}, "file": {fmt.Sprint(k)}})
			p.Images = append(p.Images, examples.Image{ID: name, Role: name, Address: address})
		}
	}
	if !some {
		d.NoImages = "the program's answers name none (docs/programs.md says how they can)"
	}
}
