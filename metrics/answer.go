package metrics

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Answer is what a difference answer states (FACTS 1.4). Names keep the order and the words of the text, in lower case.
type Answer struct {
	Levels  []LevelChange // "the level of F has changed from A to B."
	Added   []string      // findings of the main image that the reference image lacks
	Missing []string      // findings of the reference image that the main image lacks
	Nothing bool          // "nothing has changed."
}

// LevelChange is one level sentence: From is the level in the reference image, To the level in the main image.
type LevelChange struct{ Finding, From, To string }

// LevelOnly reports whether the answer states level changes and nothing else, as the answers to the area question do.
func (a Answer) LevelOnly() bool {
	return len(a.Levels) > 0 && len(a.Added) == 0 && len(a.Missing) == 0 && !a.Nothing
}

// states reports whether the answer states anything.
func (a Answer) states() bool { return a.Nothing || len(a.Added)+len(a.Missing)+len(a.Levels) > 0 }

// ParseAnswer parses a difference answer: level sentences, then at most one sentence of additional and one of missing
// findings, or "nothing has changed." Case, white space, a missing final stop and PTB-tokenised text (no commas, no stops)
// do not matter. Findings outside the 30 official names are kept as written.
//
// When the text as a whole is not in the grammar, the error says what is wrong, and the Answer still holds every sentence
// that could be read, in whatever order: model output is scored by that part.
func ParseAnswer(text string) (Answer, error) {
	p := answerParser{tokens: answerTokens(text)}
	if len(p.tokens) == 0 {
		return Answer{}, errors.New("answer is blank")
	}
	p.parse()
	return p.answer, p.err
}

// answerTokens lower-cases and splits at white space, with commas and sentence stops as tokens of their own.
func answerTokens(text string) []string {
	text = strings.NewReplacer(",", " , ", ".", " . ").Replace(strings.ToLower(text))
	return strings.Fields(text)
}

// The fixed words of the grammar, as token lists.
var (
	nothingWords    = strings.Fields("nothing has changed")
	levelWords      = strings.Fields("the level of")
	changeWords     = strings.Fields("has changed from")
	addedOneWords   = strings.Fields("the main image has an additional finding of")
	addedManyWords  = strings.Fields("the main image has additional findings of")
	missingOneWords = strings.Fields("the main image is missing the finding of")
	missingMany     = strings.Fields("the main image is missing the findings of")
	referenceWords  = strings.Fields("than the reference image")
)

var sentenceHeads = [][]string{nothingWords, levelWords, addedOneWords, addedManyWords, missingOneWords, missingMany}

// answerParser walks the tokens once. err keeps the first deviation from the grammar; the walk continues after it.
type answerParser struct {
	tokens []string
	pos    int
	answer Answer
	err    error
	stage  int // 0 level sentences, 1 after added, 2 after missing, 3 after nothing: may only grow
}

