package web

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"harness/internal/escape"
	"harness/reports"
)

// sheet is a table of a page as somebody takes it away. Texts are as they are: each format escapes what it acts on.
type sheet struct {
	Head    []string
	Numbers int // so many columns at the end are numbers
	Rows    [][]string
}

// sheetFormats are those of a sheet, by what the address ends in, with their media types.
var sheetFormats = []struct {
	ending, media string
	write         func(sheet, io.Writer) error
}{
	{"md", "text/markdown; charset=utf-8", sheet.markdown},
	{"csv", "text/csv; charset=utf-8", sheet.csv},
	{"tex", "application/x-tex; charset=utf-8", sheet.latex},
}

// handleSheet answers addresses path.md, path.csv and path.tex.
func (s *Server) handleSheet(mux *http.ServeMux, path string, read func(r *http.Request) (sheet, error)) {
	for _, f := range sheetFormats {
		mux.HandleFunc(path+"."+f.ending, func(w http.ResponseWriter, r *http.Request) {
			table, err := read(r)
			if err != nil {
				s.fail(w, r, err)
				return
			}
			w.Header().Set("Content-Type", f.media)
			if r.Method != http.MethodHead {
				_ = f.write(table, w) // the browser may be gone
			}
		})
	}
}

func (t sheet) markdown(w io.Writer) error {
	var out strings.Builder
	line := func(cells []string, convert func(string) string) {
		for _, c := range cells {
			out.WriteString("| " + convert(c) + " ")
		}
		out.WriteString("|\n")
	}
	line(t.Head, escape.Markdown)
	for i := range t.Head {
		if i >= len(t.Head)-t.Numbers {
			out.WriteString("| ---: ")
		} else {
			out.WriteString("| --- ")
		}
	}
	out.WriteString("|\n")
	for _, row := range t.Rows {
		line(row, escape.Markdown)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func (t sheet) csv(w io.Writer) error {
	out := csv.NewWriter(w)
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		cells := make([]string, len(row))
		for i, c := range row {
			if cells[i] = escape.Cell(c); i >= len(row)-t.Numbers && isNumber(c) {
				cells[i] = c // a minus is no formula
			}
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// isNumber reports whether a text is a number that this server has printed.
func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789.+-e") == "" }

// latexNumber is a number as source: its minus is a minus, and its exponent a power of ten.
func latexNumber(n string) string {
	mantissa, power, scientific := strings.Cut(n, "e")
	if !scientific {
		return "$" + n + "$"
	}
	exponent, err := strconv.Atoi(power)
	if err != nil {
		return reports.LatexText(n)
	}
	return fmt.Sprintf(`$%s\times10^{%d}$`, mantissa, exponent)
}

func (t sheet) latex(w io.Writer) error {
	var out strings.Builder
	fmt.Fprintf(&out, "%% needs \\usepackage{booktabs}\n\\begin{tabular}{%s%s}\n\\toprule\n",
		strings.Repeat("l", len(t.Head)-t.Numbers), strings.Repeat("r", t.Numbers))
	for i, row := range append([][]string{t.Head}, t.Rows...) {
		cells := make([]string, len(row))
		for k, c := range row {
			switch {
			case k >= len(row)-t.Numbers && isNumber(c):
				cells[k] = latexNumber(c)
			default:
				cells[k] = reports.LatexText(c)
			}
		}
		out.WriteString(strings.Join(cells, " & ") + " \\\\\n")
		if i == 0 {
			out.WriteString("\\midrule\n")
		}
	}
	out.WriteString("\\bottomrule\n\\end{tabular}\n")
	_, err := io.WriteString(w, out.String())
	return err
}
