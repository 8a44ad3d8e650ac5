package tokenizer

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxAdded bounds the added tokens of a file: each is looked for in every text.
const maxAdded = 1 << 14

// stage is a normalizer, pre-tokenizer or post-processor of a tokenizer.json, with the keys of all its types.
type stage struct {
	Type string `json:"type"`

	Normalizers   []json.RawMessage `json:"normalizers"`
	Pretokenizers []json.RawMessage `json:"pretokenizers"`
	Processors    []json.RawMessage `json:"processors"`

	CleanText    *bool  `json:"clean_text"`
	Chinese      *bool  `json:"handle_chinese_chars"`
	StripAccents *bool  `json:"strip_accents"`
	Lowercase    *bool  `json:"lowercase"`
	Left         *bool  `json:"strip_left"`
	Right        *bool  `json:"strip_right"`
	Charsmap     string `json:"precompiled_charsmap"`
	Prepend      string `json:"prepend"`
	Content      string `json:"content"`
	Pattern      struct {
		String *string `json:"String"`
		Regex  *string `json:"Regex"`
	} `json:"pattern"`

	Prefix      *bool   `json:"add_prefix_space"`
	UseRegex    *bool   `json:"use_regex"`
	Replacement string  `json:"replacement"`
	Scheme      *string `json:"prepend_scheme"`
	Split       *bool   `json:"split"`
	Individual  bool    `json:"individual_digits"`
	Behavior    string  `json:"behavior"`

	Sep    json.RawMessage `json:"sep"`
	CLS    json.RawMessage `json:"cls"`
	Single []struct {
		SpecialToken *struct {
			ID string `json:"id"`
		} `json:"SpecialToken"`
		Sequence *struct {
			ID string `json:"id"`
		} `json:"Sequence"`
	} `json:"single"`
	SpecialTokens map[string]struct {
		IDs []int `json:"ids"`
	} `json:"special_tokens"`
}

func isSet(b *bool, otherwise bool) bool {
	if b == nil {
		return otherwise
	}
	return *b
}

// isNull reports a stage that is not there.
func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

func parseStage(raw json.RawMessage) (stage, error) {
	var s stage
	err := json.Unmarshal(raw, &s)
	return s, err
}

// parsePipeline reads a tokenizer.json. What it does not know, and could change an id, is refused by name. Its own truncation and
// padding count for nothing: the caller gives the limit.
func parsePipeline(data []byte, config sentenceConfig) (*pipeline, error) {
	var in struct {
		Added      []addedToken    `json:"added_tokens"`
		Normalizer json.RawMessage `json:"normalizer"`
		Splitter   json.RawMessage `json:"pre_tokenizer"`
		Processor  json.RawMessage `json:"post_processor"`
		Model      json.RawMessage `json:"model"`
	}
	if !utf8.Valid(data) {
		return nil, errors.New("not a text file in UTF-8")
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, err
	}
	if len(in.Added) > maxAdded {
		return nil, fmt.Errorf("%d added tokens are more than %d", len(in.Added), maxAdded)
	}
	p := &pipeline{limit: config.limit()}
	var err error
	if p.normal, err = parseNormaliser(in.Normalizer, config, 0); err != nil {
		return nil, err
	}
	if p.split, err = parseSplitter(in.Splitter, config, 0); err != nil {
		return nil, err
	}
	if p.model, err = parseModel(in.Model); err != nil {
		return nil, err
	}
	if _, pairs := p.model.(*bytePairs); pairs != endsInBytes(p.split) {
		return nil, errors.New("a BPE model and the pre_tokenizer ByteLevel are read together only")
	}
	for _, t := range in.Added {
		if t.ID < 0 || t.ID > 1<<24 {
			return nil, fmt.Errorf("added token %q has the id %d", t.Content, t.ID)
		}
		if t.Normalized {
			for _, rewrite := range p.normal {
				t.Content = rewrite(t.Content)
			}
		}
		p.added.add(t)
	}
	if p.before, p.after, err = parseMarks(in.Processor, 0); err != nil {
		return nil, err
	}
	if len(p.before)+len(p.after) == 0 {
		return nil, errors.New("post_processor puts no marks around a text: not a tokenizer of the BERT family")
	}
	for _, id := range append(slices.Clone(p.before), p.after...) {
		if id < 0 || id >= p.Size() {
			return nil, fmt.Errorf("post_processor: the mark %d is not in the vocabulary", id)
		}
	}
	return p, nil
}

// endsInBytes reports that the last splitter is ByteLevel, and no other.
func endsInBytes(all []splitter) bool {
	for i, s := range all {
		if _, bytes := s.(byteLevel); bytes {
			return i == len(all)-1
		}
	}
	return false
}

// deepest is how far sequences may lie in one another.
const deepest = 8

