package synthetic

import (
	"math/rand/v2"
	"strings"
)

// sight ties one region to the one finding its phrase speaks of. A region of this table always carries a phrase, with or
// without its finding, so that which phrase it is can be known from the pixels alone.
type sight struct {
	region string
	f      finding
	side   side     // the side of f that shows here; midline for one that has no side
	yes    []string // paraphrases with the finding; LEVEL and Level stand for its level word, lower case and capital
	no     []string // paraphrases without it
}

// sights covers every finding at every side it may have.
var sights = []sight{
	{"cardiac silhouette", cardiomegaly, midline,
		[]string{"There is LEVEL cardiomegaly.", "Level cardiomegaly is seen.", "The cardiac silhouette shows LEVEL cardiomegaly."},
		[]string{"The cardiac silhouette is normal in size.", "No cardiomegaly.", "The heart size is normal."}},
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
	{"right lung", emphysema, bilateral,
		[]string{"There is emphysema in the right lung.", "Emphysema is seen in the right lung."},
		[]string{"No emphysema in the right lung.", "The right lung is normally inflated."}},
	{"left lung", emphysema, bilateral,
		[]string{"There is emphysema in the left lung.", "Emphysema is seen in the left lung."},
		[]string{"No emphysema in the left lung.", "The left lung is normally inflated."}},
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
}

// plain are statements about regions that no finding belongs to; each is made with chance plainChance, so that the box of
// every region can be learned from phrases.
var plain = []struct{ region, text string }{
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

// boxless are statements about regions that have no box, as 7.6% of the real ones are (FACTS 1.3); loaders drop them.
var boxless = []struct{ region, text string }{
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

// statement is what the report says of one region.
type statement struct {
	region    string
	phrases   []string // one or two sentences
	attribute string   // "anatomicalfinding|yes|edema", or "" for a plain statement
	abnormal  bool
	severity  string // level word, or ""
}

// holds reports whether the finding of k is present where k looks.
func (k *sight) holds(s *state) bool {
	f := s[k.f]
	return f.present && (f.side == k.side || k.side == midline)
}

// say returns one paraphrase of what k sees.
func (k *sight) say(r *rand.Rand, s *state) string {
	texts := k.no
	if k.holds(s) {
		texts = k.yes
	}
	return withLevel(texts[r.IntN(len(texts))], s.level(k.f))
}

// withLevel fills in the level word of a template.
func withLevel(text, level string) string {
	if level == "" {
		return text
	}
	return strings.NewReplacer("LEVEL", level, "Level", capital(level)).Replace(text)
}

func capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

// describe returns the statements of one study in a fixed order of regions.
func describe(r *rand.Rand, s *state, first bool) []statement {
	var list []statement
	for i := range sights {
		k := &sights[i]
		st := statement{region: k.region, phrases: []string{k.say(r, s)}, abnormal: k.holds(s)}
		st.attribute = "anatomicalfinding|no|" + findings[k.f].name
		if st.abnormal {
			st.attribute = "anatomicalfinding|yes|" + findings[k.f].name
			st.severity = s.level(k.f)
		}
		if r.Float64() < priorChance && !first {
			st.phrases = append(st.phrases, "Compared to the prior study this is stable.")
		}
		list = append(list, st)
	}
	for _, x := range plain {
		if r.Float64() < plainChance {
			list = append(list, statement{region: x.region, phrases: []string{x.text}})
		}
	}
	for _, x := range boxless {
		if r.Float64() < boxlessChance {
			list = append(list, statement{region: x.region, phrases: []string{x.text}})
		}
	}
	return list
}

// report writes the free-text report of one study (FACTS 1.2): every coarse finding but those dropped with half of
// ReportDropout, every fine one but those dropped with all of it; an omitted finding is not denied. first says that there
// is no prior study to refer to.
func report(r *rand.Rand, s *state, ap, first bool, p Params) string {
	var positive, negative, key []string
	for f := range s {
		k := sightOf(finding(f), s)
		text := k.say(r, s)
		drop := p.ReportDropout
		if !findings[f].fine {
			drop /= 2
		}
		omitted, denied := r.Float64() < drop, r.Float64() < .4
		switch {
		case s[f].present && !omitted:
			positive = append(positive, text)
			key = append(key, withLevel(capital(findings[f].name)+".", ""))
		case !s[f].present && denied:
			negative = append(negative, "No "+findings[f].name+".")
		}
	}
	r.Shuffle(len(positive), func(i, j int) { positive[i], positive[j] = positive[j], positive[i] })
	body := append(positive, negative...)
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
	view := "PA and lateral views of the chest."
	if ap {
		view = "Portable AP view of the chest."
	}
	return strings.Join([]string{
		"                                 FINAL REPORT",
		" EXAMINATION:  CHEST RADIOGRAPH",
		" ",
		" INDICATION:  ___ year old patient with cough.",
		" ",
		" TECHNIQUE:  " + view,
		" ",
		" FINDINGS: ",
		" ",
		" " + wrapped(strings.Join(body, "  ")),
		" ",
		" IMPRESSION: ",
		" ",
		" " + impression,
		"",
	}, "\n")
}

// sightOf returns the first sight of f at the side it has in s; at its usual side when it is absent.
func sightOf(f finding, s *state) *sight {
	at := findings[f].side
	if s[f].present {
		at = s[f].side
	}
	for i := range sights {
		if sights[i].f == f && sights[i].side == at {
			return &sights[i]
		}
	}
	panic("synthetic: no region shows " + findings[f].name) // the table is complete: TestSightsCoverFindings
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
