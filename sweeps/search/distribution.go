package search

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"
)

// Kind names a distribution as W&B does.
type Kind string

// The distributions (https://docs.wandb.ai/guides/sweeps/sweep-config-keys). Those that begin with q_ round to multiples of Q.
const (
	Constant            Kind = "constant"
	Categorical         Kind = "categorical"
	IntUniform          Kind = "int_uniform"
	Uniform             Kind = "uniform"
	QUniform            Kind = "q_uniform"
	LogUniform          Kind = "log_uniform" // exp of a uniform number between Min and Max
	LogUniformValues    Kind = "log_uniform_values"
	QLogUniform         Kind = "q_log_uniform"
	QLogUniformValues   Kind = "q_log_uniform_values"
	InvLogUniform       Kind = "inv_log_uniform" // exp(-x) of a uniform number between Min and Max
	InvLogUniformValues Kind = "inv_log_uniform_values"
	Normal              Kind = "normal"
	QNormal             Kind = "q_normal"
	LogNormal           Kind = "log_normal" // exp of a normal number
	QLogNormal          Kind = "q_log_normal"
	Beta                Kind = "beta"
	QBeta               Kind = "q_beta"
)

// Kinds are all distributions.
var Kinds = [...]Kind{Constant, Categorical, IntUniform, Uniform, QUniform, LogUniform, LogUniformValues, QLogUniform, QLogUniformValues,
	InvLogUniform, InvLogUniformValues, Normal, QNormal, LogNormal, QLogNormal, Beta, QBeta}

// Distribution is the distribution of one parameter.
type Distribution struct {
	Kind      Kind
	Min, Max  float64   // of the uniform ones
	Mu, Sigma float64   // of the normal ones
	A, B      float64   // of beta
	Q         float64   // of those that round
	WholeQ    bool      // Q was given as a whole number: then so are the values
	Options   int       // of Categorical: how many values there are
	Weights   []float64 // of Categorical: how likely each is, in any unit; nil: all the same
}

// Fault says which key of a distribution is wrong, in W&B's words, and why.
type Fault struct{ Key, Reason string }

func (f *Fault) Error() string { return f.Key + ": " + f.Reason }

func fault(key, format string, args ...any) error { return &Fault{key, fmt.Sprintf(format, args...)} }

// Value is one value of a parameter.
type Value struct {
	Index  int     // of Constant and Categorical: which of the values
	Number float64 // of the others
	Whole  bool    // Number is a whole number by its kind, not by chance
}

// maxWhole bounds whole numbers: beyond it float64 skips some.
const maxWhole = 1 << 53

// rounds reports whether values are multiples of Q.
func (d Distribution) rounds() bool { return strings.HasPrefix(string(d.Kind), "q_") }

// plain is the kind without rounding.
func (d Distribution) plain() Kind { return Kind(strings.TrimPrefix(string(d.Kind), "q_")) }

// Keys are the keys that the distribution takes, beside distribution itself; those of needed must be given.
func (k Kind) Keys() (needed, optional []string) {
	switch (Distribution{Kind: k}).plain() {
	case Constant:
		needed = []string{"value"}
	case Categorical:
		needed, optional = []string{"values"}, []string{"probabilities"}
	case IntUniform, Uniform, LogUniform, LogUniformValues, InvLogUniform, InvLogUniformValues:
		needed = []string{"min", "max"}
	case Normal, LogNormal:
		optional = []string{"mu", "sigma"}
	case Beta:
		optional = []string{"a", "b"}
	}
	if strings.HasPrefix(string(k), "q_") {
		optional = append(optional, "q")
	}
	return needed, optional
}

// Check refuses what is no distribution, with a *Fault.
func (d Distribution) Check() error {
	if !slices.Contains(Kinds[:], d.Kind) {
		return fault("distribution", "%q is none", d.Kind)
	}
	switch d.plain() {
	case IntUniform, Uniform, LogUniform, LogUniformValues, InvLogUniform, InvLogUniformValues:
		if err := d.checkBounds(); err != nil {
			return err
		}
	case Normal, LogNormal:
		if d.Sigma < 0 {
			return fault("sigma", "%v: want at least 0", d.Sigma)
		}
		if d.plain() == LogNormal && d.Mu+10*d.Sigma > 700 {
			return fault("mu", "its exponential is too large: mu and sigma are those of the logarithm")
		}
	case Beta:
		if d.A <= 0 {
			return fault("a", "%v: want more than 0", d.A)
		}
		if d.B <= 0 {
			return fault("b", "%v: want more than 0", d.B)
		}
	case Categorical:
		return d.checkWeights()
	}
	if d.rounds() {
		return d.checkQ()
	}
	return nil
}

func (d Distribution) checkBounds() error {
	switch {
	case d.Min > d.Max:
		return fault("min", "%v is more than max, %v", d.Min, d.Max)
	case (d.plain() == LogUniformValues || d.plain() == InvLogUniformValues) && d.Min <= 0:
		return fault("min", "%v: want more than 0, there is no logarithm of it", d.Min)
	case d.plain() == LogUniform && d.Max > 700:
		return fault("max", "%v: its exponential is too large; log_uniform_values takes the values themselves", d.Max)
	case d.plain() == InvLogUniform && d.Min < -700:
		return fault("min", "%v: the exponential of its negative is too large; inv_log_uniform_values takes the values themselves", d.Min)
	case d.Kind == IntUniform && (d.Min != math.Trunc(d.Min) || d.Max != math.Trunc(d.Max)):
		return fault("min", "%v to %v: want whole numbers", d.Min, d.Max)
	case d.Kind == IntUniform && (d.Min < -maxWhole || d.Max > maxWhole):
		return fault("max", "want whole numbers of at most 2^53")
	case math.IsInf(d.Max-d.Min, 0):
		return fault("max", "%v: too far from min", d.Max)
	}
	return nil
}

