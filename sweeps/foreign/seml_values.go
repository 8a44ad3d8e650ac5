package foreign

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"harness/sweeps/search"
)

// expand adds the settings of a leaf: every combination of the grid, with each of the drawn samples.
func (r *reader) expand(l level) {
	bundles := r.bundles(l.grid)
	samples := r.samples(l)
	total := len(samples)
	for _, b := range bundles {
		if total *= len(b); total == 0 || len(r.list.Settings)+total > r.most {
			break
		}
	}
	if len(r.list.Settings)+total > r.most {
		r.refuse(l.at, joined(l.name, "grid"), "more than %d settings", r.most)
	}
	if len(r.mistakes) > 0 {
		return
	}
	for _, grid := range product(bundles) {
		for _, sample := range samples {
			r.list.Settings = append(r.list.Settings, slices.Concat(grid, l.fixed, sample))
		}
	}
}

// product is every combination, the first bundle outermost.
func product(bundles [][]Setting) []Setting {
	all := []Setting{nil}
	for _, bundle := range bundles {
		var next []Setting
		for _, before := range all {
			for _, one := range bundle {
				next = append(next, slices.Concat(before, one))
			}
		}
		all = next
	}
	return all
}

// bundles are the axes of a grid; parameters of one zip_id change together and are one axis.
func (r *reader) bundles(grid []parameter) [][]Setting {
	var bundles [][]Setting
	zipped := map[string]int{} // index of the bundle
	for _, p := range grid {
		values := r.gridValues(p)
		zip := ""
		if n := find(p.values, "zip_id"); n != nil {
			zip = n.Value
		}
		at, together := zipped[zip]
		if !together || zip == "" {
			at = len(bundles)
			bundles = append(bundles, make([]Setting, len(values)))
			if zip != "" {
				zipped[zip] = at
			}
		}
		if len(bundles[at]) != len(values) {
			r.refuse(p.at, p.key, "%d values, and the others of zip_id %s have %d", len(values), zip, len(bundles[at]))
			continue
		}
		for i, v := range values {
			bundles[at][i] = append(bundles[at][i], Pair{p.path, v})
		}
	}
	return bundles
}

// gridKeys and randomKeys are the keys of each type, beside type itself.
var (
	gridKeys   = map[string][]string{"choice": {"options"}, "range": {"min", "max", "step"}, "uniform": {"min", "max", "num"}, "loguniform": {"min", "max", "num"}}
	randomKeys = map[string][]string{"choice": {"options"}, "uniform": {"min", "max"}, "loguniform": {"min", "max"}, "randint": {"min", "max"}, "randint_unique": {"min", "max"}}
)

// checkKeys refuses an unknown type, and keys that the type has not or lacks.
func (r *reader) checkKeys(p parameter, known map[string][]string, optional string) bool {
	before := len(r.mistakes)
	keys, ok := known[p.kind]
	if !ok {
		var kinds []string
		for kind := range known {
			kinds = append(kinds, kind)
		}
		slices.Sort(kinds)
		r.refuse(find(p.values, "type"), p.key+".type", "%q: want one of %s", p.kind, strings.Join(kinds, ", "))
		return false
	}
	for _, e := range p.values {
		if e.key != "type" && e.key != optional && !slices.Contains(keys, e.key) {
			r.refuse(e.at, joined(p.key, e.key), "unknown key: %s has %s", p.kind, strings.Join(append(slices.Clone(keys), optional), ", "))
		}
	}
	for _, key := range keys {
		if find(p.values, key) == nil {
			r.refuse(p.at, joined(p.key, key), "missing: %s needs it", p.kind)
		}
	}
	return len(r.mistakes) == before
}

// options are the values of a choice.
func (r *reader) options(p parameter) []*yaml.Node {
	n := find(p.values, "options")
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		r.refuse(n, p.key+".options", "want a list: options: [1, 2]")
		return nil
	}
	if !r.plain(n, p.key+".options") {
		return nil
	}
	return n.Content
}

// gridValues are the values of a parameter of grid:, as numpy's arange, linspace and logspace make them, with 12 digits.
func (r *reader) gridValues(p parameter) []*yaml.Node {
	if !r.checkKeys(p, gridKeys, "zip_id") {
		return nil
	}
	if p.kind == "choice" {
		return r.options(p)
	}
	low, high := r.float(find(p.values, "min"), p.key+".min"), r.float(find(p.values, "max"), p.key+".max")
	if p.kind == "range" {
		return r.arange(p, low, high)
	}
	num := r.whole(find(p.values, "num"), p.key+".num", 1)
	if p.kind == "loguniform" {
		if low <= 0 || high <= 0 {
			r.refuse(find(p.values, "min"), p.key, "%v to %v: there is no logarithm: want numbers above 0", low, high)
			return nil
		}
		low, high = math.Log10(low), math.Log10(high)
	}
	if num > r.most {
		r.refuse(find(p.values, "num"), p.key+".num", "%d: want at most %d", num, r.most)
		return nil
	}
	values := make([]*yaml.Node, num)
	for i := range values {
		x := low
		if num > 1 {
			x += float64(i) * (high - low) / float64(num-1)
		}
		if i > 0 && i == num-1 {
			x = high
		}
		if p.kind == "loguniform" {
			x = math.Pow(10, x)
		}
		values[i] = number(p.at, short(x), false)
	}
	return values
}

