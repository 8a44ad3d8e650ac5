package corpus

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"harness/model/nn"
	"harness/model/spec"
	"harness/model/tokenizer"
)

// vocabularies are the whole one, and a small one that knows few words.
func vocabularies() map[string]*Corpus {
	whole := tokenizer.GPT2()
	return map[string]*Corpus{
		"GPT-2":   {Tok: whole, ids: map[string][]int32{}},
		"compact": {Tok: whole.Compact([]string{" No pleural effusion."}), ids: map[string][]int32{}},
	}
}

// No token spans a phrase and the box behind it, whatever ends the phrase and whatever the numbers of the box.
func TestPhraseAndBoxApart(t *testing.T) {
	phrases := []string{"No pleural effusion.", "unchanged", "3.5 mm", "grade 12", "(stable)", "is it?", "about 50%", "it's", "[", "sévère", "a-", "___"}
	for name, c := range vocabularies() {
		most := 0
		for n := range 448 {
			box := nn.BoxText([4]int{n, 447 - n, (n * 7) % 448, n})
			most = max(most, len(c.IDs(" "+box)))
			for _, p := range phrases {
				whole := c.IDs(" " + p + " " + box)
				if apart := c.phraseThenBox(" "+p, " "+box, 96); !slices.Equal(apart, whole) {
					t.Fatalf("%s: %q, %s: %v apart, %v whole", name, p, box, apart, whole)
				}
			}
		}
		if most > 12 {
			t.Errorf("%s: a box of %d tokens; pretrain.max_phrase is refused below 16", name, most)
		}
	}
}

// A phrase that is too long is cut, and the box behind it is whole; the tokens that are kept stay as they were.
func TestLongPhrase(t *testing.T) {
	for name, c := range vocabularies() {
		phrase := strings.TrimSpace(strings.Repeat("effusion ", 200))
		kept := slices.Clone(c.IDs(" " + phrase))
		for _, box := range [][4]int{{0, 0, 447, 447}, {447, 446, 442, 441}} {
			text := c.IDs(" " + nn.BoxText(box))
			for _, limit := range []int{16, 64, 96} {
				for _, task := range []spec.Tasks{spec.AREF, spec.CAREF} {
					_, body := c.RegionIDs(task, "left lung", phrase, box, limit)
					at := limit - len(text)
					if len(body) != limit || !slices.Equal(body[:at], kept[:at]) || !slices.Equal(body[at:], text) {
						t.Errorf("%s, %v, limit %d: %d tokens, %v", name, task, limit, len(body), body)
					}
				}
			}
		}
		if _, body := c.RegionIDs(spec.GCAP, "", phrase, [4]int{}, 64); len(body) != len(kept)+len(c.IDs(" "+nn.BoxText([4]int{}))) {
			t.Errorf("%s, GCap: %d tokens", name, len(body))
		}
		if !slices.Equal(kept, c.IDs(" "+phrase)) {
			t.Errorf("%s: the tokens that are kept have changed", name)
		}
	}
}

// The text of a sample is that of FACTS 2.3.
func TestRegionIDs(t *testing.T) {
	c := vocabularies()["GPT-2"]
	for task, want := range map[spec.Tasks]string{
		spec.AREF:  "ARef:| Clear. [1, 2, 300, 447]",
		spec.GCAP:  "GCap:| [1, 2, 300, 447] Clear.",
		spec.CAREF: "CARef: left lung:| Clear. [1, 2, 300, 447]",
	} {
		prefix, body := c.RegionIDs(task, "left lung", "Clear.", [4]int{1, 2, 300, 447}, 96)
		if got := fmt.Sprintf("%s|%s", c.Tok.Decode(nn.ToInt(prefix)), c.Tok.Decode(nn.ToInt(body))); got != want {
			t.Errorf("%v: %q, want %q", task, got, want)
		}
	}
}
