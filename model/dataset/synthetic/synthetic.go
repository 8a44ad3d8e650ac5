// Package synthetic writes SynCXR, a stand-in for MIMIC-CXR-JPG, its reports, Chest ImaGenome and Medical-Diff-VQA, in
// exactly their layouts on disk (FACTS 1 and 8), so that the loader, the training and the tables run without the real data.
//
// The flow: a hidden state of each study (state.go) gives the image (radiograph.go, bones.go, lesions.go,
// texture.go), the boxes of its 29 regions (anatomy.go), the region phrases and the report (phrases.go), and the questions (questions.go); write.go runs
// patients on all cores, and tables.go and scenegraph.go put the results into files.
//
// What is shown and said is a matter of the design (design.go). The design place (place.go) has five findings that are one spot in five places. The
// design look has ten findings, five coarse and five fine. A coarse finding is a large, sharp change of brightness, visible at
// 224 and at 448 pixels. A fine finding is a texture of short period, locked to the pixel grid of a 448-pixel image, that
// averaging down to 224 removes: only a model that sees 448 can learn it, by construction. That is a test of the code,
// not a model of disease; no clinical claim follows from it. The same textures also lie in the abdomen, where they mean
// nothing.
//
// It is one package, though a long one, because all of it is a function of one unexported type, the state of a study.
package synthetic

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Version is the generator's version: a change of any byte it writes for the same Params raises it.
const Version = 5

// noteName is the file that marks a root as synthetic; its first line is shown wherever a number is printed.
const noteName = "SYNTHETIC.txt"

// Params is everything that decides the data. Equal Params give equal bytes, whatever the number of threads.
type Params struct {
	Design   Design `json:",omitzero"`
	Patients int    // subjects, split 80/10/10 into train, val and test; at least 3
	Studies  int    // studies a patient, 1 to 6; every earlier/later pair becomes difference questions
	Seed     int64  // all draws derive from it

	Prevalence float64 // chance of each finding in a first study, 0 to 1
	Redraw     float64 // chance that a finding is drawn again in the next study, 0 to 1
	LevelStep  float64 // chance that a finding that stays changes its level, 0 to 1

	ReportDropout float64 // chance that the report omits a fine finding, half of it for a coarse one; design place: any finding that is there
	PhraseDropout float64 `json:",omitzero"` // design place: chance that the phrase of a region omits its finding; 1 leaves boxes only
	SameReport    bool    `json:",omitzero"` // design place: phrases state what the report states
	StableOrder   bool    // name findings in one fixed order; false shuffles them, as the original generator does

	CoarseContrast float64 // scales the brightness of coarse findings, in the design place of spots; 1 is the design
	FineAmplitude  float64 // root mean square of a fine finding's texture in a native pixel, in units of full scale
	Decoys         float64 // chance that a fine finding's texture also lies in the abdomen, where it means nothing; design place: that a spot lies at each place of decoys; 0 to 1
	Noise          float64 // standard deviation of the white noise in a native pixel, in units of full scale

	Laterals  float64 // share of studies with an extra lateral image
	BoxFaults float64 // share of boxes written faulty on purpose
}

// Default returns the parameters that the experiments use of the design look.
func Default() Params {
	return Params{
		Patients: 600, Studies: 3, Seed: 1,
		Prevalence: 0.30, Redraw: 0.5, LevelStep: 0.15,
		ReportDropout: 0.5, StableOrder: true,
		CoarseContrast: 1.5, FineAmplitude: 0.12, Decoys: 0.4, Noise: 0.025,
		Laterals: 0.10, BoxFaults: 0.005,
	}
}

// Default returns the parameters that the experiments use of the design.
func (d Design) Default() Params {
	p := Default()
	if p.Design = d; d == Place {
		p.Patients, p.ReportDropout, p.PhraseDropout, p.CoarseContrast, p.Decoys = 3000, .1, .1, 1, .6
		p.Laterals, p.BoxFaults = 0, 0
	}
	return p
}

// Validate reports the first parameter that cannot be used.
func (p Params) Validate() error {
	if _, err := ParseDesign(string(p.Design)); err != nil {
		return err
	}
	switch {
	case p.Patients < 3 || p.Patients > maxPatients:
		return fmt.Errorf("patients %d: want 3 to %d", p.Patients, maxPatients)
	case p.Studies < 1 || p.Studies > maxStudies:
		return fmt.Errorf("studies %d: want 1 to %d", p.Studies, maxStudies)
	}
	for _, f := range []struct {
		name string
		v    float64
		max  float64
	}{
		{"prevalence", p.Prevalence, 1}, {"redraw", p.Redraw, 1}, {"level step", p.LevelStep, 1},
		{"report dropout", p.ReportDropout, 1}, {"phrase dropout", p.PhraseDropout, 1}, {"coarse contrast", p.CoarseContrast, 2},
		{"fine amplitude", p.FineAmplitude, 0.5}, {"decoys", p.Decoys, 1}, {"noise", p.Noise, 0.2},
		{"laterals", p.Laterals, 1}, {"box faults", p.BoxFaults, 1},
	} {
		if !(f.v >= 0 && f.v <= f.max) {
			return fmt.Errorf("%s %v: want 0 to %v", f.name, f.v, f.max)
		}
	}
	return nil
}

// note returns the text of SYNTHETIC.txt: what the data are, and every parameter, one a line.
func (p Params) note() string {
	var b strings.Builder
	fmt.Fprintf(&b, "SynCXR: synthetic chest films, not patients (generator version %d, seed %d, %d patients)\n", Version, p.Seed, p.Patients)
	b.WriteString("Drawn by \"harness data synth\". Findings are built so that a small model can learn them: results on these data\n")
	type line struct {
		name string
		v    any
	}
	var own []line
	switch p.Design {
	case Look:
		b.WriteString("say that code works, and nothing about medicine. Fine findings vanish below 448 pixels by construction.\n\n")
	case Place:
		b.WriteString("say nothing about medicine. Five of six findings are the same spot: only where it lies tells them apart.\n\n")
		own = []line{{"design", p.Design}, {"revision", p.Design.Revision()}, {"phrase_dropout", p.PhraseDropout}, {"same_report", p.SameReport}}
	}
	for _, f := range append(own, []line{
		{"version", Version}, {"patients", p.Patients}, {"studies", p.Studies}, {"seed", p.Seed},
		{"prevalence", p.Prevalence}, {"redraw", p.Redraw}, {"level_step", p.LevelStep},
		{"report_dropout", p.ReportDropout}, {"stable_order", p.StableOrder},
		{"coarse_contrast", p.CoarseContrast}, {"fine_amplitude", p.FineAmplitude}, {"decoys", p.Decoys}, {"noise", p.Noise},
		{"laterals", p.Laterals}, {"box_faults", p.BoxFaults},
	}...) {
		fmt.Fprintf(&b, "%s: %v\n", f.name, f.v)
	}
	return b.String()
}

// UpToDate reports whether root holds what Write would write for p. Write renames a finished root into place, so the note
// alone decides.
func UpToDate(root string, p Params) bool {
	note, err := os.ReadFile(filepath.Join(root, noteName))
	return err == nil && string(note) == p.note()
}
