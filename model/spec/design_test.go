package spec

import (
	"math"
	"testing"
)

func placeTrial(t *testing.T) Trial {
	trial := presetTrial(t, Micro, LocationAware)
	if trial.Data.Synthetic.Design != DesignPlace {
		t.Fatalf("preset micro has the design %q", trial.Data.Synthetic.Design)
	}
	return trial
}

// What a set, or the start of an encoder, cannot be is refused by its field.
func TestDesignsAreValidated(t *testing.T) {
	for want, change := range map[string]func(*Trial){
		`data.synthetic.design: unknown design "shape": want one of ["" "place"], "" being findings that differ in their looks`: func(t *Trial) {
			t.Data.Synthetic.Design = "shape"
		},
		"data.synthetic.report_dropout: 1.5: want 0 … 1":  func(t *Trial) { t.Data.Synthetic.ReportDropout = 1.5 },
		"data.synthetic.report_dropout: NaN: want 0 … 1":  func(t *Trial) { t.Data.Synthetic.ReportDropout = math.NaN() },
		"data.synthetic.phrase_dropout: -0.1: want 0 … 1": func(t *Trial) { t.Data.Synthetic.PhraseDropout = -.1 },
		"data.synthetic.phrase_dropout: 2: want 0 … 1":    func(t *Trial) { t.Data.Synthetic.PhraseDropout = 2 },
		"data.synthetic.contrast: 3: want 0 … 2":          func(t *Trial) { t.Data.Synthetic.Contrast = 3 },
		"init.waves: -1: want more than 0, at most 100":   func(t *Trial) { t.Init.Waves = -1 },
		"init.waves: NaN: want more than 0, at most 100":  func(t *Trial) { t.Init.Waves = math.NaN() },
		"init.patch: 101: want more than 0, at most 100":  func(t *Trial) { t.Init.Patch = 101 },
		"init.patch: +Inf: want more than 0, at most 100": func(t *Trial) { t.Init.Patch = math.Inf(1) },
		"": func(t *Trial) { t.Data.Synthetic.ReportDropout, t.Data.Synthetic.PhraseDropout = 1, 1 },
	} {
		trial := placeTrial(t)
		change(&trial)
		got := ""
		if err := trial.Validate(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Pairs of trials that are one training, and pairs that are not, by what their sets say and how their encoders start.
func TestSameTrialOfDesigns(t *testing.T) {
	look := presetTrial(t, Nano, LocationAware)
	untrained := placeTrial(t)
	untrained.Method = Untrained
	for _, c := range []struct {
		name  string
		start Trial
		first func(*Trial)
		other func(*Trial)
		same  bool
	}{
		{"another design", look, nil, func(t *Trial) { t.Data.Synthetic.Design = DesignPlace }, false},
		{"phrases of the design look", look, nil, func(t *Trial) { t.Data.Synthetic.PhraseDropout = 1 }, true},
		{"same report of the design look", look, nil, func(t *Trial) { t.Data.Synthetic.SameReport = true }, true},
		{"phrases of the design place", placeTrial(t), nil, func(t *Trial) { t.Data.Synthetic.PhraseDropout = 1 }, false},
		{"same report of the design place", placeTrial(t), nil, func(t *Trial) { t.Data.Synthetic.SameReport = true }, false},
		{"phrases that say what the report says", placeTrial(t), func(t *Trial) { t.Data.Synthetic.SameReport = true },
			func(t *Trial) { t.Data.Synthetic.PhraseDropout = 1 }, true},
		{"reports where phrases say the same", placeTrial(t), func(t *Trial) { t.Data.Synthetic.SameReport = true },
			func(t *Trial) { t.Data.Synthetic.ReportDropout = .5 }, false},
		{"place's own dropout of reports", placeTrial(t), nil, func(t *Trial) { t.Data.Synthetic.ReportDropout = .1 }, true},
		{"the dropout of the design look", placeTrial(t), nil, func(t *Trial) { t.Data.Synthetic.ReportDropout = .5 }, false},
		{"place's own dropout of phrases", placeTrial(t), nil, func(t *Trial) { t.Data.Synthetic.PhraseDropout = .1 }, true},
		{"place's own contrast", placeTrial(t), nil, func(t *Trial) { t.Data.Synthetic.Contrast = 1 }, true},
		{"the contrast of the design look", placeTrial(t), nil, func(t *Trial) { t.Data.Synthetic.Contrast = 1.5 }, false},
		{"waves as they are", look, nil, func(t *Trial) { t.Init.Waves = DefaultWaves }, true},
		{"higher waves", look, nil, func(t *Trial) { t.Init.Waves = 1 }, false},
		{"waves of random positions", look, func(t *Trial) { t.Init.Positions = InitRandom }, func(t *Trial) { t.Init.Waves = 1 }, true},
		{"a patch embedding of Xavier's size", look, nil, func(t *Trial) { t.Init.Patch = 1 }, true},
		{"a larger patch embedding", look, nil, func(t *Trial) { t.Init.Patch = 3 }, false},
		{"a larger patch embedding, untrained", untrained, nil, func(t *Trial) { t.Init.Patch = 2 }, false},
		{"a frozen patch embedding", look, nil, func(t *Trial) { t.Encoder.FreezePatch = true }, false},
		{"a frozen patch embedding, untrained", untrained, nil, func(t *Trial) { t.Encoder.FreezePatch = false }, true},
	} {
		a := c.start
		if c.first != nil {
			c.first(&a)
		}
		b := a
		c.other(&b)
		if (a.ID() == b.ID()) != c.same {
			t.Errorf("%s: one trial %v, want %v", c.name, !c.same, c.same)
		}
	}
}

// Sets that differ in texts alone have the same images; other sets do not.
func TestImagesOfSets(t *testing.T) {
	set := placeTrial(t).Data.Synthetic
	with := func(change func(*Synthetic)) Synthetic { s := set; change(&s); return s.Images() }
	for name, same := range map[string]Synthetic{
		"report dropout": with(func(s *Synthetic) { s.ReportDropout = .9 }),
		"phrase dropout": with(func(s *Synthetic) { s.PhraseDropout = 1 }),
		"same report":    with(func(s *Synthetic) { s.SameReport = true }),
		"own contrast":   with(func(s *Synthetic) { s.Contrast = 1 }),
	} {
		if same != set.Images() {
			t.Errorf("%s: other images", name)
		}
	}
	for name, other := range map[string]Synthetic{
		"design":   with(func(s *Synthetic) { s.Design = DesignLook }),
		"contrast": with(func(s *Synthetic) { s.Contrast = .8 }),
		"seed":     with(func(s *Synthetic) { s.Seed++ }),
		"patients": with(func(s *Synthetic) { s.Patients++ }),
	} {
		if other == set.Images() {
			t.Errorf("another %s: the same images", name)
		}
	}
}
