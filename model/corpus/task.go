package corpus

import (
	"slices"

	"harness/model/nn"
	"harness/model/spec"
)

// texts of the four tasks (FACTS 2.3): the prefix has no loss, everything behind it has.

func CapText(report string) (prefix, body string) { return "Cap:", CapBody(report) }
func CapBody(report string) string                { return " " + report }
func GCAPPrompt(box string) string                { return "GCap: " + box }
func CAREFPrompt(region string) string            { return "CARef: " + region + ":" }

// RegionIDs are the tokens of a region sample for one of the location tasks: those of its prefix and of its body. Where the box stands
// behind the phrase (AREF, CAREF), the body has at most limit tokens: the phrase is cut, never its box. That of GCAP, where
// the phrase stands last, is whole.
func (c *Corpus) RegionIDs(task spec.Tasks, region, phrase string, box [4]int, limit int) (prefix, body []int32) {
	phrase, boxText := " "+phrase, " "+nn.BoxText(box)
	switch task {
	case spec.AREF:
		return c.IDs("ARef:"), c.phraseThenBox(phrase, boxText, limit)
	case spec.GCAP:
		return c.IDs("GCap:"), c.IDs(boxText + phrase)
	case spec.CAREF:
		return c.IDs(CAREFPrompt(region)), c.phraseThenBox(phrase, boxText, limit)
	}
	panic("model: " + task.String() + " is not a location task")
}

// phraseThenBox joins tokens that are those of the joined text: no token spans the space before a box.
func (c *Corpus) phraseThenBox(phrase, box string, limit int) []int32 {
	first, last := c.IDs(phrase), c.IDs(box)
	return slices.Concat(first[:min(len(first), max(limit-len(last), 0))], last)
}

// AnswerText is the part of a question's sequence that is learned (FACTS 6 #29).
func AnswerText(answer string) string { return " " + answer }

// IDs are the tokens of a text; those of texts that come again each epoch are kept.
func (c *Corpus) IDs(text string) []int32 {
	if ids, ok := c.ids[text]; ok {
		return ids
	}
	ids := nn.ToInt32(c.Tok.Encode(text))
	c.ids[text] = ids
	return ids
}

// EOS is the token that ends a text, begins it and pads.
func (c *Corpus) EOS() int32 { return int32(c.Tok.EOS()) }
