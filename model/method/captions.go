package method

import (
	"math/rand/v2"

	"harness/model/corpus"
	"harness/model/dataset"
	"harness/model/engine"
	"harness/model/nn"
	"harness/model/spec"
)

// captioned are images and the texts that are predicted from them.
type captioned struct {
	images []int
	texts  []groupText // in the order of their images
}

// groupText is a text and the group in which it is decoded. The image that it belongs to is counted from the first of captioned.
type groupText struct {
	group string
	nn.Sequence
}

// captionDealer says which images and texts a step sees.
func (r *Run) captionDealer(c nn.Captioner, tasks spec.Tasks) (func(step int) captioned, error) {
	draw, err := r.taskDealer(tasks)
	if err != nil {
		return nil, err
	}
	return func(step int) captioned {
		return r.captionTexts(c, draw(step), corpus.RandomOf(r.Trial.Seed, "pretrain.samples", step))
	}, nil
}

// captionPadding finds how to pad the texts of steps that are computed in so many parts.
func (r *Run) captionPadding(c nn.Captioner, tasks spec.Tasks, parts int) (Padding, error) {
	draw, err := r.taskDealer(tasks)
	if err != nil {
		return Padding{}, err
	}
	texts, err := r.Unseeded().captionDealer(c, tasks)
	if err != nil {
		return Padding{}, err
	}
	groups, eos := groupsOf(tasks), r.Corpus.EOS()
	return r.Padding(c.Decoder.MaxPositionEmbeddings, func() nn.Rooms { return r.largestCaptions(draw, len(tasks.List()), parts) },
		func(step int) (nn.Rooms, error) { return roomsOf(texts(step).split(parts), groups, eos), nil })
}

// captionTexts draws a sequence of each image and task of uses, where the image has what the task needs.
func (r *Run) captionTexts(c nn.Captioner, uses []use, rng *rand.Rand) captioned {
	var all captioned
	for i, u := range uses {
		all.images = append(all.images, u.image)
		for _, task := range u.tasks {
			s, ok := r.taskSequence(c, task, &r.Corpus.Set.Images[u.image], rng)
			if !ok {
				continue
			}
			s.Image = i
			all.texts = append(all.texts, groupText{groupOf(task), s})
		}
	}
	return all
}

func groupOf(task spec.Tasks) string {
	if task == spec.CAP {
		return nn.CaptionGroup
	}
	return nn.RegionGroup
}

func (c captioned) sequences() int { return len(c.texts) }

// split divides the images among n parts, which are as equal as can be.
func (c captioned) split(n int) []captioned {
	parts := make([]captioned, n)
	texts, first := c.texts, 0
	for k := range parts {
		p := captioned{images: share(c.images, k, n)}
		for len(texts) > 0 && texts[0].Image < first+len(p.images) {
			text := texts[0]
			text.Image -= first
			p.texts, texts = append(p.texts, text), texts[1:]
		}
		parts[k] = p
		first += len(p.images)
	}
	return parts
}

// of are the texts of a group. Where there are none, as is possible where few images have regions, it is one token without weight, which keeps the
// shapes.
func (c captioned) of(group string, eos int32) []nn.Sequence {
	var list []nn.Sequence
	for _, text := range c.texts {
		if text.group == group {
			list = append(list, text.Sequence)
		}
	}
	if len(list) == 0 {
		list = []nn.Sequence{{IDs: []int32{eos}, Causal: true}}
	}
	return list
}

// rooms are what the texts need.
func (c captioned) rooms(groups []string, eos int32) nn.Rooms {
	rooms := nn.Rooms{}
	for _, group := range groups {
		rooms[group] = nn.RoomFor(c.of(group, eos))
	}
	return rooms
}

// roomsOf are what any of several parts needs.
func roomsOf(parts []captioned, groups []string, eos int32) nn.Rooms {
	rooms := nn.Rooms{}
	for _, part := range parts {
		for group, room := range part.rooms(groups, eos) {
			rooms[group] = rooms[group].Or(room)
		}
	}
	return rooms
}

// largestCaptions bounds what the texts of a part of a step may need. The number of images of each task comes again after as many steps
// as there are tasks.
func (r *Run) largestCaptions(draw func(step int) []use, tasks, parts int) nn.Rooms {
	p := r.Trial.Pretrain
	prefix := map[string]int{nn.CaptionGroup: len(r.Corpus.IDs("Cap:")), nn.RegionGroup: max(len(r.Corpus.IDs("ARef:")), len(r.Corpus.IDs("GCap:")))}
	for _, name := range dataset.RegionNames {
		prefix[nn.RegionGroup] = max(prefix[nn.RegionGroup], len(r.Corpus.IDs(corpus.CAREFPrompt(name))))
	}
	limit := map[string]int{nn.CaptionGroup: p.MaxReport, nn.RegionGroup: p.MaxPhrase}
	rooms := nn.Rooms{}
	for step := 1; step <= max(tasks, 1); step++ {
		uses := draw(step)
		for k := range parts {
			texts := map[string]int{}
			for _, u := range share(uses, k, parts) {
				for _, task := range u.tasks {
					texts[groupOf(task)]++
				}
			}
			for group, n := range texts {
				rooms[group] = rooms[group].Or(nn.Room{Sequences: n, Length: 1 + prefix[group] + limit[group], Rows: n * (limit[group] + 1)})
			}
		}
	}
	return rooms
}

// captionInputs makes the inputs of a step, or of a part of it.
func (r *Run) captionInputs(c captioned, groups []string, rooms nn.Rooms) engine.Inputs {
	in := engine.Inputs{"patches": r.Corpus.Patches(c.images)}
	var targets []int32
	var weights []float32
	eos := r.Corpus.EOS()
	for _, name := range groups {
		t, w := nn.CollateIn(in, name, c.of(name, eos), eos, rooms[name])
		targets, weights = append(targets, t...), append(weights, w...)
	}
	nn.SetTargets(in, targets, weights)
	return in
}
