package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// parseMarks reads which ids a post_processor puts before and after a single text.
func parseMarks(raw json.RawMessage, depth int) (before, after []int, err error) {
	if isNull(raw) {
		return nil, nil, nil
	}
	s, err := parseStage(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("post_processor: %w", err)
	}
	switch s.Type {
	case "Sequence":
		for _, inner := range s.Processors {
			if depth == deepest {
				return nil, nil, errors.New("post_processor: sequences lie too deep in one another")
			}
			b, a, err := parseMarks(inner, depth+1)
			if err != nil {
				return nil, nil, err
			}
			before, after = append(slices.Clone(b), before...), append(after, a...)
		}
		return before, after, nil
	case "BertProcessing", "RobertaProcessing":
		cls, err := parseMark(s.CLS)
		if err != nil {
			return nil, nil, fmt.Errorf("post_processor %s: cls: %w", s.Type, err)
		}
		sep, err := parseMark(s.Sep)
		if err != nil {
			return nil, nil, fmt.Errorf("post_processor %s: sep: %w", s.Type, err)
		}
		return []int{cls}, []int{sep}, nil
	case "TemplateProcessing":
		return s.template()
	case "ByteLevel": // offsets only
		return nil, nil, nil
	}
	return nil, nil, fmt.Errorf("post_processor %q is not known", s.Type)
}

// parseMark reads ["[SEP]", 102].
func parseMark(raw json.RawMessage) (int, error) {
	var pair []json.RawMessage
	if err := json.Unmarshal(raw, &pair); err != nil || len(pair) != 2 {
		return 0, errors.New("want a token and its id")
	}
	id := -1
	err := json.Unmarshal(pair[1], &id)
	return id, err
}

// template reads the single form of a TemplateProcessing.
func (s stage) template() (before, after []int, err error) {
	seen := false
	for _, piece := range s.Single {
		switch {
		case piece.Sequence != nil && !seen && piece.Sequence.ID == "A":
			seen = true
		case piece.SpecialToken != nil:
			token, ok := s.SpecialTokens[piece.SpecialToken.ID]
			if !ok {
				return nil, nil, fmt.Errorf("post_processor TemplateProcessing: no special token %q", piece.SpecialToken.ID)
			}
			if seen {
				after = append(after, token.IDs...)
			} else {
				before = append(before, token.IDs...)
			}
		default:
			return nil, nil, errors.New("post_processor TemplateProcessing: the single form is not marks around one text")
		}
	}
	if !seen {
		return nil, nil, errors.New("post_processor TemplateProcessing: the single form leaves the text out")
	}
	return before, after, nil
}
