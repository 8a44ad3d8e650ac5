package synthetic

import (
	"image"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// placePair draws two films of the design place that differ in state alone, and the geometry of the second.
func placePair(seed uint64, a, b state, p Params) (fa, fb *image.Gray, g geometry) {
	draw := func(s state) *image.Gray {
		r := rand.New(rand.NewPCG(51, seed))
		h := drawChest(r)
		g = drawPose(r, h, &s, false)
		return drawPlaces(r, h, &g, &s, drawExposure(r, false), p)
	}
	fa, fb = draw(a), draw(b)
	return fa, fb, g
}

func placeOnly(f finding) state {
	s := designs[Place].none()
	s.has[f] = presence{present: true, side: s.findings[f].side}
	return s
}

// A finding changes the film in its region: most of the change is inside of its box, and a spot's middle always is.
func TestPlaceFindingsLieInTheirRegions(t *testing.T) {
	p := Place.Default()
	p.Noise, p.Decoys = 0, 0 // a decoy may give way to its finding
	for f, spec := range placeFindings {
		var inside, all float64
		for seed := range uint64(12) {
			a, b, g := placePair(seed, designs[Place].none(), placeOnly(finding(f)), p)
			at := g.boxes()[f]
			var sum, mx, my float64
			for y := range a.Rect.Dy() {
				for x := range a.Rect.Dx() {
					d := math.Abs(float64(b.Pix[y*b.Stride+x]) - float64(a.Pix[y*a.Stride+x]))
					sum, mx, my = sum+d, mx+d*(float64(x)+.5), my+d*(float64(y)+.5)
					if px, py := float64(x)+.5, float64(y)+.5; px > at[0] && px < at[2] && py > at[1] && py < at[3] {
						inside += d * d
					}
					all += d * d
				}
			}
			if sum == 0 {
				t.Fatalf("%s changes nothing", spec.name)
			}
			const near = 6 // pixels: where white is reached, or the film ends, a spot is cut off
			if mx, my = mx/sum, my/sum; mx < at[0]-near || mx > at[2]+near || my < at[1]-near || my > at[3]+near {
				t.Errorf("%s, film %d: the change is about %.0f, %.0f; its region is %v", spec.name, seed, mx, my, at)
			}
		}
		t.Logf("%s: %.3f of the change is in its region", spec.name, inside/all)
		if inside < .6*all {
			t.Errorf("%s: %.2f of the change is in its region, want .60", spec.name, inside/all)
		}
	}
}

// No decoy can be taken for a finding: where its spot may have its middle, that of none can.
func TestDecoysLieOutsideOfFindings(t *testing.T) {
	middles := func(c *chest, z zone) box {
		b := c.place(z)
		m := min(spotMargin, (b[2]-b[0])/2)
		return box{b[0] + m, b[1], b[2] - m, b[3]}
	}
	for i := range uint64(2000) {
		c := drawChest(rand.New(rand.NewPCG(52, i))).chest
		if i%2 == 0 {
			c.heart *= heartGrows
		}
		for k, d := range decoys {
			for f := range placeCardiomegaly {
				if overlap(middles(c, d.zone), middles(c, zones[f])) > 0 {
					t.Fatalf("decoy %d lies in the zone of %s: %+v", k, placeFindings[f].name, *c)
				}
			}
		}
	}
}

// Decoys are drawn as often as asked, and a film without them and without findings has no spot.
func TestDecoysFollowTheirChance(t *testing.T) {
	p := Place.Default()
	p.Noise = 0
	bright := func(decoys float64, s state) (sum float64) {
		p.Decoys = decoys
		for seed := range uint64(20) {
			a, _, _ := placePair(seed, s, s, p)
			for _, x := range a.Pix {
				sum += float64(x)
			}
		}
		return sum
	}
	none := designs[Place].none()
	bare, half, full := bright(0, none), bright(.5, none), bright(1, none)
	if share := (half - bare) / (full - bare); share < .4 || share > .6 {
		t.Errorf("at a chance of .5, decoys add %.2f of what they add at 1", share)
	}
}

// boxesOf are those of n films of a design, in shares of the image.
func boxesOf(t *testing.T, d Design, n int) [][]box {
	t.Helper()
	p, list := d.Default(), make([][]box, n)
	for i := range list {
		r := rand.New(rand.NewPCG(31, uint64(i)))
		h, s := p.design().habitus(r), firstState(r, p)
		g := s.geometry(r, h, &s, i%2 == 0)
		for k, b := range g.boxes() {
			w, h := float64(g.width), float64(g.height)
			if b[0] < 0 || b[1] < 0 || b[2] > w || b[3] > h || b[0] >= b[2] || b[1] >= b[3] {
				t.Fatalf("%s: box %v on an image of %dx%d", s.regions[k].name, b, g.width, g.height)
			}
			list[i] = append(list[i], box{b[0] / w, b[1] / h, b[2] / w, b[3] / h})
		}
	}
	return list
}

// meanBoxAccuracy is the share of boxes of the last third that the mean box of their region, over the rest, overlaps by at least iou.
func meanBoxAccuracy(boxes [][]box, iou float64) float64 {
	train := 2 * len(boxes) / 3
	hits := 0
	for k := range boxes[0] {
		var mean box
		for _, film := range boxes[:train] {
			for c := range mean {
				mean[c] += film[k][c] / float64(train)
			}
		}
		for _, film := range boxes[train:] {
			if overlap(mean, film[k]) >= iou {
				hits++
			}
		}
	}
	return float64(hits) / float64(len(boxes[0])*(len(boxes)-train))
}

// Who has not seen the anatomy cannot say where a region is; all boxes have an area and lie in the image.
func TestPlaceMeanBox(t *testing.T) {
	boxes := boxesOf(t, Place, 1800)
	half, most := meanBoxAccuracy(boxes, .5), meanBoxAccuracy(boxes, .75)
	t.Logf("mean box: %.3f at .5, %.3f at .75", half, most)
	if half > .3 || most > .05 || most >= half {
		t.Errorf("the mean box is right in %.3f at an overlap of .5 and in %.3f at .75: want at most .30 and .05", half, most)
	}
}

// Findings are as frequent as asked, in first studies and in later ones, and change each for itself.
func TestPlacePrevalence(t *testing.T) {
	p := Place.Default()
	var present [6]float64
	n, unchanged, pairs := 0., 0., 0.
	for _, studies := range drawPatients(3000, p) {
		for i, st := range studies {
			n++
			for _, f := range st.state.present() {
				present[f]++
			}
			if i > 0 {
				pairs++
				if slices.Equal(st.state.present(), studies[i-1].state.present()) {
					unchanged++
				}
			}
		}
	}
	for f, count := range present {
		if share := count / n; math.Abs(share-p.Prevalence) > .025 { // 3,000 patients: a standard error of .006 or less
			t.Errorf("%s is in %.3f of the studies, want %.2f", placeFindings[f].name, share, p.Prevalence)
		}
	}
	// A finding is the same in two studies on end with chance 1 - 2·.3·.7·.5 = .79.
	if share := unchanged / pairs; math.Abs(share-math.Pow(.79, 6)) > .02 {
		t.Errorf("%.3f of the pairs are unchanged, want %.3f", share, math.Pow(.79, 6))
	}
}

// saidBy is what a report of the design place names, in its order.
func saidBy(t *testing.T, report string) []string {
	t.Helper()
	_, text, ok := strings.Cut(strings.Join(strings.Fields(report), " "), "FINDINGS: This film ")
	text, dot := strings.CutSuffix(text, ".")
	if names, shows := strings.CutPrefix(text, "shows "); ok && dot && shows {
		return strings.Split(names, ", ")
	}
	if text != "is clear" {
		t.Fatalf("a report of no known form: %q", report)
	}
	return nil
}

// Reports and phrases state findings that are present, in order and in their regions, and leave out as many as asked, each for itself unless they shall say
// the same.
func TestPlaceTextsFollowState(t *testing.T) {
	for _, c := range []struct {
		report, phrase float64
		same           bool
	}{{.1, .1, false}, {.5, .1, false}, {.9, .5, false}, {.1, 1, false}, {0, 0, false}, {.5, .1, true}, {1, 0, true}} {
		p := Place.Default()
		p.ReportDropout, p.PhraseDropout, p.SameReport = c.report, c.phrase, c.same
		present, inReport, inPhrase, inBoth := 0., 0., 0., 0.
		for i, studies := range drawPatients(1000, p) {
			s := &studies[0].state
			text, said := placeTexts(rand.New(rand.NewPCG(61, uint64(i))), s, i%2 == 0, true, p)
			named := saidBy(t, text)
			if len(said) != len(placeRegions) {
				t.Fatalf("%d phrases, want one of each of %d regions", len(said), len(placeRegions))
			}
			var stated []string
			for f, spec := range placeFindings {
				phrase := said[f].sentences[0]
				told := phrase.text == capital(spec.name)+"."
				if said[f].region != placeRegions[f].name || len(said[f].sentences) != 1 || !told && phrase.text != "Clear." || phrase.abnormal != told {
					t.Fatalf("%s: %+v", spec.name, said[f])
				}
				reported := slices.Contains(named, spec.name)
				if reported {
					stated = append(stated, spec.name)
				}
				if !s.has[f].present {
					if told || reported {
						t.Fatalf("%s is stated and not there: %s %+v", spec.name, text, said[f])
					}
					continue
				}
				if c.same && told != reported {
					t.Fatalf("%s: the report states it %v, the phrase %v", spec.name, reported, told)
				}
				present++
				for count, is := range map[*float64]bool{&inReport: reported, &inPhrase: told, &inBoth: reported && told} {
					if is {
						*count++
					}
				}
			}
			if !slices.Equal(named, stated) {
				t.Fatalf("%q names %q, want each once in the order of the findings", text, named)
			}
		}
		wantPhrase, wantBoth := 1-c.phrase, (1-c.report)*(1-c.phrase)
		if c.same {
			wantPhrase, wantBoth = 1-c.report, 1-c.report
		}
		for what, share := range map[string][2]float64{
			"reports state": {inReport, 1 - c.report}, "phrases state": {inPhrase, wantPhrase}, "both state": {inBoth, wantBoth},
		} {
			got, want := share[0]/present, share[1]
			if bound := 4 * math.Sqrt(want*(1-want)/present); math.Abs(got-want) > bound {
				t.Errorf("%+v: %s %.3f of what is there, want %.3f ± %.3f", c, what, got, want, bound)
			}
		}
	}
}

// What texts draw does not depend on what they are to leave out: all that is drawn after them stays.
func TestPlaceTextsDrawTheSame(t *testing.T) {
	s := placeOnly(placeHernia)
	var after []uint64
	for _, dropout := range []float64{0, .5, 1} {
		for _, same := range []bool{false, true} {
			p := Place.Default()
			p.ReportDropout, p.PhraseDropout, p.SameReport = dropout, 1-dropout, same
			r := rand.New(rand.NewPCG(62, 1))
			placeTexts(r, &s, false, true, p)
			after = append(after, r.Uint64())
		}
	}
	if slices.Min(after) != slices.Max(after) {
		t.Errorf("the next draws differ: %d", after)
	}
}
