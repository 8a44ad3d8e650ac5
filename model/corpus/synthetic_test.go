package corpus

import (
	"testing"

	"harness/model/dataset/synthetic"
	"harness/model/spec"
)

// What a trial takes of a design where it says nothing is what the generator draws.
func TestDesignFactsAreTheGenerators(t *testing.T) {
	for _, d := range synthetic.Designs {
		p, facts := d.Default(), spec.Design(d).Facts()
		if facts.ReportDropout != p.ReportDropout || facts.PhraseDropout != p.PhraseDropout || facts.Contrast != p.CoarseContrast || facts.Revision != d.Revision() {
			t.Errorf("design %q: spec says %+v, the generator has %v, %v and %v, revision %d", d, facts, p.ReportDropout, p.PhraseDropout, p.CoarseContrast, d.Revision())
		}
		for name, s := range map[string]spec.Synthetic{
			"nothing":        {Design: spec.Design(d), Patients: 40, Seed: 3},
			"what is meant":  {Design: spec.Design(d), Patients: 40, Seed: 3, ReportDropout: facts.ReportDropout, PhraseDropout: facts.PhraseDropout, Contrast: facts.Contrast},
			"another seed":   {Design: spec.Design(d), Patients: 40, Seed: 4},
			"other dropouts": {Design: spec.Design(d), Patients: 40, Seed: 3, ReportDropout: 1, PhraseDropout: 1, SameReport: true, Contrast: .5},
		} {
			want := d.Default()
			want.Patients, want.Seed, want.SameReport = 40, s.Seed, s.SameReport
			if s.SameReport {
				want.ReportDropout, want.PhraseDropout, want.CoarseContrast = 1, 1, .5
			}
			root, got, err := syntheticSet(s, "home")
			if err != nil || got != want {
				t.Errorf("design %q, a trial that says %s: %+v, %v; want %+v", d, name, got, err, want)
			}
			if err := got.Validate(); err != nil {
				t.Errorf("%s: %v", root, err)
			}
		}
	}
}

// Sets of other designs and texts lie in folders of their own; the folder of a set of the design look is that of earlier versions.
func TestFoldersOfSets(t *testing.T) {
	folders := map[string]string{}
	for name, s := range map[string]spec.Synthetic{
		"look": {Patients: 400, Seed: 1}, "place": {Design: spec.DesignPlace, Patients: 400, Seed: 1},
		"boxes": {Design: spec.DesignPlace, Patients: 400, Seed: 1, PhraseDropout: 1}, "same report": {Design: spec.DesignPlace, Patients: 400, Seed: 1, SameReport: true},
	} {
		root, _, err := syntheticSet(s, "home")
		if err != nil {
			t.Fatal(err)
		}
		if other, taken := folders[root]; taken {
			t.Errorf("%s and %s share %s", name, other, root)
		}
		folders[root] = name
		if name == "look" && root != "home/data/synthetic-75ab64bda865" {
			t.Errorf("the design look lies in %s", root)
		}
	}
}
