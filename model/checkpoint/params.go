package checkpoint

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// params collects renamed tensors. The first error stays; later reads do nothing.
type params struct {
	file    *File
	wrapper string // what training programs have put before the names of the whole model
	prefix  string // of every name of the part that is read, wrapper included
	used    map[string]bool
	mode    mode
	out     []Named
	places  []place // one beside each of out, of the mode naming
	err     error
}

// mode is what is done with the tensors that are found.
type mode int

// The modes.
const (
	taking   mode = iota // their values are kept
	checking             // names, types, shapes and whether the values are finite are looked at; no values are kept
	naming               // nothing is read: what would be is noted in places
)

// place is the name and the shape of a tensor in a published file.
type place struct {
	name  string
	shape []int
}

// wrappers are the modules that training programs put around a model, whose names come before those of its tensors: data
// parallelism, a class of one's own, torch.compile.
var wrappers = []string{"module.", "model.", "_orig_mod."}

// newNames returns params that note where the parameters lie in a file of that prefix.
func newNames(prefix string) *params {
	return &params{file: &File{}, prefix: prefix, used: map[string]bool{}, mode: naming}
}

// newParams finds which prefix the file's names have: one of prefixes, since published files have several forms, behind any number
// of wrappers. A file with two such models is refused.
func newParams(f *File, m mode, probe string, prefixes ...string) *params {
	p := &params{file: f, used: map[string]bool{}, mode: m}
	found := 0
	for _, name := range f.Names() {
		start, ends := strings.CutSuffix(name, probe)
		if !ends {
			continue
		}
		for _, prefix := range prefixes { // "" is the last
			wrapper, has := strings.CutSuffix(start, prefix)
			if has && isWrapper(wrapper) {
				if found++; found == 2 {
					p.err = fmt.Errorf("%s: two models: tensors %q and %q", f.path, p.prefix+probe, name)
					return p
				}
				p.wrapper, p.prefix = wrapper, start
				break
			}
		}
	}
	if found == 0 {
		p.err = fmt.Errorf("%s: no tensor %q, with or without the prefixes %q and %q", f.path, probe, prefixes, wrappers)
	}
	return p
}

// isWrapper tells whether a prefix is made of wrappers alone.
func isWrapper(prefix string) bool {
	for prefix != "" {
		_, rest, _ := strings.Cut(prefix, ".")
		if !slices.Contains(wrappers, prefix[:len(prefix)-len(rest)]) {
			return false
		}
		prefix = rest
	}
	return true
}

// read returns the tensor that has the first of names that is there, after checking its shape. The first is that of today's files.
func (p *params) read(shape []int, names ...string) []float32 {
	if p.err != nil {
		return nil
	}
	for _, name := range names {
		if p.file.Has(p.prefix + name) {
			return p.readNamed(shape, p.prefix+name)
		}
	}
	return p.readNamed(shape, p.prefix+names[0])
}

// readNamed is read of a tensor by its whole name.
func (p *params) readNamed(shape []int, name string) []float32 {
	p.used[name] = true
	if p.mode == naming {
		p.places = append(p.places, place{name, shape})
		return nil
	}
	if p.file.Has(name) && !slices.Equal(p.file.Shape(name), shape) {
		p.err = fmt.Errorf("%s: tensor %q has shape %v, want %v by config.json", p.file.path, name, p.file.Shape(name), shape)
		return nil
	}
	if p.mode == checking {
		p.err = p.file.CheckFinite(name)
		return nil
	}
	var values []float32
	if values, p.err = p.file.F32(name); p.err == nil {
		p.err = finite(p.file.path, name, values)
	}
	return values
}

// refuseOthers refuses a tensor in one of the first blocks, of which blocks is the stem of the names, that was not read: it would
// change what the block computes, unless harmless says otherwise of its name within the block. Where all, blocks behind the first
// are refused too: config.json does not have them.
func (p *params) refuseOthers(stem string, blocks int, all bool, harmless ...string) {
	if p.err != nil {
		return
	}
	for _, name := range p.file.Names() {
		rest, inside := strings.CutPrefix(name, p.prefix+stem)
		if !inside || p.used[name] {
			continue
		}
		number, part, _ := strings.Cut(rest, ".")
		block, err := strconv.Atoi(number)
		switch {
		case err != nil || slices.Contains(harmless, part) || block >= blocks && !all:
		case block >= blocks:
			p.err = fmt.Errorf("%s: tensor %q is of block %d, but config.json has %d, counted from 0", p.file.path, name, block, blocks)
			return
		default:
			p.err = fmt.Errorf("%s: tensor %q is not part of the model of config.json", p.file.path, name)
			return
		}
	}
}

// add reads a tensor under one of names and keeps it as ours.
func (p *params) add(ours string, shape []int, names ...string) {
	if values := p.read(shape, names...); p.err == nil {
		p.out = append(p.out, Named{Name: ours, Shape: shape, F32: values})
	}
}

// done returns what was collected.
func (p *params) done() ([]Named, error) {
	if p.err != nil {
		return nil, p.err
	}
	return p.out, nil
}

// linear adds the weight [out, in] and bias [out] of a torch.nn.Linear.
func (p *params) linear(ours, theirs string, out, in int) {
	p.add(ours+".weight", []int{out, in}, theirs+".weight")
	p.add(ours+".bias", []int{out}, theirs+".bias")
}

// norm adds the weight and bias of a layer norm; files converted from TensorFlow call them gamma and beta.
func (p *params) norm(ours, theirs string, width int) {
	p.add(ours+".weight", []int{width}, theirs+".weight", theirs+".gamma")
	p.add(ours+".bias", []int{width}, theirs+".bias", theirs+".beta")
}
