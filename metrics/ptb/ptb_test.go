package ptb

import (
	"encoding/json"
	"os"
	"sort"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

const recordedFolder = "../../testdata/metrics/"

func readRecorded(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(recordedFolder + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

type item struct {
	ID, Hyp string
	Refs    []string
}

func tokenizeAll(l *Lexer, lines []string) []string {
	out := make([]string, len(lines))
	for i := range lines {
		out[i] = string(l.Append(nil, lines, i))
	}
	return out
}

func TestRecordedTokens(t *testing.T) {
	var fixture struct{ Items []item }
	var golden struct {
		Tokens map[string]item `json:"ptb_tokenized"`
	}
	readRecorded(t, "fixture_a.json", &fixture)
	readRecorded(t, "fixture_a_golden.json", &golden)
	var hyps, refs, wantHyps, wantRefs []string
	for _, it := range fixture.Items {
		hyps, wantHyps = append(hyps, it.Hyp), append(wantHyps, golden.Tokens[it.ID].Hyp)
		refs, wantRefs = append(refs, it.Refs...), append(wantRefs, golden.Tokens[it.ID].Refs...)
	}
	var l Lexer
	check := func(lines, got, want []string) {
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%q:\n got %q\nwant %q", lines[i], got[i], want[i])
			}
		}
	}
	check(hyps, tokenizeAll(&l, hyps), wantHyps)
	check(refs, tokenizeAll(&l, refs), wantRefs)
}

func TestRecordedPunctuation(t *testing.T) {
	var fixture struct{ Items []item }
	var golden struct {
		Lines map[string]string `json:"ptb_before_punctuation_removal"`
	}
	readRecorded(t, "fixture_a.json", &fixture)
	readRecorded(t, "fixture_a_meteor_stages.json", &golden)
	var ids, hyps []string
	for _, it := range fixture.Items {
		ids, hyps = append(ids, it.ID), append(hyps, it.Hyp)
	}
	if len(golden.Lines) == 0 {
		t.Fatal("nothing to compare")
	}
	l := Lexer{KeepPunctuation: true}
	for i, got := range tokenizeAll(&l, hyps) {
		if want := golden.Lines[ids[i]]; got != want {
			t.Errorf("%q:\n got %q\nwant %q", hyps[i], got, want)
		}
	}
}

// TestOfficialOutput compares with recorded output of the official program on lines that mix every rule. PTB_ORACLE=lines.txt,tokens.txt
// compares another pair of files.
func TestOfficialOutput(t *testing.T) {
	in, out, ok := strings.Cut(os.Getenv("PTB_ORACLE"), ",")
	if !ok {
		in, out = "testdata/lines.txt", "testdata/tokens.txt"
	}
	read := func(name string) []string {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(string(data), "\n")
	}
	lines, want := read(in), read(out)
	if len(lines) != len(want) {
		t.Fatalf("%d lines, but tokens of %d", len(lines), len(want))
	}
	l := Lexer{KeepPunctuation: true}
	bad := 0
	for i, got := range tokenizeAll(&l, lines) {
		if got != want[i] {
			if bad++; bad <= 20 {
				t.Errorf("%q:\n got %q\nwant %q", lines[i], got, want[i])
			}
		}
	}
	if bad > 0 {
		t.Errorf("%d of %d lines differ", bad, len(lines))
	}
}

func FuzzLexer(f *testing.F) {
	for _, seed := range []string{"Dr. O'Neil isn't (617) 555 1234 <b a='x'>", "a@b..c@d http://x.y/ 3 1/2 \xff é", "'90 non-U.S.-x &eacute;x"} {
		f.Add(seed, "The next")
	}
	f.Fuzz(func(t *testing.T, line, next string) {
		l := Lexer{KeepPunctuation: true}
		got := string(l.Append(nil, []string{line, next}, 0))
		if !utf8.ValidString(got) || strings.Contains(got, "  ") || strings.ContainsAny(got, "\n\r") {
			t.Errorf("%q: got %q", line, got)
		}
	})
}

func TestRulesAreNamed(t *testing.T) {
	var names []string
	for _, r := range rules {
		names = append(names, r.name)
	}
	sort.Strings(names)
	for i := 1; i < len(names); i++ {
		if names[i] == names[i-1] {
			t.Errorf("two rules are called %q", names[i])
		}
	}
}

// TestLongRuns makes sure that texts without spaces take linear time.
func TestLongRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("seconds of work")
	}
	var l Lexer
	for _, unit := range []string{"<!a", "a'", "a@", "-a", "a.b-", "x-non-U.S.", "a/", "&", "\u3000a", "a&b", "a.a,", "#a", "1a.", "<a b='"} {
		start := processorTime(t)
		l.Tokens(strings.Repeat(unit, 30000/len(unit)))
		if took := processorTime(t) - start; took > 3*time.Second {
			t.Errorf("%q took %v", unit, took)
		} else if testing.Verbose() {
			t.Logf("%q %v", unit, took)
		}
	}
}

// processorTime is what this process has used: other processes do not count.
func processorTime(t *testing.T) time.Duration {
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
