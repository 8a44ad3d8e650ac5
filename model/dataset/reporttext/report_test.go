package reporttext

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReportCaption(t *testing.T) {
	const head = "                                 FINAL REPORT\n EXAMINATION:  CHEST (PA AND LAT)\n \n INDICATION:  ___ year old woman.\n \n "
	for _, c := range []struct{ name, text, want string }{
		{"findings and impression", head + "FINDINGS: \n \n The heart is\n normal in size.\n \n IMPRESSION: \n \n No acute process.\n",
			"The heart is normal in size. No acute process."},
		{"impression alone", head + "IMPRESSION:  No acute cardiopulmonary process.\n", "No acute cardiopulmonary process."},
		{"the last of each", head + "FINDINGS:  First text here.\n \n IMPRESSION:  One two three.\n \n FINDINGS:  Second text here.\n",
			"Second text here. One two three."},
		{"an empty section does not hide an earlier one", head + "FINDINGS:  First text here.\n \n FINDINGS:  \n \n IMPRESSION:  \n",
			"First text here."},
		{"misspelt", head + "IMPRSSION:  All is well.\n", "All is well."},
		{"conclusion", head + "CONCLUSION:  All is well.\n", "All is well."},
		{"header that names views", head + "PORTABLE SEMI-ERECT FILM:  All is well.\n", "All is well."},
		{"header that holds a name", head + "PRELIMINARY IMPRESSION:  All is well.\n", "All is well."},
		{"last paragraph", "\n INDICATION:  Cough.\n \n The lungs are clear.\n \n No effusion.\n", "The lungs are clear. No effusion."},
		{"no header", "FINAL REPORT\n The heart is big.\n \n The lungs are clear.\n", "The lungs are clear."},
		{"no header, one paragraph", "The lungs are clear.\n", ""},
		{"header in lower case is text", head + "Findings: seen\n \n IMPRESSION: All is well.\n", "All is well."},
		{"header without the space is text", head + "FINDINGS:  Text one here.\nIMPRESSION: two.\n", "Text one here. IMPRESSION: two."},
		{"header on the same line is text", "\n FINDINGS: IMPRESSION: a b c\n", "IMPRESSION: a b c"},
		{"CRLF", "x\r\n FINDINGS:  Lungs are\r\n clear.\r\n", "Lungs are clear."},
		{"blanked words stay", "\n FINDINGS:  Dr. ___ was told.\n", "Dr. ___ was told."},
		{"sentence on an earlier study", "\n FINDINGS:  Heart size is normal. Effusion has INCREASED. Is it new? No fracture is seen.\n",
			"Heart size is normal. No fracture is seen."},
		{"sentence behind a head", "\n IMPRESSION:  AP chest compared to ___: Lungs are clear.\n", "Lungs are clear."},
		{"sentence behind a head of its own line", "\n IMPRESSION: \n \n AP chest compared to ___, 4:12 a.m.:\n \n Lungs are clear.  Mild edema in Dr. ___ view.\n",
			"Lungs are clear. Mild edema in Dr. ___ view."},
		{"sentence behind two heads", "\n FINDINGS:  Comparison, prior film of ___: portable chest, compared to ___: no edema is seen.\n", "No edema is seen."},
		{"sentence on an earlier study behind a head", "\n FINDINGS:  AP chest compared to ___: Effusion has increased. No edema is seen.\n", "No edema is seen."},
		{"a sentence is no head", "\n FINDINGS:  The chest is unchanged: no edema is seen. The lungs are clear.\n", "The lungs are clear."},
		{"a colon alone is no head", "\n FINDINGS:  Compared to before: no edema is seen. The lungs are clear.\n", "The lungs are clear."},
		{"numbers of a list", "\n FINDINGS:\n \n 1.  No effusion.\n 2.  Heart is 1.5 cm large.\n \n IMPRESSION:  1. 3.5 mm nodule\n 2) Edema\n 3.Effusion.\n",
			"No effusion. Heart is 1.5 cm large. 3.5 mm nodule Edema Effusion."},
		{"a list in one line", "\n IMPRESSION: 1. No effusion. 2. Unchanged heart. 3. Mild edema is seen.\n", "No effusion. Mild edema is seen."},
		{"numbers of no list", "\n FINDINGS:  The line ends at rib\n 5. It has 3. 2 mm is the size of 4.\n", "The line ends at rib 5. It has 3. 2 mm is the size of 4."},
		{"against and newborn are no such words", "\n FINDINGS:  Leaning against it. The newborn chest.\n", "Leaning against it. The newborn chest."},
		{"too short", "\n IMPRESSION:  Normal chest.\n", ""},
		{"comparison alone", "\n COMPARISON:  The chest film of ___.\n", ""},
	} {
		if got := Caption("50000000", []byte(c.text), false); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	phrase := Phrase([]string{"FINDINGS: AP chest compared to ___: the lungs are clear."}, false)
	if want := "The lungs are clear."; phrase != want {
		t.Errorf("phrase behind a head: %q, want %q", phrase, want)
	}
	text := "\n FINDINGS:  Effusion has increased again.\n"
	if got := Caption("50000000", []byte(text), true); got != "Effusion has increased again." {
		t.Errorf("keeping sentences on earlier studies: %q", got)
	}
}

func TestReportExceptions(t *testing.T) {
	text := "\n TECHNIQUE:  The findings stand here.\n \n IMPRESSION:  All is well.\n"
	if got := Caption("59279892", []byte(text), false); got != "The findings stand here." {
		t.Errorf("study with findings under another header: %q", got)
	}
	long := strings.Repeat("x", 59) + "a text of ranges" + strings.Repeat("y", 500)
	if got := Caption("56579911", []byte(long), false); !strings.HasPrefix(got, "a text of rangesy") || len(got) != 218-59 {
		t.Errorf("study with a range: %q", got)
	}
	if got := Caption("58235663", []byte(text), false); got != "" {
		t.Errorf("study without findings: %q", got)
	}
}

func TestSplitReport(t *testing.T) {
	got := splitReport("FINAL\n EXAM:  CHEST\n CHEST, TWO VIEWS:  seen\n \n WETREAD:  read\n")
	want := []section{{"preamble", "FINAL\n "}, {"examination", " CHEST"}, {"findings", " seen\n "}, {"wet read", " read\n"}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(section{})); diff != "" {
		t.Errorf("sections (-want +got):\n%s", diff)
	}
}

func TestCleanPhrase(t *testing.T) {
	for _, c := range []struct {
		in   []string
		want string
	}{
		{[]string{"Right lung is clear.", "no pneumothorax identified"}, "Right lung is clear. No pneumothorax identified."},
		{[]string{"FINDINGS: PA AND LATERAL VIEWS OF THE CHEST: the heart is big."}, "The heart is big."},
		{[]string{"IMPRESSION: 1. Small effusion. 2. No edema."}, "Small effusion. No edema."},
		{[]string{"No edema.", "no edema"}, "No edema."},
		{[]string{"7. 3.5 mm nodule.", "12) No edema."}, "3.5 mm nodule. No edema."},
		{[]string{"Measures 3. No edema."}, "Measures 3. No edema."},
		{[]string{"WET READ: ___ MON 5:32 PM Clear lungs. FINAL REPORT"}, "Clear lungs."},
		{[]string{"  A\n\n line   break. "}, "A line break."},
		{[]string{"FINAL REPORT", "IMPRESSION:", "3. "}, ""},
		{nil, ""},
		{[]string{"Measures 1.5 cm. Dr. x?"}, "Measures 1.5 cm. Dr. X?"},
		{[]string{"Right PICC: tip in the SVC."}, "Right PICC: tip in the SVC."},
	} {
		if got := cleanPhrase(c.in); got != c.want {
			t.Errorf("cleanPhrase(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestSplitSentences(t *testing.T) {
	got := splitSentences(" One 1.5 two. Three?\nFour!  Five...six.Seven")
	want := []string{"One 1.5 two.", "Three?", "Four!", "Five...six.Seven"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPriorWords(t *testing.T) {
	for word, want := range map[string]bool{
		"compared": true, "Prior": true, "previously": true, "interval": true, "unchanged": true, "again": true, "new": true, "newly": true,
		"increasing": true, "decreased": true, "IMPROVED": true, "worsening": true, "persistent": true, "stable": true, "resolution": true,
		"against": false, "newborn": false, "unstable": false, "renew": false, "changed": false,
	} {
		if got := dropPriorSentences("It is "+word+" here.") == ""; got != want {
			t.Errorf("%s refers to an earlier study: %v, want %v", word, got, want)
		}
	}
}

// TestOfficialSections compares with what MIT-LCP's section parser (mimic-cxr, commit 3190146) made of random reports.
func TestOfficialSections(t *testing.T) {
	raw, err := os.ReadFile("testdata/sections.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Text, Caption   string
		Names, Sections []string
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) != 200 {
		t.Errorf("%d cases, want 200", len(cases))
	}
	for _, c := range cases {
		var want []section
		for i, name := range c.Names {
			want = append(want, section{name, c.Sections[i]})
		}
		if diff := cmp.Diff(want, splitReport(c.Text), cmp.AllowUnexported(section{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.Text, diff)
		}
		if got := Caption("50000000", []byte(c.Text), true); got != c.Caption {
			t.Errorf("%q: caption %q, want %q", c.Text, got, c.Caption)
		}
	}
}
