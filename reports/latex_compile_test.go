package reports

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"harness/experiments"
	"harness/metrics"
	"harness/model/spec"
	"harness/registry"
	"harness/sweeps"
)

// documents are pages with the widths, the type and the captions of the styles, whose own files are not ours to keep.
var documents = map[Style]string{
	NoStyle: `\documentclass{article}
\usepackage[paperwidth=80cm,paperheight=80cm,margin=1cm]{geometry}
`,
	ACL: `\documentclass[11pt,twocolumn]{article}
\usepackage[a4paper,margin=2.5cm,heightrounded]{geometry}
\setlength\columnsep{0.6cm}
\renewcommand\small{\fontsize{9}{10}\selectfont}
\renewcommand\footnotesize{\fontsize{9}{10}\selectfont}
\usepackage{caption}
\DeclareCaptionFont{ten}{\fontsize{10}{12}\selectfont}
\captionsetup{font=ten}
`,
	NeurIPS: `\documentclass{article}
\usepackage[letterpaper,textwidth=5.5in,textheight=9in,top=1in]{geometry}
\renewcommand\normalsize{\fontsize{10}{11}\selectfont}\normalsize
\renewcommand\small{\fontsize{9}{10}\selectfont}
\renewcommand\footnotesize{\fontsize{9}{10}\selectfont}
`,
	IEEE: `\documentclass[10pt,twocolumn]{article}
\usepackage[letterpaper,textwidth=516pt,textheight=668pt]{geometry}
\setlength\columnsep{12pt}
\AtBeginDocument{{\footnotesize\fontdimen2\font=.35em\bfseries\fontdimen2\font=.375em}}
\makeatletter
\renewcommand\@makecaption[2]{\footnotesize\begingroup\centering #1\\ \scshape #2\par\addvspace{4pt}\endgroup}
\makeatother
`,
}

// fonts is the type of the papers for an engine. What Times and Computer Modern lack comes from the font of the Debian package
// fonts-droid-fallback.
var fonts = map[string]string{
	"pdflatex": "\\renewcommand{\\rmdefault}{ptm}\n",
	"xelatex":  fontspec,
	"lualatex": fontspec,
}

// texFiles are the files that the papers need.
var texFiles = map[string][]string{
	"pdflatex": {"booktabs.sty", "siunitx.sty", "tabularray.sty", "caption.sty", "geometry.sty", "utmr8a.pfb"},
	"xelatex":  {"booktabs.sty", "siunitx.sty", "tabularray.sty", "caption.sty", "geometry.sty", "fontspec.sty"},
	"lualatex": {"booktabs.sty", "siunitx.sty", "tabularray.sty", "caption.sty", "geometry.sty", "fontspec.sty", "luaotfload.sty"},
}

const (
	fallbackFolder = "/usr/share/fonts/truetype/droid/"
	fallbackFont   = "DroidSansFallbackFull.ttf"
	fontspec       = "\\usepackage{fontspec}\\newfontfamily\\harnessfont{" + fallbackFont + "}[Path=" + fallbackFolder + "]\n"
)

// paper is a document of many tables in one style for one engine.
type paper struct {
	style  Style
	engine string // program
	body   bytes.Buffer
}

func (p *paper) add(t *testing.T, table *Table, o LatexOptions) {
	t.Helper()
	o.Style = p.style
	if p.engine != "pdflatex" && o.Engine == "" {
		o.Engine = UnicodeEngine
	}
	if err := table.Latex(&p.body, o); err != nil {
		t.Errorf("%s: %v", p.style, err)
	}
	p.body.WriteString("\\clearpage\n")
}

// faults are lines of a log that no table may cause.
var faults = regexp.MustCompile(`(?m)^(Overfull .*|! .*|Missing character.*|.*Float too large.*|.*[Tt]oo many unprocessed floats.*)$`)

