package synthetic

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// sight ties one region to one finding that its phrase mentions. A region of this table always carries a phrase, with or
// without its findings, so that which phrase it is can be known from the pixels alone.
type sight struct {
	region string
	f      finding
	side   side     // the side of f that shows here; midline for one that has no side
	yes    []string // paraphrases with the finding; LEVEL and Level stand for its level word, lower case and capital
	no     []string // paraphrases without it
}

// lookSights covers every finding at every side it may have, the most telling region first. Those of one region stand
// together and make one statement; the lungs mention all findings inside them.
var lookSights = []sight{
	{"cardiac silhouette", cardiomegaly, midline,
		[]string{"There is LEVEL cardiomegaly.", "Level cardiomegaly is seen."},
		[]string{"No cardiomegaly.", "The heart size is normal."}},
	{"mediastinum", hernia, midline,
		[]string{"There is a hernia behind the heart.", "A retrocardiac hernia is seen."},
		[]string{"No hernia is seen.", "No hernia behind the heart."}},
	{"right costophrenic angle", pleuralEffusion, right,
		[]string{"There is a LEVEL right pleural effusion.", "Level right pleural effusion is seen."},
		[]string{"No right pleural effusion.", "The right costophrenic angle is sharp."}},
	{"left costophrenic angle", pleuralEffusion, left,
		[]string{"There is a LEVEL left pleural effusion.", "Level left pleural effusion is seen."},
		[]string{"No left pleural effusion.", "The left costophrenic angle is sharp."}},
	{"right mid lung zone", lungOpacity, right,
		[]string{"There is a lung opacity in the right mid zone.", "A right mid lung opacity is seen."},
		[]string{"No lung opacity in the right mid zone.", "The right mid lung zone is clear."}},
	{"right hilar structures", edema, bilateral,
		[]string{"There is interstitial edema at the right hilum.", "Interstitial edema is seen at the right hilum."},
		[]string{"No edema at the right hilum.", "The right hilum is normal."}},
	{"left hilar structures", edema, bilateral,
		[]string{"There is interstitial edema at the left hilum.", "Interstitial edema is seen at the left hilum."},
		[]string{"No edema at the left hilum.", "The left hilum is normal."}},
	{"right lower lung zone", atelectasis, right,
		[]string{"There is linear atelectasis at the right base.", "Linear atelectasis is seen at the right base."},
		[]string{"No atelectasis at the right base.", "The right lower lung zone is well aerated."}},
	{"right apical zone", pneumothorax, right,
		[]string{"There is a right apical pneumothorax.", "A pneumothorax is seen at the right apex."},
		[]string{"No right apical pneumothorax.", "No pneumothorax at the right apex."}},
	{"left upper lung zone", granuloma, left,
		[]string{"There is a calcified granuloma in the left upper zone.", "A calcified granuloma is seen in the left upper zone."},
		[]string{"No granuloma in the left upper zone.", "The left upper lung zone is clear."}},
	{"left mid lung zone", pleuralThickening, left,
		[]string{"There is pleural thickening in the left mid zone.", "Pleural thickening is seen in the left mid zone."},
		[]string{"No pleural thickening in the left mid zone.", "The left mid lung zone is clear."}},
	inLung("right lung", emphysema, bilateral),
	inLung("right lung", lungOpacity, right),
	inLung("right lung", pleuralEffusion, right),
	inLung("right lung", atelectasis, right),
	inLung("right lung", pneumothorax, right),
	inLung("left lung", emphysema, bilateral),
	inLung("left lung", pleuralEffusion, left),
	inLung("left lung", granuloma, left),
	inLung("left lung", pleuralThickening, left),
}

// inLung is the short sentence about one of several findings of a lung.
func inLung(region string, f finding, at side) sight {
	name := lookFindings[f].name
	return sight{region, f, at, []string{capital(name) + " is seen."}, []string{"No " + name + "."}}
}

// lookPlain are statements about regions that no finding belongs to; each is made with chance plainChance, so that the box of
// every region can be learned from phrases.
var lookPlain = []remark{
	{"right upper lung zone", "The right upper lung zone is clear."},
	{"right hemidiaphragm", "The right hemidiaphragm is smooth."},
	{"left lower lung zone", "The left lower lung zone is clear."},
	{"left apical zone", "The left apex is clear."},
	{"left hemidiaphragm", "The left hemidiaphragm is smooth."},
	{"trachea", "The trachea is midline."},
	{"spine", "The spine is unremarkable."},
	{"right clavicle", "The right clavicle is intact."},
	{"left clavicle", "The left clavicle is intact."},
	{"aortic arch", "The aortic arch is normal."},
	{"upper mediastinum", "The upper mediastinum is normal."},
	{"svc", "The svc is normal."},
	{"cavoatrial junction", "The cavoatrial junction is normal."},
	{"right atrium", "The right atrium is normal in size."},
	{"carina", "The carina is normal."},
	{"abdomen", "The abdomen is unremarkable."},
}

// remark is a statement about a region that no finding belongs to.
type remark struct{ region, text string }

// boxless are statements about regions that have no box, as 7.6% of the real ones are (FACTS 1.3); loaders drop them.
var boxless = []remark{
	{"neck", "The neck is unremarkable."},
	{"right chest wall", "The right chest wall is normal."},
	{"left shoulder", "The left shoulder is normal."},
}

