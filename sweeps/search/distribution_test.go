package search

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// fromConfig makes a distribution of a parameter as W&B's files write it.
func fromConfig(config map[string]any, ints map[string]bool) Distribution {
	d := Distribution{Sigma: 1, A: 1, B: 1, Q: 1}
	for key, field := range map[string]*float64{"min": &d.Min, "max": &d.Max, "mu": &d.Mu, "sigma": &d.Sigma, "a": &d.A, "b": &d.B, "q": &d.Q} {
		if v, ok := config[key].(float64); ok {
			*field = v
		}
	}
	d.WholeQ = ints["q"]
	if values, ok := config["values"].([]any); ok {
		d.Kind, d.Options = Categorical, len(values)
	}
	if list, ok := config["probabilities"].([]any); ok {
		for _, p := range list {
			d.Weights = append(d.Weights, p.(float64))
		}
	}
	kind, named := config["distribution"].(string)
	_, constant := config["value"]
	switch {
	case named:
		d.Kind = Kind(kind)
	case constant:
		d.Kind = Constant
	case d.Kind == "" && ints["min"] && ints["max"]:
		d.Kind = IntUniform
	case d.Kind == "":
		d.Kind = Uniform
	}
	return d
}

// TestAgreesWithWandB compares the inverse distribution functions with those of W&B's own sampler (testdata/record_wandb.py): exactly
// for what is counted or rounded to multiples of q, else up to the digits that are left out.
func TestAgreesWithWandB(t *testing.T) {
	var golden struct {
		U       []float64
		Entries []struct {
			Config json.RawMessage
			Error  string
			Values []any
		}
	}
	readGolden(t, "wandb_golden.json", &golden)
	compared := map[Kind]bool{}
	for _, entry := range golden.Entries {
		if entry.Error != "" {
			t.Logf("W&B refuses %s: %s", entry.Config, entry.Error)
			continue
		}
		var config map[string]any
		var spelled map[string]json.RawMessage
		if err := errors.Join(json.Unmarshal(entry.Config, &config), json.Unmarshal(entry.Config, &spelled)); err != nil {
			t.Fatal(err)
		}
		ints := map[string]bool{}
		for key, text := range spelled {
			_, err := strconv.Atoi(string(text))
			ints[key] = err == nil
		}
		d := fromConfig(config, ints)
		if err := d.Check(); err != nil {
			t.Errorf("%s: %v", entry.Config, err)
			continue
		}
		compared[d.Kind] = true
		for i, u := range golden.U {
			got, want := d.At(u), entry.Values[i]
			switch d.Kind {
			case Constant:
			case Categorical:
				if list := config["values"].([]any); !reflect.DeepEqual(list[got.Index], want) {
					t.Errorf("%s at %v: %v, W&B %v", entry.Config, u, list[got.Index], want)
				}
			default:
				x := want.(float64)
				low, high := d.bounds()
				allowed := 1e-5 * math.Min(high-low, math.Abs(x))
				switch d.Kind {
				case Uniform:
					allowed = 1e-5 * (high - low)
				case Normal:
					allowed = 1e-5 * d.Sigma
				}
				if d.rounds() || d.Kind == IntUniform {
					allowed = 1e-12 * math.Abs(x)
				}
				if math.Abs(got.Number-x) > allowed {
					t.Errorf("%s at %v: %v, W&B %v", entry.Config, u, got.Number, x)
				}
			}
		}
	}
	for _, kind := range Kinds {
		if !compared[kind] {
			t.Errorf("%s was not compared", kind)
		}
	}
}

// Values of bounded distributions lie within the bounds at both ends, are multiples of q, and have few digits.
func TestValuesAreBoundedAndShort(t *testing.T) {
	for _, d := range []Distribution{
		{Kind: Uniform, Min: 0.1, Max: 0.3}, {Kind: Uniform, Min: -1e9, Max: 1e9}, {Kind: Uniform, Min: 1e6, Max: 1e6 + 1e-3}, {Kind: Uniform, Min: 3, Max: 3},
		{Kind: LogUniformValues, Min: 1e-5, Max: 1e-1}, {Kind: LogUniformValues, Min: 1, Max: 1.001}, {Kind: LogUniform, Min: -9, Max: -2},
		{Kind: InvLogUniform, Min: 1, Max: 4}, {Kind: InvLogUniformValues, Min: 1e-3, Max: 1}, {Kind: QUniform, Min: 0.5, Max: 11, Q: 3},
		{Kind: QUniform, Min: 0.1, Max: 0.9, Q: 0.1}, {Kind: QLogUniformValues, Min: 33, Max: 500, Q: 32}, {Kind: IntUniform, Min: -2, Max: 5}, {Kind: Beta, A: 2, B: 3},
	} {
		if err := d.Check(); err != nil {
			t.Errorf("%+v: %v", d, err)
			continue
		}
		low, high := d.bounds()
		for _, u := range []float64{0, 1e-12, 0.1, 0.3333333, 0.5, 0.777777, 1 - 1e-12, math.Nextafter(1, 0)} {
			x := d.At(u).Number
			if x < low || x > high {
				t.Errorf("%+v at %v: %v", d, u, x)
			}
			if k := x / d.Q; d.rounds() && math.Abs(k-math.Round(k)) > 1e-9 {
				t.Errorf("%+v at %v: %v is no multiple of q", d, u, x)
			}
			text := strconv.FormatFloat(x, 'e', -1, 64)
			if digits := strings.IndexByte(text, 'e'); u > 0.01 && u < 0.99 && digits > 16 {
				t.Errorf("%+v at %v: %s", d, u, text)
			}
		}
	}
}

