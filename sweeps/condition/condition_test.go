package condition

import (
	"encoding/json"
	"strings"
	"testing"
)

var sample = map[string]any{
	"resolution": json.Number("448"), "ratio": json.Number("0.25"), "method": "cappa", "on": true,
	"tasks": []any{"cap", "aref"}, "pretrain.lr": json.Number("1e-3"),
}

func lookupSample(name string) any { return sample[name] }

func TestConditions(t *testing.T) {
	for text, want := range map[string]bool{
		"resolution == 448":             true,
		"resolution == 448.0":           true,
		"resolution != 448":             false,
		"ratio < 0.5 and ratio >= .25":  true,
		"not on or method == 'cappa'":   true,
		"not (on or method == 'cappa')": false,
		"not on == on":                  false, // not binds more weakly than ==
		"method in ['blip2', cappa]":    true,
		"method not in [blip2]":         true,
		"'aref' in tasks":               true,
		"tasks == ['aref', 'cap']":      true,
		"tasks == [cap]":                false,
		"pretrain.lr <= 0.001":          true,
		"on":                            true,
		"true and not false":            true,
		"absent == 1 or absent != 1":    true, // a missing value equals nothing
		"absent < 1":                    false,
		"method == \"cappa\" and resolution in [224, 448]":   true,
		"resolution == 224 or ratio > 0 and ratio > 0.3":     false,
		"(resolution == 448 or ratio > 0) and ratio == 0.25": true,
	} {
		c, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, err := c.Holds(lookupSample)
		if err != nil || got != want {
			t.Errorf("%s: got %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestConditionErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                    `column 1 of "": ends where a value should stand`,
		"a == ":               `column 6 of "a == ": ends where a value should stand`,
		"a = 1":               `column 3 of "a = 1": write == to compare`,
		"(a == 1":             `column 8 of "(a == 1": want )`,
		"a == 'x":             `column 6 of "a == 'x": the quote is not closed`,
		"a == 1x":             `column 6 of "a == 1x": "1x" is not a number`,
		"a == [1, [2]]":       `column 10 of "a == [1, [2]]": want a value in the list`,
		"a not 1":             `column 7 of "a not 1": want in after not`,
		"and a":               `column 1 of "and a": want a value before "and"`,
		"a b":                 `column 3 of "a b": unexpected "b"`,
		"a & b":               `column 3 of "a & b": unexpected '&'`,
		"a == 1e999":          `column 6 of "a == 1e999": "1e999" is not a number`,
		"resolution":          "448 is neither true nor false",
		"method > 3":          "cappa and 3 cannot be compared: one is text, the other a number",
		"'a' in method":       "cappa is not a list: in needs one",
		"tasks < 3":           "[cap aref] and 3 cannot be compared: one is a list, the other a number",
		"on == 'yes' or true": "true and yes cannot be compared: one is true or false, the other text",
	} {
		c, err := Parse(text)
		if err == nil {
			_, err = c.Holds(lookupSample)
		}
		if err == nil || err.Error() != want {
			t.Errorf("%q\n got %v\nwant %s", text, err, want)
		}
	}
	if _, err := Parse(strings.Repeat("(", 10000)); err == nil {
		t.Error("10,000 parentheses are accepted")
	}
	if _, err := Parse(strings.Repeat("not ", 10000) + "on"); err == nil {
		t.Error("10,000 nots are accepted")
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"resolution == 448 and not on", "method in ['a', b, 3]", "((tasks == []))", "a not in ratio", "'"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse(text)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("an error of two lines: %q", err)
			}
			return
		}
		c.Holds(lookupSample) // may refuse, must not panic
	})
}