// compile typesets the paper and checks the log. LATEX_PAPERS names a folder in which the PDFs are kept to be looked at.
func (p *paper) compile(t *testing.T, name string) {
	t.Helper()
	program := tool(t, p.engine, texFiles[p.engine]...)
	dir := t.TempDir()
	if kept := os.Getenv("LATEX_PAPERS"); kept != "" {
		dir = kept
	}
	source := documents[p.style] + fonts[p.engine] + "\\usepackage{booktabs,siunitx,tabularray}\\UseTblrLibrary{booktabs,siunitx}\n" +
		"\\begin{document}\n" + p.body.String() + "\\end{document}\n"
	if err := os.WriteFile(filepath.Join(dir, name+".tex"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-interaction=nonstopmode", "-halt-on-error", name+".tex")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "max_print_line=1000")
	out, err := cmd.CombinedOutput()
	log, _ := os.ReadFile(filepath.Join(dir, name+".log"))
	found := faults.FindAllString(string(log), -1)
	if err != nil || len(found) > 0 {
		t.Errorf("%s: %v\n%s", name, err, strings.Join(found, "\n"))
		if len(found) == 0 {
			t.Logf("%s", out)
		}
	}
	if !strings.Contains(string(log), "Output written on") {
		t.Errorf("%s: no pages", name)
	}
}

// builtIn computes the table of a built-in experiment from invented numbers, all of which exist.
func builtIn(t *testing.T, name string, seeds int) *Table {
	t.Helper()
	data, err := experiments.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sweeps.Parse(name+".yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	if s.Preset == spec.Paper {
		if err := s.Override("", []string{"data.root=mimic"}); err != nil {
			t.Fatal(err)
		}
	}
	for i := int64(len(s.Seeds)); i < int64(seeds); i++ {
		s.Seeds = append(s.Seeds, i)
	}
	plan, err := s.Expand(nil)
	if err != nil {
		t.Fatal(err)
	}
	published, err := experiments.Published()
	if err != nil {
		t.Fatal(err)
	}
	results := Results{}
	for _, trial := range plan.Trials {
		r := Result{State: registry.Done, Values: map[string]registry.Summary{}, Notes: map[string]string{}, Engine: "native"}
		for _, m := range plan.Metrics {
			for _, control := range []string{"", "controls/most-frequent/", "controls/question-only/", "controls/shuffled-images/", "controls/mean-box/"} {
				h := fnv.New64a()
				fmt.Fprint(h, trial.Label, m.Key, control)
				v := .3 + .3*rand.New(rand.NewPCG(h.Sum64(), 1)).Float64()
				r.Values[control+m.Key] = registry.Summary{Last: v, Min: v, Max: v, N: 1}
			}
		}
		results[trial.ID] = r
	}
	table, err := Compute(context.Background(), plan, results, Options{Published: published})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// all prints everything that a report can show.
func all(table *Table) *Table {
	table.Show = []string{"mean", "std", "n", "delta", "p"}
	return table
}

// labels is a table with the labels that once broke pdflatex or came out as question marks.
func labels(cjk bool) *Table {
	names := []string{"[cap]", "*ours*", "β₂ = 0.99 → γ", "100% _x_ & #1", "Müller, Łukasz, Wałęsa", "đặc θ̂ ⊄", "[0, 50)", "v\x1b]0;OWNED\a\x1b[2J", "new\nline", "tab\tx",
		"=cmd|'/c calc'!A1", "<script>alert(1)</script>", `\input{/etc/passwd}$x_1%&#`, "| pipe | `code` [l](javascript:alert(1))",
		"/data/mimic-cxr-jpg/2.1.0/files/p10/p10000032/s50414267/02aa804e.jpg", "^~{}\"' ½ ≤ ∞ √ ∈"}
	if cjk {
		names = append(names, "中文 Łódź", "数据集")
	}
	table := &Table{Name: `h_o#s%t$ile`, Caption: []string{`\end{table} & % $ # _ { } ~ ^ " < > | ± ↑ Ł γ₂ ∉ é ğ.`, "Mean over n = 3 seeds; ± is the standard deviation (n-1)."},
		Heads: []string{"L\x1b[5m=1+1\nX"}, Show: []string{"mean", "std"},
		Columns: []Column{{Metric: "m", Label: "accuracy (η)", Digits: 3, Scale: 1, Goal: metrics.Maximize},
			{Metric: "t", Label: `\latency_1`, Digits: 1, Scale: 1, Unit: "ms", Goal: metrics.Minimize},
			{Metric: "s", Label: "share", Digits: 1, Scale: 100, Unit: "share of boxes"}},
		Notes: []string{"~^_ 100% /data/mimic-cxr-jpg/2.1.0/files/p10/p10000032/s50414267/02aa804e_5a4b_4c3d_2e1f.jpg"}}
	for i, name := range names {
		cell := single(-.5)
		cell.N, cell.Want, cell.Std = 2, 3, .0123
		wide := single(1234.5)
		wide.N, wide.Want, wide.Std, wide.Bold, wide.Marks = 3, 3, 12.34, i%2 == 0, []int{0}
		share := single(.55)
		share.Within = true
		table.Rows = append(table.Rows, Row{Name: name, Kind: Model, Lead: []string{name}, Cells: []Cell{cell, wide, share}, Marks: []int{0}})
	}
	return table
}

// long is a table of more rows than a page has lines.
func long() *Table {
	table := labels(false)
	table.Name = "long"
	for i := range 150 {
		row := table.Rows[i%5]
		row.Lead = []string{fmt.Sprintf("row %d %s", i, row.Name)}
		table.Rows = append(table.Rows, row)
	}
	return table
}

// TestLatexFits compiles the built-in tables, long and wide ones and hostile labels in every style: nothing is wider than its column.
func TestLatexFits(t *testing.T) {
	tool(t, "pdflatex", texFiles["pdflatex"]...)
	for _, style := range Styles {
		t.Run(string(style), func(t *testing.T) {
			t.Parallel()
			p := &paper{style: style, engine: "pdflatex"}
			for i, name := range []string{"table1-grounding", "table2-methods", "table3-cases", "table4-tasks", "table5-resolution", "table6-parallel", "ablation"} {
				p.add(t, builtIn(t, name, 0), LatexOptions{})
				p.add(t, builtIn(t, name, 3), LatexOptions{Align: SIAlign, Spread: Spreads[i%3]})
				p.add(t, all(builtIn(t, name, 5)), LatexOptions{Align: Aligns[i%2]})
			}
			for _, spread := range Spreads {
				p.add(t, labels(false), LatexOptions{Spread: spread})
				if spread != SmallSpread {
					p.add(t, labels(false), LatexOptions{Spread: spread, Align: SIAlign, Wide: style != NeurIPS})
				}
			}
			p.add(t, long(), LatexOptions{})
			p.add(t, builtIn(t, "table5-resolution", 3), LatexOptions{Env: Tabularray, Align: SIAlign})
			p.add(t, labels(false), LatexOptions{Env: Tabularray})
			claims := labels(false)
			claims.Hypotheses = hostileClaims(claims)
			p.add(t, claims, LatexOptions{})
			p.add(t, claims, LatexOptions{Env: Tabularray, Wide: style != NeurIPS})
			p.compile(t, "pdflatex-"+string(style))
		})
	}
}

// TestLatexUnicode compiles labels with xelatex and lualatex, in every style and without one.
func TestLatexUnicode(t *testing.T) {
	if _, err := os.Stat(fallbackFolder + fallbackFont); err != nil {
		t.Skip("fonts-droid-fallback is not installed")
	}
	for _, engine := range []string{"xelatex", "lualatex"} {
		for _, style := range append([]Style{NoStyle}, Styles...) {
			t.Run(engine+"/"+string(style), func(t *testing.T) {
				t.Parallel()
				p := &paper{style: style, engine: engine}
				p.add(t, labels(true), LatexOptions{})
				p.add(t, labels(true), LatexOptions{Align: SIAlign})
				claims := labels(true)
				claims.Hypotheses = hostileClaims(claims)
				p.add(t, claims, LatexOptions{})
				if style == NoStyle {
					p.add(t, labels(true), LatexOptions{Engine: PDFLatex})
				}
				p.compile(t, engine+"-"+string(style))
			})
		}
	}
}
