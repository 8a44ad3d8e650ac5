package reports

import (
	"bytes"
	"encoding/csv"
	"regexp"
	"strings"
	"testing"
)

// TestNoFormatReadsLabels renders labels that are markup somewhere: each format shows them and reads none of them.
func TestNoFormatReadsLabels(t *testing.T) {
	table := labels(true)
	table.Rows[0].Lead = []string{`&lt;b&gt; $x_1$ "q" \ #f(1) <tab:x> @ref // /* *b* _i_ = h`}
	table.Caption[0] = `"+panic()+" \u{41} <script>`
	table.Hypotheses = hostileClaims(table)
	for format, want := range map[Format]string{
		MarkdownFormat: `\&lt;b\&gt; \$x\_1\$ "q" \\ #f(1) &lt;tab:x&gt; @ref // /\* \*b\* \_i\_ = h`,
		TypstFormat:    `"&lt;b&gt; $x_1$ \"q\" \\ #f(1) <tab:x> @ref // /* *b* _i_ = h" + super("a")`,
		HTMLFormat:     `&amp;lt;b&amp;gt; $x_1$ &#34;q&#34; \ #f(1) &lt;tab:x&gt; @ref // /* *b* _i_ = h<sup>`,
		LatexFormat:    `\&lt;b\&gt; \$x\_1\$ ''q'' \textbackslash{} \#f(1) $<$tab:x$>$ @ref // /{*} {*}b{*} \_i\_ = h\textsuperscript{a}`,
	} {
		var out bytes.Buffer
		if err := table.Render(&out, format, LatexOptions{}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s: no %s in\n%s", format, want, out.String())
		}
		if format != TextFormat && strings.Contains(strings.ReplaceAll(out.String(), "$<$", ""), "<script") && format != TypstFormat {
			t.Errorf("%s: a script:\n%s", format, out.String())
		}
	}
}

// TestTextObeysNoName holds that a sweep of somebody else's does nothing to the terminal by its name, its caption or a footnote.
func TestTextObeysNoName(t *testing.T) {
	table := labels(true)
	table.Name, table.Caption[0], table.Notes[0] = "\x1b]0;name\a", "\x1b[31mcaption", "\u202enote"
	table.Rows[0].Lead = []string{"\x1b[2Jlead"}
	table.Hypotheses = hostileClaims(table)
	var out bytes.Buffer
	if err := table.Text(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`\x1b]0;name\x07`, `\x1b[31mcaption`, `\u202enote`, `\x1b[2Jlead`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
	if strings.ContainsAny(out.String(), "\x1b\a\u202e") {
		t.Errorf("control characters in %q", out.String())
	}
}

// TestHTMLIDs checks that no two figures of a page share an id, and that each link has its note.
func TestHTMLIDs(t *testing.T) {
	ids, hrefs := map[string]bool{}, map[string]bool{}
	for _, handle := range []string{"own", "own@steps=3", "own@steps-3", "own-steps=3", ""} {
		table := labels(false)
		table.Handle = handle
		var out bytes.Buffer
		if err := table.HTML(&out); err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(out.String(), -1) {
			if ids[m[1]] {
				t.Errorf("%s stands twice", m[1])
			}
			ids[m[1]] = true
		}
		for _, m := range regexp.MustCompile(` href="#([^"]*)"`).FindAllStringSubmatch(out.String(), -1) {
			hrefs[m[1]] = true
		}
	}
	for href := range hrefs {
		if !ids[href] {
			t.Errorf("a link to %s, which is not there", href)
		}
	}
	if len(ids) != 10 || len(hrefs) != 5 {
		t.Errorf("%d ids and %d links, want 10 and 5", len(ids), len(hrefs))
	}
}

// TestCSVHasEveryTest checks that each number of each test stands under its name, in both forms.
func TestCSVHasEveryTest(t *testing.T) {
	table := labels(false)
	table.Rows = table.Rows[:1]
	cell := &table.Rows[0].Cells[0]
	cell.Seeds = &Test{Method: SignFlip, P: .25, Holm: .5, SmallestP: .125, Low: -1, High: 2, N: 3}
	cell.Verdict = &Test{Method: Hierarchical, P: .01, Holm: .02, SmallestP: .001, Low: -3, High: 4, N: 3, Items: 200}
	table.Family = &Family{Rule: "primary", Size: 7, Smallest: .007}
	for format, want := range map[Format]map[string]string{
		CSVFormat: {"metric": "m", "n": "2", "of": "3", "mean": "-0.5", "std": "0.0123", "seeds_method": "sign-flip", "seeds_p": "0.25", "seeds_p_holm": "0.5",
			"seeds_smallest": "0.125", "seeds_low": "-1", "seeds_high": "2", "seeds_seeds": "3", "seeds_samples": "", "samples_p": "", "verdict_method": "hierarchical",
			"verdict_p": "0.01", "verdict_p_holm": "0.02", "verdict_samples": "200", "family_rule": "primary", "family_size": "7", "family_smallest": "0.007", "goal": "maximize"},
		WideCSVFormat: {"m.mean": "-0.5", "m.std": "0.0123", "m.n": "2", "m.of": "3", "m.method": "hierarchical", "m.p": "0.01", "m.p_holm": "0.02", "t.mean": "1234.5", "t.method": ""},
	} {
		var out bytes.Buffer
		if err := table.Render(&out, format, LatexOptions{}); err != nil {
			t.Fatal(err)
		}
		lines, err := csv.NewReader(&out).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for i, name := range lines[0] {
			got[name] = lines[1][i]
		}
		for name, value := range want {
			if text, ok := got[name]; !ok || text != value {
				t.Errorf("%s: %s is %q, want %q", format, name, text, value)
			}
		}
	}
}
