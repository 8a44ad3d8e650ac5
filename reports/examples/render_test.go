package examples

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/reports"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// hostile are pairs whose texts are markup somewhere, with letters that fonts lack and words longer than a column.
func hostile(t *testing.T) *Examples {
	t.Helper()
	e := illustrated(t, 2)
	const bad = `<script>alert(1)</script> \end{table} & % $x_1$ #f ~^ {} "q" | [b](c) *ours* 中 é γ≤∞ v` + "\x1b[2J\n" + "line "
	long := strings.Repeat("verylongword_", 8)
	e.Name, e.Notes = "h_o#s%t$ile & <b>", []string{bad}
	for i := range e.Pairs {
		p := &e.Pairs[i]
		p.ID, p.Question, p.Reference = p.ID+bad, bad+long, bad
		for k := range p.Answers {
			a := &p.Answers[k]
			a.Row, a.Text = bad+a.Row, a.Text+bad
			a.Pieces = append(a.Pieces, Piece{bad, Wrong}, Piece{long, Right}, Piece{long, Plain})
			a.Left = []string{bad, long}
		}
		for k := range p.Images {
			p.Images[k].Notes = append(p.Images[k].Notes, bad+long)
			for r := range p.Images[k].Regions {
				p.Images[k].Regions[r].Name = fmt.Sprint(r, bad, long)
			}
		}
	}
	return e
}

var embedded = regexp.MustCompile(`base64,[A-Za-z0-9+/=]+`)

func TestGolden(t *testing.T) {
	e := illustrated(t, 2)
	for format, write := range map[string]func(*bytes.Buffer) error{
		"txt":  func(b *bytes.Buffer) error { return e.Text(b) },
		"md":   func(b *bytes.Buffer) error { return e.Markdown(b) },
		"html": func(b *bytes.Buffer) error { return e.HTML(b) },
		"json": func(b *bytes.Buffer) error { return e.JSON(b) },
		"tex": func(b *bytes.Buffer) error {
			_, err := e.Latex(b, reports.LatexOptions{Style: reports.ACL}, func(pair int) string { return fmt.Sprint("world-", pair+1) })
			return err
		},
	} {
		var out bytes.Buffer
		if err := write(&out); err != nil {
			t.Fatal(err)
		}
		got := embedded.ReplaceAllString(out.String(), "base64,PICTURE")
		path := filepath.Join("testdata", "world."+format)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", path, diff)
		}
	}
}

// TestNothingIsMarkup: every format shows hostile texts and reads none of them.
func TestNothingIsMarkup(t *testing.T) {
	e := hostile(t)
	var text, markdown, html, tex, object bytes.Buffer
	for _, err := range []error{e.Text(&text), e.Markdown(&markdown), e.HTML(&html), e.JSON(&object)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	untypeset, err := e.Latex(&tex, reports.LatexOptions{}, func(int) string { return "x" })
	if err != nil || strings.Join(untypeset, " ") != "中" {
		t.Errorf("untypeset %q, %v", untypeset, err)
	}
	for name, out := range map[string]string{"text": text.String(), "markdown": markdown.String(), "html": html.String(), "latex": tex.String()} {
		if strings.Contains(out, "\x1b") || name != "text" && strings.Contains(out, "<script") {
			t.Errorf("%s: read\n%s", name, out)
		}
	}
	if n := strings.Count(tex.String(), `\end{table}`); n != strings.Count(tex.String(), `\begin{table}`) {
		t.Errorf("%d floats end", n)
	}
	if !json.Valid(object.Bytes()) {
		t.Error("no JSON")
	}
}

// TestPictureUpright: the first row of an image is on top, and a box is where it belongs, in PNG and in PDF.
func TestPictureUpright(t *testing.T) {
	e := illustrated(t, 1)
	for _, format := range []Format{PNGFormat, PDFFormat} {
		var picture bytes.Buffer
		if err := e.Images(&picture, 0, 300, format); err != nil {
			t.Fatal(err)
		}
		data := picture.Bytes()
		if format == PDFFormat {
			program := tool(t, "pdftoppm")
			cmd := exec.Command(program, "-r", "160", "-png", "-")
			cmd.Stdin = &picture
			var err error
			if data, err = cmd.Output(); err != nil {
				t.Fatal(err)
			}
		}
		img, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		// The images are 146 points wide below a title of 11 points; the first is 73 high, white at the bottom.
		at := func(x, y float64) int {
			r, _, _, _ := img.At(int(x*160/72), int((y+titleText*leading)*160/72)).RGBA()
			return int(r >> 8)
		}
		if top, bottom := at(120, 10), at(120, 63); top > 90 || bottom < 180 {
			t.Errorf("%s: %d above, %d below", format, top, bottom)
		}
		// The right side of the box of the left lung is at half the width, from top to bottom: blue, on a dark edge.
		if r := at(73, 40); r > 130 {
			t.Errorf("%s: no box at its place: red is %d", format, r)
		}
	}
}

func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip(name + " is not installed")
	}
	return path
}

