package corpus

import (
	"harness/model/nn"
	"harness/model/spec"
)

// texts of the four tasks (FACTS 2.3): the prefix has no loss, everything behind it has.

func CapText(report string) (prefix, body string)       { return "Cap:", CapBody(report) }
func CapBody(report string) string                      { return " " + report }
func arefText(phrase, box string) (prefix, body string) { return "ARef:", " " + phrase + " " + box }
func gcapText(phrase, box string) (prefix, body string) { return "GCap:", " " + box + " " + phrase }
func GCAPPrompt(box string) string                      { return "GCap: " + box }
func CAREFPrompt(region string) string                  { return "CARef: " + region + ":" }
func carefText(region, phrase, box string) (string, string) {
	return CAREFPrompt(region), " " + phrase + " " + box
}

// RegionText is the text of a region sample for one of the location tasks.
func RegionText(task spec.Tasks, region, phrase string, box [4]int) (prefix, body string) {
	switch task {
	case spec.AREF:
		return arefText(phrase, nn.BoxText(box))
	case spec.GCAP:
		return gcapText(phrase, nn.BoxText(box))
	case spec.CAREF:
		return carefText(region, phrase, nn.BoxText(box))
	}
	panic("model: " + task.String() + " is not a location task")
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
