package reportlabel

import (
	"os"
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

func TestSentences(t *testing.T) {
	for _, e := range readExamples(t) {
		if got := Read(e.text); got != e.want && !e.held {
			t.Errorf("%s\n got %s\nwant %s", e.text, format(got), format(e.want))
		}
	}
}

func BenchmarkRead(b *testing.B) {
	report := "The endotracheal tube terminates 4 cm above the carina. Heart size is mildly enlarged, unchanged. There is no pneumothorax. " +
		"Bibasilar opacities may represent atelectasis, although pneumonia cannot be excluded. Small left pleural effusion."
	for b.Loop() {
		Read(report)
	}
}
