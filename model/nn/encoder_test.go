package nn

import (
	"slices"
	"testing"

	"harness/model/engine"
	"harness/model/spec"
)

// firstValues are those of the encoder of a small trial.
func firstValues(t *testing.T, change func(*spec.Trial)) map[string]engine.Param {
	t.Helper()
	trial, err := spec.Default(spec.Smoke)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&trial)
	}
	p := &Parameters{Seed: trial.Seed}
	NewEncoder(trial).Params(p)
	byName := map[string]engine.Param{}
	for _, param := range p.List {
		byName[param.Name] = param
	}
	return byName
}

// A setting of how the encoder starts scales what it says, exactly, and moves nothing else; the default is what is meant by none.
func TestEncoderStarts(t *testing.T) {
	plain := firstValues(t, nil)
	for name, c := range map[string]struct {
		change func(*spec.Trial)
		scaled string
		by     float32
	}{
		"waves of 1":             {func(t *spec.Trial) { t.Init.Waves = 1 }, "encoder.pos", 1 / spec.DefaultWaves},
		"waves of the default":   {func(t *spec.Trial) { t.Init.Waves = spec.DefaultWaves }, "encoder.pos", 1},
		"a patch embedding of 3": {func(t *spec.Trial) { t.Init.Patch = 3 }, "encoder.patch.weight", 3},
		"a patch embedding of 1": {func(t *spec.Trial) { t.Init.Patch = 1 }, "encoder.patch.weight", 1},
		"a frozen one":           {func(t *spec.Trial) { t.Encoder.FreezePatch = true }, "encoder.patch.weight", 1},
	} {
		got := firstValues(t, c.change)
		if len(got) != len(plain) {
			t.Fatalf("%s: %d parameters, want %d", name, len(got), len(plain))
		}
		for param, p := range plain {
			want := slices.Clone(p.Tensor.F32)
			if param == c.scaled {
				for i := range want {
					want[i] *= c.by
				}
			}
			if !slices.Equal(got[param].Tensor.F32, want) {
				t.Errorf("%s: %s is not what it was times the factor", name, param)
			}
			frozen := name == "a frozen one" && (param == "encoder.patch.weight" || param == "encoder.patch.bias")
			if got[param].Frozen != frozen {
				t.Errorf("%s: %s frozen %v", name, param, got[param].Frozen)
			}
		}
	}
	random := func(waves float64) []float32 {
		return firstValues(t, func(t *spec.Trial) { t.Init.Positions, t.Init.Waves = spec.InitRandom, waves })["encoder.pos"].Tensor.F32
	}
	if !slices.Equal(random(0), random(1)) {
		t.Error("positions that start at random depend on init.waves")
	}
}
