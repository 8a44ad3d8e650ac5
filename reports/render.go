package reports

import (
	"fmt"
	"io"
)

// Format names a way to print a table.
type Format string

// Formats lists the formats that Render knows.
var Formats = [...]Format{"text", "markdown", "latex", "csv", "json"}

// Render writes the table in the given format.
func (t *Table) Render(w io.Writer, format Format, o LatexOptions) error {
	switch format {
	case "text":
		return t.Text(w)
	case "markdown", "md":
		return t.Markdown(w)
	case "latex", "tex":
		return t.Latex(w, o)
	case "csv":
		return t.CSV(w)
	case "json":
		return t.JSON(w)
	}
	return fmt.Errorf("unknown format %q: want text, markdown, latex, csv or json", format)
}
