package reportlabel

import (
	"strings"
	"sync"
)

// pattern is a phrase as words. A word that ends in * stands for every word that begins so; a|b for either.
type pattern [][]string

func newPattern(phrase string) pattern {
	var p pattern
	for _, word := range strings.Fields(phrase) {
		p = append(p, strings.Split(word, "|"))
	}
	return p
}

// length returns how many words at i the pattern takes, or 0 where it does not fit.
func (p pattern) length(words []string, i int) int {
	if i+len(p) > len(words) {
		return 0
	}
	for k, choices := range p {
		if !anyWord(choices, words[i+k]) {
			return 0
		}
	}
	return len(p)
}

func anyWord(choices []string, word string) bool {
	for _, c := range choices {
		if stem, open := strings.CutSuffix(c, "*"); word == stem || open && strings.HasPrefix(word, stem) {
			return true
		}
	}
	return false
}

// patternList finds which of many patterns fits at a place. It is built when it is first asked.
type patternList struct {
	phrases string // parted by semicolons
	once    sync.Once
	byFirst *[256][]pattern // by the first byte of their first word
}

func newPatternList(phrases string) *patternList { return &patternList{phrases: phrases} }

func (l *patternList) build() {
	l.byFirst = &[256][]pattern{}
	for _, phrase := range strings.Split(l.phrases, ";") {
		p := newPattern(phrase)
		if len(p) == 0 {
			continue
		}
		first := map[byte]bool{}
		for _, word := range p[0] {
			if !first[word[0]] {
				first[word[0]] = true
				l.byFirst[word[0]] = append(l.byFirst[word[0]], p)
			}
		}
	}
}

// longest returns the length of the longest pattern that fits at i, or 0.
func (l *patternList) longest(words []string, i int) int {
	if l == nil {
		return 0
	}
	l.once.Do(l.build)
	best := 0
	for _, p := range l.byFirst[words[i][0]] {
		if n := p.length(words, i); n > best {
			best = n
		}
	}
	return best
}

// phrases are the names of the observations in reports. Heart and mediastinum are in silhouette.go: their names alone say nothing.
var phrases = [Count + 1]*patternList{
	Cardiomegaly:              newPatternList(`cardiomegaly; cardiomyopathy; megalocardia`),
	EnlargedCardiomediastinum: newPatternList(`mediastinal shift|hematoma|lymphadenopathy|adenopathy|mass|lipomatosis`),
	LungOpacity: newPatternList(`
		opaci*; infiltrat*; airspace|airspaces disease|process|filling; air space|spaces disease|process;
		interstitial marking|markings|pattern|disease|prominence|thickening|changes|abnormality|process|opacities;
		interstitial lung; reticular|reticulonodular|reticulation*|reticulations; ground glass; scar; scars; scarring;
		scarred; parenchymal density|densities; increased density; lung density|densities; peribronchial cuffing|thickening;
		bronchial wall thickening; pulmonary fibrosis; interstitial fibrosis; honeycombing`),
	LungLesion: newPatternList(`
		nodule; nodules; nodular density|densities|opacity|opacities|lesion|focus|foci|shadow; mass; masses; tumor*;
		neoplas*; carcinoma*; cavitary lesion|lesions; cavitation*; lung|pulmonary lesion|lesions|metasta*; lung cancer`),
	Edema: newPatternList(`
		edema*; oedema; heart failure; chf; congestion; congestive changes|failure;
		vascular|vascularity|vasculature prominence; prominent|increased vascularity|vasculature;
		prominent|increased pulmonary|central|hilar vascularity|vasculature;
		prominence of the pulmonary vasculature|vascularity; vascular|venous engorgement; fluid|volume overload;
		pulmonary venous hypertension; kerley; vascular plethora; vascular indistinctness; cardiac decompensation`),
	Consolidation: newPatternList(`consolidat*`),
	Pneumonia:     newPatternList(`pneumonia|pneumonias; bronchopneumonia; pneumonic; infection*; infectious; pneumonitis`),
	Atelectasis:   newPatternList(`atelecta*; lung|lobe|lobar|pulmonary collapse; collapse of; collapsed lung|lobe; collapse`),
	Pneumothorax:  newPatternList(`pneumothora*; hydropneumothora*; hemopneumothora*; ptx`),
	PleuralEffusion: newPatternList(`
		effusion*; pleural fluid; hydropneumothora*; hemothora*; hemopneumothora*; pleural collection; hydrothora*;
		empyema*; fluid collection in the pleural space`),
	PleuralOther: newPatternList(`
		pleural thickening|thickenings|plaque|plaques|scar|scars|scarring|calcification|calcifications|disease|abnormality|lesion|mass|based;
		fibrothorax; pleuroparenchymal; pleural parenchymal scar|scarring|thickening; apical capping|cap`),
	Fracture: newPatternList(`fracture*; fx`),
	SupportDevices: newPatternList(`
		tube; tubes; catheter*; picc; line; lines; pacemaker*; pacer*; pacing; icd; aicd; defibrillator*; port; mediport*;
		portacath*; cannula*; stent*; leads; lead; electrode*; hardware; prosthe*; arthroplast*; valve; wires; wire;
		sutures; clip; clips; coil*; screw*; plate; rod; rods; device; devices; ett; ngt; et|ng|og tube; swan ganz; ecmo;
		iabp; balloon pump; lvad; impella; tracheostomy; drain; drains; pigtail; stimulator*; apparatus; staples; implant*;
		instrumentation; monitoring|monitor device|devices|lead|leads; cardiac monitor; dobbhoff; cerclage; tubing; shunt;
		ivc|caval filter; pulse generator; fixation`),
	other: newPatternList(`
		emphysem*; hyperinflat*; hyperexpan*; hyperaerat*; hyperlucen*; copd; obstructive; bulla; bullae; bullous; bleb;
		blebs; granuloma*; calcif*; scoliosis; scoliotic; kypho*; dextroscoliosis; levoscoliosis; degenerat*; spondylo*;
		osteophyt*; spurring; arthr*; osteopeni*; osteopor*; demineraliz*; tortuous; tortuosity; ectasia; ectatic;
		atherosclero*; aneurysm*; unfolded; uncoiled; hernia*; elevated hemidiaphragm;
		elevated right|left hemidiaphragm|diaphragm; elevation of; eventration*; flattening; flattened; blunt*;
		pericardial effusion*; bronchiect*; bronchitis; bronchi* thickening; low lung volume|volumes; low volumes;
		volume loss; hypoinflat*; hypoventilat*; crowding; cephalization; redistribution; aspiration; contusion*;
		pneumomediastinum; pneumoperitoneum; free air; subcutaneous air|gas; deformity; deformities; wedging; compression;
		dislocation*; subluxation*; sclero*; lytic; lucency; lucencies; pectus; adenopathy; lymphadenopathy; enlarged nodes;
		hypertension; asthma; thickening; thickened; cuffing; sarcoid*; tubercul*; fibrosis; fibrotic; hemorrhage; hematoma;
		airways disease; airway disease; foreign body|bodies; gynecomastia; metasta*; malignan*; nipple shadow|shadows;
		cyst; cysts; cystic; density; densities; lesion; lesions; bullet*; shrapnel; prominen*; eventrated; goiter;
		azygos lobe; situs inversus; dextrocardia; mastectomy; pneumonectomy; lobectomy; dilat*; ileus; deviat*; shift`),
}

