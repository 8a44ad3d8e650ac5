package runner

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"harness/registry/journal"
)

// The rule by which a GPU is set aside; docs/resources.md tells it to users.
//
// A failure speaks against the GPUs of an attempt when the attempt was killed, ran out of memory, or its error names the GPU's software or
// hardware (CUDA, cuDNN, NCCL, ECC, …). A GPU is set aside for the rest of the sweep when the last two trials on it have failed so. A trial
// that ends well on it speaks for it. When the same trial fails so on another GPU, or another trial with the same error, the GPU is not to
// blame: such failures no longer count, and a GPU that was set aside for them is taken back. A GPU whose hardware reports an error is set
// aside at once, and stays so. The last GPUs that a trial could get are never set aside.

// strike is a failure that speaks against a device.
type strike struct {
	trial string
	text  string // of an error, without its numbers; "" where all such failures have the same
}

// same reports whether two failures have the same cause, if it is not the device.
func (s strike) same(o strike) bool { return s.trial == o.trial || s.text != "" && s.text == o.text }

// record is what speaks against a device.
type record struct {
	strikes []strike // of different trials, since one ended well there
	aside   string   // why it is set aside; "" = it is not
	broken  bool     // its hardware has said so
}

const mostStrikes = 2

// speaksOfGPU reports whether a failure may be the GPU's.
func speaksOfGPU(exit journal.Exit) bool {
	switch exit.Class {
	case journal.ClassKilled, journal.ClassMemory:
		return true
	case journal.ClassError:
		text := strings.ToLower(exit.Error)
		return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
	}
	return false
}

// words are what errors of GPUs have in them.
var words = []string{"cuda", "cudnn", "cublas", "cufft", "curand", "cusolver", "cusparse", "nccl", "nvml", "nvrm", "xid", "uncorrectable", "gpu"}

// strikeOf is a failure of a trial.
func strikeOf(trial string, exit journal.Exit) strike {
	s := strike{trial: trial}
	if exit.Class == journal.ClassError {
		s.text = strings.Map(func(r rune) rune {
			if unicode.IsDigit(r) {
				return -1
			}
			return r
		}, exit.Error)
	}
	return s
}

// judge takes how an attempt of a trial ended on a share, and returns what is to be said of GPUs. need is how many devices a trial gets at
// most.
func (p *pool) judge(on share, trial string, exit journal.Exit, need int) (said []string) {
	if exit.Class == "" {
		for _, i := range on.devices {
			p.records[i].strikes = nil
		}
		return nil
	}
	if !speaksOfGPU(exit) {
		return nil
	}
	s := strikeOf(trial, exit)
	elsewhere := slices.ContainsFunc(p.cleared, s.same)
	for i, k := range p.records {
		elsewhere = elsewhere || !slices.Contains(on.devices, i) && slices.ContainsFunc(k.strikes, s.same)
	}
	if elsewhere {
		return p.clear(s)
	}
	for _, i := range on.devices {
		k := &p.records[i]
		if !slices.ContainsFunc(k.strikes, func(o strike) bool { return o.trial == trial }) {
			k.strikes = append(k.strikes, s)
		}
		if len(k.strikes) >= mostStrikes {
			said = append(said, p.setAside(i, need, fmt.Sprintf("the last %d trials on it have failed: %s", len(k.strikes), exit.Error))...)
		}
	}
	return said
}

// clear takes a failure that is the same on several devices out of the account.
func (p *pool) clear(s strike) (said []string) {
	p.cleared = append(p.cleared, s)
	for i := range p.records {
		k := &p.records[i]
		k.strikes = slices.DeleteFunc(k.strikes, s.same)
		if k.aside != "" && !k.broken && len(k.strikes) < mostStrikes {
			k.aside = ""
			said = append(said, fmt.Sprintf("GPU %s is used again: trial %s has failed on another, too", p.Devices[i], shortID(s.trial)))
		}
	}
	return said
}

// setAside sets a device aside, unless too few would be left.
func (p *pool) setAside(i, need int, why string) (said []string) {
	if p.records[i].aside != "" || p.left() <= max(1, need) {
		return nil
	}
	p.records[i].aside = why
	return []string{fmt.Sprintf("GPU %s is set aside for the rest of the sweep: %s", p.Devices[i], why)}
}

// left is how many devices are not set aside.
func (p *pool) left() (n int) {
	for _, k := range p.records {
		if k.aside == "" {
			n++
		}
	}
	return n
}

// broke takes what the hardware has reported.
func (p *pool) broke(all []Broken, need int) (said []string) {
	for _, b := range all {
		for i, gpu := range p.found {
			if gpu == nil {
				continue
			}
			if d := gpu.Device(); (d.UUID == b.UUID || d.Parent == b.UUID) && !p.records[i].broken {
				p.records[i].broken = true
				if more := p.setAside(i, need, b.What); len(more) > 0 {
					said = append(said, more...)
				} else if p.records[i].aside == "" {
					said = append(said, fmt.Sprintf("GPU %s has reported %s; it stays in use, since there is no other", p.Devices[i], b.What))
				}
			}
		}
	}
	return said
}

// aside lists the devices that are set aside, and why.
func (p *pool) aside() []Aside {
	var list []Aside
	for i, k := range p.records {
		if k.aside != "" {
			list = append(list, Aside{p.Devices[i], k.aside})
		}
	}
	return list
}

// needsMost is how many devices a trial gets at most; one that has just failed may be tried again.
func (r *run) needsMost() (most int) {
	for _, k := range r.all {
		most = max(most, r.gpus.need(k.Spec))
	}
	return most
}

// askGPUs looks for errors of the hardware.
func (r *run) askGPUs() {
	if i := r.gpus.Instruments; i != nil && r.needsMost() > 0 {
		r.sayOfGPUs(r.gpus.broke(i.Broken(), r.needsMost()))
	}
}

// sayOfGPUs shows what has become of GPUs, here and to those who ask for the sweep's state.
func (r *run) sayOfGPUs(said []string) {
	for _, text := range said {
		r.display.log(oneLine(text))
	}
	if len(said) > 0 {
		r.running.write(func(one *Running) { one.Aside = r.gpus.aside() })
	}
}

// Aside is a GPU that a sweep no longer uses.
type Aside struct {
	GPU string `json:"gpu"`
	Why string `json:"why"`
}