const (
	plainChance   = 0.12
	boxlessChance = 0.10
	priorChance   = 0.03 // a phrase gets a sentence about the prior study, which loaders remove
	reportPrior   = 0.15 // likewise a report of a later study
)

// statement is what the report says of one region, sentence by sentence.
type statement struct {
	region    string
	sentences []sentence
}

// sentence is one sentence of a statement with what can be read from it.
type sentence struct {
	text      string
	attribute string // "anatomicalfinding|yes|edema", or ""
	severity  string // level word, or ""
	abnormal  bool
}

// holds reports whether the finding of k is present where k looks.
func (k *sight) holds(s *state) bool {
	f := s.has[k.f]
	return f.present && (f.side == k.side || k.side == midline)
}

// say returns one paraphrase of what k sees.
func (k *sight) say(r *rand.Rand, s *state) sentence {
	name, texts := s.findings[k.f].name, k.no
	said := sentence{attribute: "anatomicalfinding|no|" + name}
	if k.holds(s) {
		texts = k.yes
		said = sentence{attribute: "anatomicalfinding|yes|" + name, severity: s.level(k.f), abnormal: true}
	}
	said.text = withLevel(texts[r.IntN(len(texts))], said.severity)
	return said
}

// withLevel fills in the level word of a template.
func withLevel(text, level string) string {
	if level == "" {
		return text
	}
	return strings.NewReplacer("LEVEL", level, "Level", capital(level)).Replace(text)
}

func capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

// lookTexts writes the report and the statements of a study of the design look.
func lookTexts(r *rand.Rand, s *state, ap, first bool, p Params) (string, []statement) {
	text := report(r, s, ap, first, p)
	return text, describe(r, s, first)
}

// describe returns the statements of one study in a fixed order of regions. first says that there is no prior study.
func describe(r *rand.Rand, s *state, first bool) []statement {
	var list []statement
	for i := range s.sights {
		k := &s.sights[i]
		said := k.say(r, s)
		if n := len(list); n > 0 && list[n-1].region == k.region {
			list[n-1].sentences = append(list[n-1].sentences, said)
			continue
		}
		list = append(list, statement{k.region, []sentence{said}})
	}
	for i := range list {
		if r.Float64() < priorChance && !first {
			list[i].sentences = append(list[i].sentences, sentence{text: "Compared to the prior study this is stable."})
		}
	}
	for _, x := range lookPlain {
		if r.Float64() < plainChance {
			list = append(list, statement{x.region, []sentence{{text: x.text}}})
		}
	}
	for _, x := range boxless {
		if r.Float64() < boxlessChance {
			list = append(list, statement{x.region, []sentence{{text: x.text}}})
		}
	}
	return list
}

// report writes the free-text report of one study (FACTS 1.2). It goes through the findings in order and states or denies
// each; it leaves out a fine one with chance ReportDropout and a coarse one with half of it, present or not, so that
// a finding that is not mentioned tells nothing. first says that there is no prior study to refer to.
func report(r *rand.Rand, s *state, ap, first bool, p Params) string {
	var body, key []string
	for f := range s.has {
		said := sightOf(finding(f), s).say(r, s)
		drop := p.ReportDropout
		if !s.findings[f].fine {
			drop /= 2
		}
		switch omitted := r.Float64() < drop; {
		case omitted:
		case said.abnormal:
			body = append(body, said.text)
			key = append(key, capital(s.findings[f].name)+".")
		default:
			body = append(body, "No "+s.findings[f].name+".")
		}
	}
	if len(body) == 0 {
		body = []string{"The lungs are clear."}
	}
	if r.Float64() < reportPrior && !first {
		body = append(body, "There is no other change since the prior study.")
	}
	impression := "No acute process."
	if len(key) > 0 {
		impression = strings.Join(key[:min(2, len(key))], " ")
	}
	return framed(ap, " FINDINGS: ", strings.Join(body, "  "), " IMPRESSION: ", impression)
}

// framed is a report of the given heads and what stands below each, in the layout of the real ones.
func framed(ap bool, sections ...string) string {
	view := "PA and lateral views of the chest."
	if ap {
		view = "Portable AP view of the chest."
	}
	lines := []string{
		"                                 FINAL REPORT",
		" EXAMINATION:  CHEST RADIOGRAPH",
		" ",
		" INDICATION:  ___ year old patient with cough.",
		" ",
		" TECHNIQUE:  " + view,
	}
	for section := range slices.Chunk(sections, 2) {
		lines = append(lines, " ", section[0], " ", " "+wrapped(section[1]))
	}
	return strings.Join(append(lines, ""), "\n")
}

// sightOf returns the first sight of f at the side it has in s; at its usual side when it is absent.
func sightOf(f finding, s *state) *sight {
	at := s.findings[f].side
	if s.has[f].present {
		at = s.has[f].side
	}
	for i := range s.sights {
		if k := &s.sights[i]; k.f == f && k.side == at {
			return k
		}
	}
	panic("synthetic: no region shows " + s.findings[f].name) // the table is complete: TestSightsCoverFindings
}

// wrapped breaks text into lines of at most 76 characters, each after the first starting with a space, as the reports are.
func wrapped(text string) string {
	var b strings.Builder
	column := 0
	for i, word := range strings.Fields(text) {
		if column+1+len(word) > 76 && i > 0 {
			b.WriteString(" \n ")
			column = 0
		} else if i > 0 {
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}