func (r *reader) arange(p parameter, low, high float64) []*yaml.Node {
	n := find(p.values, "step")
	step := r.float(n, p.key+".step")
	if len(r.mistakes) > 0 {
		return nil
	}
	count := math.Ceil((high - low) / step)
	switch {
	case step == 0 || !(count >= 1):
		r.refuse(n, p.key, "no values: %v to %v in steps of %v", low, high, step)
		return nil
	case count > float64(r.most):
		r.refuse(n, p.key, "more than %d values", r.most)
		return nil
	}
	isWhole := true
	for _, key := range gridKeys["range"] {
		isWhole = isWhole && find(p.values, key).ShortTag() == "!!int"
	}
	values := make([]*yaml.Node, int(count))
	for i := range values {
		values[i] = number(p.at, short(low+float64(i)*step), isWhole)
	}
	return values
}

// short rounds to 12 significant digits: what a formula leaves beyond them is noise.
func short(x float64) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 12, 64), 64)
	if err != nil {
		return x
	}
	return rounded
}

// samples draws the parameters of random:, each by itself. Without parameters there is one empty sample.
func (r *reader) samples(l level) []Setting {
	if len(l.random) == 0 {
		return []Setting{nil}
	}
	n := r.whole(l.samples, "random.samples", 1)
	if n > r.most {
		r.refuse(l.samples, "random.samples", "%d: want at most %d", n, r.most)
		return nil
	}
	seed := 0
	if l.seed != nil {
		seed = r.whole(l.seed, "random.seed", 0)
	}
	samples := make([]Setting, n)
	for _, p := range l.random {
		own := seed
		if s := find(p.values, "seed"); s != nil {
			own = r.whole(s, p.key+".seed", 0)
		}
		for i, v := range r.draw(p, uint64(own), n) {
			samples[i] = append(samples[i], Pair{p.path, v})
		}
	}
	return samples
}

// draw draws n values of a parameter.
func (r *reader) draw(p parameter, seed uint64, n int) []*yaml.Node {
	if !r.checkKeys(p, randomKeys, "seed") {
		return nil
	}
	before := len(r.mistakes)
	var options []*yaml.Node
	d := search.Distribution{}
	if p.kind == "choice" {
		options = r.options(p)
		d = search.Distribution{Kind: search.Categorical, Options: len(options)}
	} else {
		d.Min, d.Max = r.float(find(p.values, "min"), p.key+".min"), r.float(find(p.values, "max"), p.key+".max")
		d.Kind = map[string]search.Kind{"uniform": search.Uniform, "loguniform": search.LogUniformValues, "randint": search.IntUniform, "randint_unique": search.IntUniform}[p.kind]
		if d.Kind == search.IntUniform {
			d.Min, d.Max = math.Trunc(d.Min), math.Trunc(d.Max)-1 // the last one is not included
		}
	}
	if len(r.mistakes) > before {
		return nil
	}
	if err := d.Check(); err != nil {
		r.refuse(p.at, p.key, "%v", err)
		return nil
	}
	unique := p.kind == "randint_unique"
	if unique && d.Max-d.Min+1 < float64(n) {
		r.refuse(p.at, p.key, "%d different numbers are wanted of %v", n, d.Max-d.Min+1)
		return nil
	}
	sequence, err := search.New(search.Random, seed, []string{p.path}, n)
	if err != nil {
		r.refuse(p.at, p.key, "%v", err)
		return nil
	}
	values := make([]*yaml.Node, 0, n)
	moved := map[float64]float64{} // of a shuffle of min to max that is made as far as it is looked at
	for i := 0; len(values) < n; i++ {
		u := sequence.Next()[0]
		if options != nil {
			values = append(values, options[d.At(u).Index])
			continue
		}
		v := d.At(u)
		if unique {
			v.Number = dealt(moved, d, u, i)
		}
		values = append(values, number(p.at, v.Number, v.Whole))
	}
	return values
}

// dealt is card i of a deck of the numbers min to max that is shuffled by Fisher and Yates while it is dealt.
func dealt(moved map[float64]float64, d search.Distribution, u float64, i int) float64 {
	at := func(k float64) float64 {
		if v, ok := moved[k]; ok {
			return v
		}
		return k
	}
	first := d.Min + float64(i)
	k := min(first+math.Floor(u*(d.Max-first+1)), d.Max)
	card := at(k)
	moved[k] = at(first)
	return card
}