// parseNormaliser reads a normalizer, a sequence as its parts. tokenizer_config.json has the last word on BERT's switches.
func parseNormaliser(raw json.RawMessage, config sentenceConfig, depth int) ([]normaliser, error) {
	if isNull(raw) {
		return nil, nil
	}
	s, err := parseStage(raw)
	if err != nil {
		return nil, fmt.Errorf("normalizer: %w", err)
	}
	switch s.Type {
	case "Sequence":
		var all []normaliser
		for _, inner := range s.Normalizers {
			if depth == deepest {
				return nil, errors.New("normalizer: sequences lie too deep in one another")
			}
			n, err := parseNormaliser(inner, config, depth+1)
			if err != nil {
				return nil, err
			}
			all = append(all, n...)
		}
		return all, nil
	case "BertNormalizer":
		b := bertNormal{clean: isSet(s.CleanText, true), chinese: isSet(s.Chinese, true), lower: isSet(s.Lowercase, true)}
		b.lower, b.chinese = isSet(config.Lower, b.lower), isSet(config.Chinese, b.chinese)
		b.strip = isSet(config.Strip, isSet(s.StripAccents, b.lower))
		return []normaliser{b.apply}, nil
	case "NFC":
		return []normaliser{norm.NFC.String}, nil
	case "NFD":
		return []normaliser{norm.NFD.String}, nil
	case "NFKC":
		return []normaliser{norm.NFKC.String}, nil
	case "NFKD":
		return []normaliser{norm.NFKD.String}, nil
	case "Lowercase":
		return []normaliser{lowered}, nil
	case "Strip":
		return []normaliser{trimmed(isSet(s.Left, true), isSet(s.Right, true))}, nil
	case "Prepend":
		return []normaliser{func(text string) string {
			if text == "" {
				return text
			}
			return s.Prepend + text
		}}, nil
	case "Replace":
		n, err := parseReplace(s)
		if err != nil {
			return nil, err
		}
		return []normaliser{n}, nil
	case "Precompiled":
		blob, err := base64.StdEncoding.DecodeString(s.Charsmap)
		if err != nil {
			return nil, fmt.Errorf("normalizer Precompiled: %w", err)
		}
		c, err := parseCharsmap(blob)
		if err != nil {
			return nil, fmt.Errorf("normalizer Precompiled: %w", err)
		}
		return []normaliser{c.apply}, nil
	}
	return nil, fmt.Errorf("normalizer %q is not known", s.Type)
}

// parseReplace reads a Replace of a fixed string, or of one of the patterns that published tokenizers have.
func parseReplace(s stage) (normaliser, error) {
	if old := s.Pattern.String; old != nil && *old != "" {
		return func(text string) string { return strings.ReplaceAll(text, *old, s.Content) }, nil
	}
	if s.Pattern.Regex != nil {
		switch *s.Pattern.Regex {
		case " {2,}":
			return squeezed{least: 2, by: s.Content}.apply, nil
		case `\s+`:
			return squeezed{all: true, least: 1, by: s.Content}.apply, nil
		case `\s{2,}|[\n\r\t]`:
			return squeezed{all: true, breaks: true, least: 2, by: s.Content}.apply, nil
		}
		return nil, fmt.Errorf("normalizer Replace: the pattern %q is not known", *s.Pattern.Regex)
	}
	return nil, errors.New("normalizer Replace: no pattern")
}

// parseSplitter reads a pre_tokenizer, a sequence as its parts.
func parseSplitter(raw json.RawMessage, config sentenceConfig, depth int) ([]splitter, error) {
	if isNull(raw) {
		return nil, nil
	}
	s, err := parseStage(raw)
	if err != nil {
		return nil, fmt.Errorf("pre_tokenizer: %w", err)
	}
	switch s.Type {
	case "Sequence":
		var all []splitter
		for _, inner := range s.Pretokenizers {
			if depth == deepest {
				return nil, errors.New("pre_tokenizer: sequences lie too deep in one another")
			}
			p, err := parseSplitter(inner, config, depth+1)
			if err != nil {
				return nil, err
			}
			all = append(all, p...)
		}
		for i, p := range all {
			if m, meta := p.(metaspace); meta && i > 0 && m.scheme == "first" {
				return nil, errors.New("pre_tokenizer Metaspace: the prepend_scheme \"first\" is not read behind another splitter")
			}
		}
		return all, nil
	case "BertPreTokenizer":
		return []splitter{bertWords{}}, nil
	case "WhitespaceSplit":
		return []splitter{atSpaces{}}, nil
	case "Whitespace":
		return []splitter{wordsAndMarks{}}, nil
	case "Digits":
		return []splitter{atDigits{s.Individual}}, nil
	case "Punctuation":
		if s.Behavior != "" && s.Behavior != "Isolated" {
			return nil, fmt.Errorf("pre_tokenizer Punctuation: the behavior %q is not known", s.Behavior)
		}
		return []splitter{atPunctuation{}}, nil
	case "ByteLevel":
		return []splitter{byteLevel{isSet(config.Prefix, isSet(s.Prefix, true)), !isSet(s.UseRegex, true)}}, nil
	case "Metaspace":
		m := metaspace{mark: s.Replacement, scheme: "always", cut: isSet(s.Split, true)}
		if m.mark == "" || utf8.RuneCountInString(m.mark) != 1 {
			return nil, fmt.Errorf("pre_tokenizer Metaspace: the replacement %q is not one character", m.mark)
		}
		if s.Scheme != nil {
			m.scheme = *s.Scheme
		}
		if !isSet(s.Prefix, true) {
			m.scheme = "never"
		}
		if !slices.Contains([]string{"always", "first", "never"}, m.scheme) {
			return nil, fmt.Errorf("pre_tokenizer Metaspace: the prepend_scheme %q is not known", m.scheme)
		}
		return []splitter{m}, nil
	}
	return nil, fmt.Errorf("pre_tokenizer %q is not known", s.Type)
}
