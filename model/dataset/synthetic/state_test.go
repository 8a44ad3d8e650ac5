package synthetic

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"harness/metrics"
)

// drawPatients returns the studies of n patients, without images.
func drawPatients(n int, p Params) [][]*study {
	patients := make([][]*study, n)
	for i := range patients {
		r := rand.New(rand.NewPCG(11, uint64(i)))
		for k := range p.Studies {
			st := &study{id: studyID(i, k), subject: subjectID(i), dicom: dicomID(r), ap: k%2 == 0}
			if k == 0 {
				st.state = firstState(r, p)
			} else {
				st.state = patients[i][k-1].state.next(r, p)
			}
			st.order = st.state.present()
			if !p.StableOrder {
				shuffle(r, st.order)
			}
			patients[i] = append(patients[i], st)
		}
	}
	return patients
}

// Every difference answer parses, and says exactly what distinguishes the two states.
func TestDifferencesParseToStates(t *testing.T) {
	for _, stable := range []bool{true, false} {
		p := Default()
		p.StableOrder = stable
		r := rand.New(rand.NewPCG(3, 4))
		pairs, nothing, areas := 0, 0, 0
		for _, studies := range drawPatients(300, p) {
			for i, main := range studies {
				for _, ref := range studies[:i] {
					for k, q := range differences(r, ref, main, p) {
						got, err := metrics.ParseAnswer(q.answer)
						if err != nil {
							t.Fatalf("%q: %v", q.answer, err)
						}
						if k > 0 {
							areas++
							if !got.LevelOnly() || !strings.HasPrefix(q.text, "what has changed in the ") {
								t.Errorf("area question %q has answer %q", q.text, q.answer)
							}
							continue
						}
						pairs++
						if got.Nothing {
							nothing++
						}
						checkAnswer(t, got, &ref.state, &main.state)
					}
				}
			}
		}
		// Adjacent studies keep everything in .79^10 = 9%, less in pairs two studies apart.
		if share := float64(nothing) / float64(pairs); share < .03 || share > .12 {
			t.Errorf("stable=%v: %.3f of pairs unchanged, want .03 to .12", stable, share)
		}
		if areas == 0 {
			t.Errorf("stable=%v: no question about an area", stable)
		}
	}
}

func checkAnswer(t *testing.T, got metrics.Answer, ref, main *state) {
	t.Helper()
	var added, missing []string
	levels := 0
	for f := range main.has {
		name := main.findings[f].name
		switch {
		case main.has[f].present && !ref.has[f].present:
			added = append(added, name)
		case !main.has[f].present && ref.has[f].present:
			missing = append(missing, name)
		case main.has[f].present && main.level(finding(f)) != ref.level(finding(f)):
			levels++
		}
	}
	for _, list := range [][]string{added, missing, got.Added, got.Missing} {
		slices.Sort(list)
	}
	if !slices.Equal(got.Added, added) || !slices.Equal(got.Missing, missing) || len(got.Levels) != levels ||
		got.Nothing != (len(added)+len(missing)+levels == 0) {
		t.Errorf("answer says %+v, states say added %v, missing %v, %d levels", got, added, missing, levels)
	}
}

// Every finding at every side it may have is seen by some region, and every region of the tables is known.
func TestSightsCoverFindings(t *testing.T) {
	known := map[string]bool{}
	for _, region := range lookRegions {
		known[region.name] = true
	}
	for f, spec := range lookFindings {
		for _, at := range []side{spec.side, spec.other} {
			s := designs[Look].none()
			s.has[f] = presence{present: true, side: at}
			seen := slices.ContainsFunc(lookSights, func(k sight) bool { return k.f == finding(f) && k.holds(&s) })
			if !seen {
				t.Errorf("%s at side %d: no region shows it", spec.name, at)
			}
		}
	}
	speaking := len(lookPlain)
	for i, k := range lookSights {
		if !known[k.region] {
			t.Errorf("region %q is not one of the 29", k.region)
		}
		if i == 0 || k.region != lookSights[i-1].region {
			speaking++
		}
	}
	for _, x := range lookPlain {
		if !known[x.region] {
			t.Errorf("region %q is not one of the 29", x.region)
		}
	}
	if speaking != len(lookRegions) {
		t.Errorf("%d regions have statements, want each of the 29 once", speaking)
	}
}