// notPhrases hold words that look like a phrase of the observation and are none.
var notPhrases = [Count + 1]*patternList{
	LungOpacity: newPatternList(`
		pleural scar|scarring|scars; pleural parenchymal scar|scarring; pleuroparenchymal scar|scarring;
		contrast opacification; opacified bowel; opacification of bowel`),
	LungLesion: newPatternList(`
		mass effect; calcified nodule|nodules; mediastinal mass|masses; granulomatous nodule|nodules; breast mass; body mass`),
	PleuralEffusion: newPatternList(`pericardial effusion|effusions; joint effusion`),
	Pneumonia: newPatternList(`
		granulomatous|tuberculous|tuberculosis|mycobacterial|fungal infection|infections;
		prior|previous|old|remote infection|infections|pneumonia`),
	Edema:       newPatternList(`soft tissue edema; subcutaneous edema`),
	Atelectasis: newPatternList(`vertebral|vertebra|body|compression collapse`),
	SupportDevices: newPatternList(`
		fissure line|lines; minor fissure; midclavicular line|lines; bottom line; mid line; kerley lines|line|b;
		septal lines|line; line of; paraspinal line|lines; skin line; tube placement for; lead|leads to;
		paratracheal line|stripe; pleural line|lines; fracture line|lines; endplate; endplates; in line; end plate;
		plate like; discoid; costal plate; heart valve disease; valve disease; aortic valve area; b lines|line;
		valve calcification|calcifications|area|region|annulus|surgery; cholecystectomy clips|clip;
		breast implant|implants|prosthesis|prostheses; monitor for; monitoring for; joint line`),
	Fracture: newPatternList(`fracture fixation; fracture plate`),
	other: newPatternList(`
		pleural thickening|density; nodular density|densities; parenchymal density|densities;
		peribronchial thickening|cuffing; bronchial wall thickening; increased density; lung density|densities;
		lung|pulmonary|cavitary|nodular|pleural lesion|lesions; pulmonary|interstitial fibrosis; bony density; bone density;
		blunt trauma; dilated lead; lead deviation; cardiac|mediastinal|cardiomediastinal prominence;
		interstitial prominence|thickening`),
}

// mention is one place where a sentence names an observation: words[start:end].
type mention struct {
	of         Observation
	start, end int
	status     Status
}

// findPhrases returns the mentions of all observations by phrases in a clause, in the order of the words.
func (s sentence) findPhrases(c span) []mention {
	var found []mention
	for i := c.start; i < c.end; i++ {
		for of := EnlargedCardiomediastinum; of <= other; of++ {
			n := phrases[of].longest(s.words, i)
			if n > 0 && i+n <= c.end && !s.covered(notPhrases[of], i, i+n) {
				found = append(found, mention{of: of, start: i, end: i + n})
			}
		}
	}
	return found
}

// covered reports whether one of list overlaps words[start:end].
func (s sentence) covered(list *patternList, start, end int) bool {
	for i := max(0, start-4); i < end; i++ {
		if n := list.longest(s.words, i); n > 0 && i+n > start {
			return true
		}
	}
	return false
}