// TestPicture draws whole pictures, of hostile texts too.
func TestPicture(t *testing.T) {
	for _, e := range []*Examples{illustrated(t, 2), hostile(t)} {
		for i := range e.Pairs {
			for _, format := range []Format{PNGFormat, PDFFormat} {
				var picture, again bytes.Buffer
				if err := e.Picture(&picture, i, format); err != nil {
					t.Fatal(err)
				}
				if err := e.Picture(&again, i, format); err != nil || !bytes.Equal(picture.Bytes(), again.Bytes()) {
					t.Errorf("%s: two pictures of one pair differ", format)
				}
			}
		}
	}
}

// pages are documents of the styles' widths.
var pages = map[reports.Style]string{
	reports.NoStyle: `\documentclass{article}\usepackage[paperwidth=80cm,paperheight=80cm,margin=1cm]{geometry}`,
	reports.ACL:     `\documentclass[11pt,twocolumn]{article}\usepackage[textwidth=455.2pt,textheight=690pt]{geometry}\setlength\columnsep{17pt}\renewcommand\small{\fontsize{9}{10}\selectfont}`,
	reports.NeurIPS: `\documentclass{article}\usepackage[textwidth=397.4pt,textheight=650pt]{geometry}\renewcommand\small{\fontsize{9}{10}\selectfont}`,
	reports.IEEE:    `\documentclass[10pt,twocolumn]{article}\usepackage[textwidth=516pt,textheight=660pt]{geometry}\setlength\columnsep{12pt}`,
}

var faults = regexp.MustCompile(`(?m)^(Overfull .*|! .*|Missing character.*|.*Float too large.*)$`)

// TestLatexCompiles typesets pairs in every style: nothing is wider than the page or higher.
func TestLatexCompiles(t *testing.T) {
	pdflatex := tool(t, "pdflatex")
	if testing.Short() {
		t.Skip("takes seconds")
	}
	many := illustrated(t, 4)
	for i := range many.Pairs { // more rows than a page can hold
		p := &many.Pairs[i]
		for len(p.Answers) < 60 && i == 1 {
			p.Answers = append(p.Answers, p.Answers[0])
		}
	}
	for style, page := range pages {
		t.Run(string(style), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			var body bytes.Buffer
			for k, e := range []*Examples{illustrated(t, 4), hostile(t), many} {
				if style == reports.NoStyle && k == 2 {
					continue // no page is known that could be full
				}
				o := reports.LatexOptions{Style: style}
				name := func(pair int) string { return fmt.Sprintf("p%d-%d", k, pair) }
				if _, err := e.Latex(&body, o, name); err != nil {
					t.Fatal(err)
				}
				for i := range e.Pairs {
					var picture bytes.Buffer
					if err := e.Images(&picture, i, ImagesWidth(o), PDFFormat); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(filepath.Join(dir, name(i)+".pdf"), picture.Bytes(), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				body.WriteString("\\clearpage\n")
			}
			source := page + "\\renewcommand{\\rmdefault}{ptm}\\usepackage{booktabs,graphicx,xcolor}\n\\begin{document}\n" + body.String() + "\\end{document}\n"
			if err := os.WriteFile(filepath.Join(dir, "paper.tex"), []byte(source), 0o644); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(pdflatex, "-interaction=nonstopmode", "-halt-on-error", "paper.tex")
			cmd.Dir, cmd.Env = dir, append(os.Environ(), "max_print_line=1000")
			out, err := cmd.CombinedOutput()
			log, _ := os.ReadFile(filepath.Join(dir, "paper.log"))
			if found := faults.FindAllString(string(log), -1); err != nil || len(found) > 0 {
				t.Errorf("%v\n%s", err, strings.Join(found, "\n"))
			}
			if !strings.Contains(string(log), "Output written on") {
				t.Errorf("no pages:\n%s", out)
			}
			if kept := os.Getenv("LATEX_PAPERS"); kept != "" {
				if err := os.Rename(filepath.Join(dir, "paper.pdf"), filepath.Join(kept, "examples-"+string(style)+".pdf")); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
