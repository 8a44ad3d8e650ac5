package corpus

import (
	"harness/model/dataset"
	"harness/model/spec"
	"harness/model/tokenizer"
)

// vocabulary is GPT-2's, or the part of it that the training texts need at the small presets. Test texts are not looked
// at: what only they contain is spelt in smaller tokens.
func (c *Corpus) vocabulary(t spec.Trial) tokenizer.Tokenizer {
	whole := tokenizer.GPT2()
	if t.LM.Weights != "" || t.WholeVocabulary {
		return whole
	}
	var texts []string
	for _, image := range c.Set.Images {
		if image.Split != dataset.Train {
			continue
		}
		texts = append(texts, CapBody(image.Caption))
		for _, r := range image.Regions {
			texts = append(texts, CAREFPrompt(r.Name), " "+r.Phrase+" ")
		}
	}
	for _, list := range [][]dataset.Pair{c.Set.Pairs, c.Set.Questions} {
		for _, q := range list {
			if q.Split == dataset.Train {
				texts = append(texts, q.Question, AnswerText(q.Answer))
			}
		}
	}
	return whole.Compact(texts)
}