func (p *answerParser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

func (p *answerParser) at(words []string) bool { return hasPrefix(p.tokens[p.pos:], words) }

func (p *answerParser) parse() {
	for p.pos < len(p.tokens) {
		switch {
		case p.at(nothingWords):
			p.pos += len(nothingWords)
			if p.stage != 0 || len(p.answer.Levels) > 0 {
				p.fail("answer says both that nothing and that something has changed")
			}
			p.stage, p.answer.Nothing = 3, true
		case p.at(levelWords):
			p.pos += len(levelWords)
			p.level()
		case p.at(addedOneWords):
			p.findings(addedOneWords, &p.answer.Added, 1, false)
		case p.at(addedManyWords):
			p.findings(addedManyWords, &p.answer.Added, 1, true)
		case p.at(missingOneWords):
			p.findings(missingOneWords, &p.answer.Missing, 2, false)
		case p.at(missingMany):
			p.findings(missingMany, &p.answer.Missing, 2, true)
		default:
			p.fail("answer does not follow the grammar at %q", p.tokens[p.pos])
			p.pos++
			continue
		}
		if p.pos < len(p.tokens) && p.tokens[p.pos] == "." {
			p.pos++
		}
	}
	if p.answer.Nothing && (len(p.answer.Added) > 0 || len(p.answer.Missing) > 0 || len(p.answer.Levels) > 0) {
		p.answer.Nothing = false // a contradiction states a change
	}
}

// sentenceEnd returns the index of the next stop or sentence head at or after p.pos.
func (p *answerParser) sentenceEnd() int {
	for i := p.pos; i < len(p.tokens); i++ {
		if p.tokens[i] == "." {
			return i
		}
		for _, head := range sentenceHeads {
			if hasPrefix(p.tokens[i:], head) {
				return i
			}
		}
	}
	return len(p.tokens)
}

// level reads "F has changed from A to B".
func (p *answerParser) level() {
	end := p.sentenceEnd()
	body := p.tokens[p.pos:end]
	p.pos = end
	if p.stage > 0 {
		p.fail("level sentence after the sentences of findings")
	}
	cut := index(body, changeWords)
	if cut <= 0 || slices.Contains(body, ",") {
		p.fail("level sentence without a finding and its change")
		return
	}
	from, to, ok := cutLevels(body[cut+len(changeWords):])
	if !ok {
		p.fail("level sentence has no known levels in %q", strings.Join(body[cut+len(changeWords):], " "))
		return
	}
	p.answer.Levels = append(p.answer.Levels, LevelChange{Finding: strings.Join(body[:cut], " "), From: from, To: to})
}

// cutLevels splits "A to B" so that both sides are levels; of two possible cuts it takes the longest A (FACTS 1.7).
func cutLevels(words []string) (from, to string, ok bool) {
	for i := len(words) - 2; i > 0; i-- {
		if words[i] == "to" && isLevelList(words[:i]) && isLevelList(words[i+1:]) {
			return strings.Join(words[:i], " "), strings.Join(words[i+1:], " "), true
		}
	}
	return "", "", false
}

// isLevelList reports whether the words are one or more level phrases: the generator joins a study's several levels by spaces.
func isLevelList(words []string) bool {
	if len(words) == 0 {
		return true
	}
	for n := min(3, len(words)); n > 0; n-- {
		if knownLevels[strings.Join(words[:n], " ")] && isLevelList(words[n:]) {
			return true
		}
	}
	return false
}

// findings reads the list after head into dst. stage is the sentence's place in the order of the grammar.
func (p *answerParser) findings(head []string, dst *[]string, stage int, many bool) {
	p.pos += len(head)
	if p.stage >= stage {
		p.fail("sentence %q out of order", strings.Join(head, " "))
	}
	p.stage = max(p.stage, stage)
	end := p.sentenceEnd()
	body := p.tokens[p.pos:end]
	p.pos = end
	tail := index(body, referenceWords)
	switch {
	case tail < 0:
		p.fail("sentence %q does not end in %q", strings.Join(head, " "), strings.Join(referenceWords, " "))
		tail = len(body)
	case tail+len(referenceWords) != len(body):
		p.fail("unexpected %q after %q", body[tail+len(referenceWords)], strings.Join(referenceWords, " "))
	}
	names, err := splitFindings(body[:tail])
	switch {
	case err != nil:
		p.fail("%w", err)
	case many && len(names) < 2:
		p.fail("plural sentence with %d finding", len(names))
	case !many && len(names) != 1:
		p.fail("singular sentence with %d findings", len(names))
	}
	*dst = append(*dst, names...)
}

// splitFindings splits "X1, X2, and X3". Without commas (PTB-tokenised text) it splits at "and" and between known names;
// words that are no known name then form one unknown name a run.
func splitFindings(words []string) ([]string, error) {
	var names []string
	var err error
	var run []string
	flush := func() {
		if len(run) > 0 {
			names = append(names, strings.Join(run, " "))
			run = nil
		}
	}
	commas := slices.Contains(words, ",")
	for i := 0; i < len(words); i++ {
		switch {
		case words[i] == ",":
			if len(run) == 0 {
				err = errors.New("list of findings has an empty place")
			}
			flush()
		case words[i] == "and" && len(run) == 0:
			if len(names) == 0 || i == len(words)-1 {
				err = errors.New("list of findings has an empty place")
			}
		case words[i] == "and" && !commas:
			flush()
		case !commas && knownPrefix(words[i:]) > 0:
			flush()
			n := knownPrefix(words[i:])
			names = append(names, strings.Join(words[i:i+n], " "))
			i += n - 1
		default:
			run = append(run, words[i])
		}
	}
	if len(words) == 0 || words[len(words)-1] == "," {
		err = errors.New("list of findings has an empty place")
	}
	flush()
	return names, err
}

// knownPrefix returns the length in words of the longest official name that starts words, or 0.
func knownPrefix(words []string) int {
	for n := min(longestFinding, len(words)); n > 0; n-- {
		if knownFindings[strings.Join(words[:n], " ")] {
			return n
		}
	}
	return 0
}

func hasPrefix(tokens, words []string) bool {
	return len(tokens) >= len(words) && slices.Equal(tokens[:len(words)], words)
}

// index returns where words first occur in tokens, or -1.
func index(tokens, words []string) int {
	for i := range tokens {
		if hasPrefix(tokens[i:], words) {
			return i
		}
	}
	return -1
}