// The phrase of a region names its finding, and denies it exactly when it is not there.
func TestPhrasesFollowState(t *testing.T) {
	p := Default()
	for i, studies := range drawPatients(100, p) {
		st := studies[0]
		r := rand.New(rand.NewPCG(5, uint64(i)))
		var said []sentence
		var where []string
		for _, s := range describe(r, &st.state, true) {
			for _, x := range s.sentences {
				said, where = append(said, x), append(where, s.region)
			}
		}
		for k := range lookSights {
			s := said[k]
			if where[k] != lookSights[k].region || s.abnormal != lookSights[k].holds(&st.state) {
				t.Fatalf("sentence %d about %s: %+v", k, where[k], s)
			}
			name := lookFindings[lookSights[k].f].name
			text := strings.ToLower(s.text)
			if s.abnormal && !strings.Contains(text, name) {
				t.Errorf("%s: %q does not name %s", where[k], text, name)
			}
			if s.abnormal && s.severity != st.state.level(lookSights[k].f) {
				t.Errorf("%s: %q has level %q", where[k], text, s.severity)
			}
			if !s.abnormal && strings.Contains(text, name) && !strings.HasPrefix(text, "no ") {
				t.Errorf("%s: %q states an absent finding", where[k], text)
			}
			if strings.Contains(text, "level") {
				t.Errorf("%s: %q has an unfilled level", where[k], text)
			}
		}
	}
}

// A report never states what is not there, never denies what is, and omits fine findings as often as asked.
func TestReportsFollowState(t *testing.T) {
	p := Default()
	fine, mentioned := 0, 0
	for i, studies := range drawPatients(300, p) {
		for k, st := range studies {
			text := report(rand.New(rand.NewPCG(6, uint64(10*i+k))), &st.state, st.ap, k == 0, p)
			if !strings.Contains(text, "\n FINDINGS: ") || !strings.Contains(text, "\n IMPRESSION: ") {
				t.Fatalf("sections missing: %q", text)
			}
			text = strings.ToLower(strings.Join(strings.Fields(text), " "))
			for f, spec := range lookFindings {
				denied := strings.Contains(text, "no "+spec.name+".")
				if denied && st.state.has[f].present {
					t.Errorf("study %d denies %s, which is present", st.id, spec.name)
				}
				if !st.state.has[f].present && strings.Contains(strings.ReplaceAll(text, "no "+spec.name, ""), spec.name) {
					t.Errorf("study %d states %s, which is absent: %s", st.id, spec.name, text)
				}
				if st.state.has[f].present && spec.fine {
					fine++
					if strings.Contains(text, spec.name) {
						mentioned++
					}
				}
			}
		}
	}
	if share := float64(mentioned) / float64(fine); share < .45 || share > .55 {
		t.Errorf("%.2f of fine findings are reported, want about .50", share)
	}
}

// All texts fit a small vocabulary.
func TestVocabularyIsSmall(t *testing.T) {
	p := Default()
	vocabulary := map[string]bool{}
	read := func(text string) {
		for _, word := range strings.FieldsFunc(strings.ToLower(text), func(c rune) bool { return strings.ContainsRune(" .,:?\n", c) }) {
			vocabulary[word] = true
		}
	}
	for i, studies := range drawPatients(200, p) {
		r := rand.New(rand.NewPCG(8, uint64(i)))
		for k, st := range studies {
			read(report(r, &st.state, st.ap, k == 0, p))
			for _, s := range describe(r, &st.state, k == 0) {
				for _, x := range s.sentences {
					read(s.region + " " + x.text)
				}
			}
			for _, q := range about(r, st) {
				read(q.text + " " + q.answer)
			}
			for _, ref := range studies[:k] {
				for _, q := range differences(r, ref, st, p) {
					read(q.text + " " + q.answer)
				}
			}
		}
	}
	if n := len(vocabulary); n < 100 || n > 250 {
		t.Errorf("%d words, want 100 to 250", n)
	}
}

// Presence questions cannot be answered without looking: half of the answers are yes.
func TestPresenceIsBalanced(t *testing.T) {
	yes, all := 0, 0
	for i, studies := range drawPatients(200, Default()) {
		for _, q := range about(rand.New(rand.NewPCG(9, uint64(i))), studies[0]) {
			if q.kind == "presence" {
				all++
				if q.answer == "yes" {
					yes++
				}
			}
		}
	}
	if all == 0 || 2*yes != all {
		t.Errorf("%d of %d presence questions are answered yes, want half", yes, all)
	}
}