func (d Distribution) checkWeights() error {
	sum := 0.0
	for _, w := range d.Weights {
		if w < 0 {
			return fault("probabilities", "%v: want at least 0", w)
		}
		sum += w
	}
	switch {
	case d.Options < 1:
		return fault("values", "want at least one")
	case d.Weights == nil:
		return nil
	case len(d.Weights) != d.Options:
		return fault("probabilities", "%d for %d values", len(d.Weights), d.Options)
	case math.Abs(sum-1) > 1e-6:
		return fault("probabilities", "their sum is %v: want 1", sum)
	}
	return nil
}

func (d Distribution) checkQ() error {
	if d.Q <= 0 {
		return fault("q", "%v: want more than 0", d.Q)
	}
	low, high := d.bounds()
	if first, last := multiples(low, high, d.Q); first > last {
		return fault("q", "no multiple of %v lies between %v and %v", d.Q, low, high)
	}
	return nil
}

// bounds are the least and the largest value before rounding to Q.
func (d Distribution) bounds() (low, high float64) {
	switch d.plain() {
	case LogUniform:
		return math.Exp(d.Min), math.Exp(d.Max)
	case InvLogUniform:
		return math.Exp(-d.Max), math.Exp(-d.Min)
	case Normal:
		return math.Inf(-1), math.Inf(1)
	case LogNormal:
		return 0, math.Inf(1)
	case Beta:
		return 0, 1
	}
	return d.Min, d.Max
}

// multiples are the first and the last k for which k*q lies between low and high.
func multiples(low, high, q float64) (first, last float64) {
	return math.Ceil(low/q - 1e-9), math.Floor(high/q + 1e-9)
}

// tail keeps u away from 0 and 1, where distributions without bounds have no value.
const tail = 1.0 / (1 << 33)

// At is the value below which the part u of the distribution lies: u uniform in [0, 1) gives values of the distribution. Numbers
// have about six digits, by the width of the distribution, so that a table can print what ran; those of bounded distributions lie
// within the bounds, also after rounding to Q (where W&B may go beyond by half of Q).
func (d Distribution) At(u float64) Value {
	switch d.Kind {
	case Constant:
		return Value{}
	case Categorical:
		return Value{Index: d.index(u)}
	case IntUniform:
		return Value{Number: min(d.Min+math.Floor(u*(d.Max-d.Min+1)), d.Max), Whole: true}
	}
	x := d.quantile(u)
	low, high := d.bounds()
	if !d.rounds() {
		return Value{Number: min(max(d.shortened(x), low), high)}
	}
	first, last := multiples(low, high, d.Q)
	x = min(max(math.RoundToEven(x/d.Q), first), last) * d.Q
	return Value{Number: digits(x, 15), Whole: d.WholeQ && math.Abs(x) <= maxWhole}
}

// index chooses among the values of Categorical.
func (d Distribution) index(u float64) int {
	if d.Weights == nil {
		return min(int(u*float64(d.Options)), d.Options-1)
	}
	sum, last := 0.0, 0
	for i, w := range d.Weights {
		if w == 0 {
			continue
		}
		if sum += w; u < sum {
			return i
		}
		last = i
	}
	return last
}

// quantile is the inverse cumulative distribution function before rounding.
func (d Distribution) quantile(u float64) float64 {
	inside := min(max(u, tail), 1-tail)
	switch d.plain() {
	case LogUniform:
		return math.Exp(d.Min + u*(d.Max-d.Min))
	case LogUniformValues, InvLogUniformValues:
		return math.Exp(math.Log(d.Min) + u*(math.Log(d.Max)-math.Log(d.Min)))
	case InvLogUniform:
		return math.Exp(-d.Max + u*(d.Max-d.Min))
	case Normal:
		return d.Mu + d.Sigma*distuv.UnitNormal.Quantile(inside)
	case LogNormal:
		return math.Exp(d.Mu + d.Sigma*distuv.UnitNormal.Quantile(inside))
	case Beta:
		return distuv.Beta{Alpha: d.A, Beta: d.B}.Quantile(inside)
	}
	return d.Min + u*(d.Max-d.Min)
}

// shortened rounds x to a power of ten that is a hundred-thousandth of the width of the distribution, or less.
func (d Distribution) shortened(x float64) float64 {
	width := math.Abs(x)
	switch d.plain() {
	case Uniform:
		width = d.Max - d.Min
	case Normal:
		width = d.Sigma
	case Beta:
		width = min(math.Abs(x), 1-x)
	default:
		low, high := d.bounds()
		width = min(width, high-low)
	}
	if width == 0 || math.IsInf(width, 0) {
		return digits(x, 15)
	}
	power := int(math.Floor(math.Log10(width * 1e-5)))
	if power > 0 {
		step := math.Pow(10, float64(power))
		return math.Round(x/step) * step
	}
	short, err := strconv.ParseFloat(strconv.FormatFloat(x, 'f', -power, 64), 64)
	if err != nil {
		return x
	}
	return short
}

// digits rounds x to n significant digits.
func digits(x float64, n int) float64 {
	short, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', n, 64), 64)
	if err != nil {
		return x
	}
	return short
}
