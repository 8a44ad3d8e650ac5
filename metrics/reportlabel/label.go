// Package reportlabel reads by rules which of fourteen observations a chest X-ray report states, denies or leaves uncertain.
//
// The observations and the three steps are those of the CheXpert labeler (Irvin et al., AAAI 2019, arXiv:1901.07031, section 2):
// find mentions by phrases, judge each mention as positive, negative or uncertain by the words around it, and give each
// observation the strongest of its mentions. NegBio (Peng et al. 2018) is its source for negation and uncertainty. The phrases
// (phrase.go, silhouette.go) and the rules for the words around them (clause.go, cue.go) are written here from the definitions of
// the observations: there is no parser, no trained weight, and no file of those programs. So these
// labels are not those of the CheXpert labeler and not those of CheXbert (Smit et al. 2020), a network trained on reports that
// radiologists labelled; testdata/README.md says how far they agree with what others read.
//
// What the rules decide where the definitions leave room:
//   - Lung Opacity is opacity, infiltrate, airspace disease, interstitial markings and scars by their names; a consolidation or an
//     atelectasis alone is not also an opacity.
//   - "no new X" denies X; "no change in X" and "no increasing X" state it. A heart or mediastinum that is only "unchanged" or
//     "stable" is uncertain, as in the CheXpert labeler, and so is a borderline one; one at the upper limit of normal is normal.
//   - A history ("history of", "evaluate for", the sections Indication, History, Comparison, Technique) states nothing.
//   - A text that neither mentions an observation nor calls anything normal or clear has no label: "nothing has changed", a caption of
//     a street. The CheXpert labeler calls both No Finding.
//   - Heart failure is Edema; it does not touch Cardiomegaly.
//   - "The main image is missing the finding of X" denies X: difference answers are read as what the main image shows.
//
// The entry point is Read.
package reportlabel

// Observation is one of the fourteen observations, an index of Labels.
type Observation int

// The observations, in the order of the CheXpert paper's table.
const (
	NoFinding Observation = iota
	EnlargedCardiomediastinum
	Cardiomegaly
	LungOpacity
	LungLesion
	Edema
	Consolidation
	Pneumonia
	Atelectasis
	Pneumothorax
	PleuralEffusion
	PleuralOther
	Fracture
	SupportDevices

	Count // of observations

	// other is an abnormality that none of the fourteen names: it only excludes NoFinding.
	other = Count
)

var names = [Count]string{
	"No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema", "Consolidation", "Pneumonia",
	"Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture", "Support Devices",
}

func (o Observation) String() string { return names[o] }

// All are the fourteen.
var All = []Observation{NoFinding, EnlargedCardiomediastinum, Cardiomegaly, LungOpacity, LungLesion, Edema, Consolidation, Pneumonia,
	Atelectasis, Pneumothorax, PleuralEffusion, PleuralOther, Fracture, SupportDevices}

// Five are the observations that papers report apart: the competition tasks of the CheXpert paper.
var Five = []Observation{Cardiomegaly, Edema, Consolidation, Atelectasis, PleuralEffusion}

// Status is what a report says of an observation. A greater one outweighs a smaller one.
type Status int

// Blank is the zero value: not mentioned.
const (
	Blank Status = iota
	Negative
	Uncertain
	Positive
)

// Labels hold the status of every observation. NoFinding is Positive or Blank.
type Labels [Count]Status

// Present reports whether an observation counts as present: positive or uncertain. It is the mapping of f1chexbert 0.0.2, which
// the literature on report generation uses.
func (l Labels) Present(o Observation) bool { return l[o] >= Uncertain }

// Any reports whether the report states or denies anything.
func (l Labels) Any() bool { return l != Labels{} }

// normality are words of a report that finds nothing; a text with neither a mention nor one of these says nothing of a chest.
var normality = newPatternList(`
	normal; normally; unremarkable; clear; negative; intact;
	no|without acute|active|significant|abnormal|abnormality|abnormalities|change|evidence;
	no focal|definite|other|radiographic`)

// Read returns the labels of a report. No Finding is positive when no observation but Support Devices is positive or uncertain, nor
// another abnormality, and the text denies something or calls something normal; a text that does neither has no label at all.
func Read(text string) Labels {
	var all [Count + 1]Status
	normal := false
	for _, s := range splitSentences(text) {
		for _, m := range s.judge() {
			all[m.of] = max(all[m.of], m.status)
		}
		for i := range s.words {
			normal = normal || normality.longest(s.words, i) > 0
		}
	}
	labels := Labels(all[:Count])
	for o := NoFinding + 1; o <= other; o++ {
		if o != SupportDevices && all[o] >= Uncertain {
			return labels
		}
		normal = normal || all[o] != Blank
	}
	if normal {
		labels[NoFinding] = Positive
	}
	return labels
}