func TestSamplesHaveTheMomentsOfTheDistribution(t *testing.T) {
	for _, c := range []struct {
		d        Distribution
		mean, sd float64
	}{
		{Distribution{Kind: Normal, Mu: 3, Sigma: 0.5}, 3, 0.5},
		{Distribution{Kind: Uniform, Min: 2, Max: 4}, 3, 2 / math.Sqrt(12)},
		{Distribution{Kind: IntUniform, Min: 1, Max: 6}, 3.5, math.Sqrt(35.0 / 12)},
		{Distribution{Kind: LogNormal, Sigma: 0.25}, math.Exp(0.03125), math.Sqrt((math.Exp(0.0625) - 1) * math.Exp(0.0625))},
		{Distribution{Kind: Beta, A: 2, B: 2}, 0.5, math.Sqrt(0.05)},
	} {
		const n = 20000
		s, err := New(Random, 11, []string{"x"}, n)
		if err != nil {
			t.Fatal(err)
		}
		sum, squares := 0.0, 0.0
		for range n {
			x := c.d.At(s.Next()[0]).Number
			sum, squares = sum+x, squares+x*x
		}
		mean := sum / n
		sd := math.Sqrt(squares/n - mean*mean)
		if math.Abs(mean-c.mean) > 5*c.sd/math.Sqrt(n) || math.Abs(sd/c.sd-1) > 0.03 {
			t.Errorf("%+v: mean %v, sd %v; want %v, %v", c.d, mean, sd, c.mean, c.sd)
		}
	}
}

func TestCheckNamesTheKey(t *testing.T) {
	for _, c := range []struct {
		key string
		d   Distribution
	}{
		{"distribution", Distribution{Kind: "loguniform"}},
		{"min", Distribution{Kind: Uniform, Min: 2, Max: 1}},
		{"min", Distribution{Kind: LogUniformValues, Min: 0, Max: 1}},
		{"min", Distribution{Kind: IntUniform, Min: 0.5, Max: 2}},
		{"max", Distribution{Kind: IntUniform, Min: 0, Max: 1e17}},
		{"max", Distribution{Kind: LogUniform, Min: 0, Max: 1000}},
		{"min", Distribution{Kind: InvLogUniform, Min: -1000, Max: 0}},
		{"max", Distribution{Kind: Uniform, Min: -math.MaxFloat64, Max: math.MaxFloat64}},
		{"sigma", Distribution{Kind: Normal, Sigma: -1}},
		{"mu", Distribution{Kind: LogNormal, Mu: 800}},
		{"a", Distribution{Kind: Beta, A: 0, B: 1}},
		{"b", Distribution{Kind: Beta, A: 1, B: -1}},
		{"q", Distribution{Kind: QUniform, Min: 1, Max: 2, Q: 0}},
		{"q", Distribution{Kind: QUniform, Min: 1.1, Max: 1.9, Q: 1}},
		{"values", Distribution{Kind: Categorical}},
		{"probabilities", Distribution{Kind: Categorical, Options: 2, Weights: []float64{1}}},
		{"probabilities", Distribution{Kind: Categorical, Options: 2, Weights: []float64{1.5, -0.5}}},
		{"probabilities", Distribution{Kind: Categorical, Options: 2, Weights: []float64{0.5, 0.6}}},
	} {
		var fault *Fault
		if err := c.d.Check(); !errors.As(err, &fault) || fault.Key != c.key {
			t.Errorf("%+v: %v, want it at %s", c.d, err, c.key)
		}
	}
}

// A value whose probability is 0 is never drawn, not even at the ends.
func TestWeightsOfZero(t *testing.T) {
	d := Distribution{Kind: Categorical, Options: 4, Weights: []float64{0, 0.5, 0.5, 0}}
	for _, u := range []float64{0, 0.3, 0.7, math.Nextafter(1, 0)} {
		if i := d.At(u).Index; i != 1 && i != 2 {
			t.Errorf("at %v: %d", u, i)
		}
	}
}
