package model

import (
	"harness/model/spec"
	"harness/model/tokenizer"
)

// texts of the four tasks (FACTS 2.3): the prefix has no loss, everything behind it has.

func capText(report string) (prefix, body string)       { return "Cap:", capBody(report) }
func capBody(report string) string                      { return " " + report }
func arefText(phrase, box string) (prefix, body string) { return "ARef:", " " + phrase + " " + box }
func gcapText(phrase, box string) (prefix, body string) { return "GCap:", " " + box + " " + phrase }
func gcapPrompt(box string) string                      { return "GCap: " + box }
func carefPrompt(region string) string                  { return "CARef: " + region + ":" }
func carefText(region, phrase, box string) (string, string) {
	return carefPrompt(region), " " + phrase + " " + box
}

// regionText is the text of a region sample for one of the location tasks.
func regionText(task spec.Tasks, region, phrase string, box [4]int) (prefix, body string) {
	switch task {
	case spec.AREF:
		return arefText(phrase, boxText(box))
	case spec.GCAP:
		return gcapText(phrase, boxText(box))
	case spec.CAREF:
		return carefText(region, phrase, boxText(box))
	}
	panic("model: " + task.String() + " is not a location task")
}

// answerText is the part of a question's sequence that is learned (FACTS 6 #29).
func answerText(answer string) string { return " " + answer }

// encoded caches the tokens of texts that come again each epoch.
type encoded struct {
	tok   tokenizer.Tokenizer
	cache map[string][]int32
}

func newEncoded(tok tokenizer.Tokenizer) *encoded {
	return &encoded{tok: tok, cache: map[string][]int32{}}
}

func (e *encoded) ids(text string) []int32 {
	if ids, ok := e.cache[text]; ok {
		return ids
	}
	ids := toInt32(e.tok.Encode(text))
	e.cache[text] = ids
	return ids
}
