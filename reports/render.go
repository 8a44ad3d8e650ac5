package reports

import (
	"fmt"
	"io"
)

// Format names a way to print a table.
type Format string

// The formats.
const (
	TextFormat     Format = "text"
	MarkdownFormat Format = "markdown"
	LatexFormat    Format = "latex"
	TypstFormat    Format = "typst"
	HTMLFormat     Format = "html-table" // a fragment for a page of one's own
	CSVFormat      Format = "csv"        // one line a cell
	WideCSVFormat  Format = "csv-wide"   // one line a row
	JSONFormat     Format = "json"       // docs/table.schema.json
)

// Formats lists the formats that Render knows.
var Formats = []Format{TextFormat, MarkdownFormat, LatexFormat, TypstFormat, HTMLFormat, CSVFormat, WideCSVFormat, JSONFormat}

// Render writes the table in the given format; the options are those of LaTeX.
func (t *Table) Render(w io.Writer, format Format, o LatexOptions) error {
	switch format {
	case TextFormat:
		return t.Text(w)
	case MarkdownFormat, "md":
		return t.Markdown(w)
	case LatexFormat, "tex":
		return t.Latex(w, o)
	case TypstFormat:
		return t.Typst(w)
	case HTMLFormat:
		return t.HTML(w)
	case CSVFormat:
		return t.CSV(w)
	case WideCSVFormat:
		return t.WideCSV(w)
	case JSONFormat:
		return t.JSON(w)
	}
	return fmt.Errorf("unknown format %q: want %s", format, Choices(Formats))
}
