package plots

import (
	"bytes"
	"io"

	"gonum.org/v1/plot/vg/vgsvg"
)

// svgCanvas names fonts of the same widths beside the one that PNG and PDF contain: many machines have no Liberation Sans, and text
// of another width would run over lines.
type svgCanvas struct{ *vgsvg.Canvas }

// WriteTo writes the picture. A quotation mark in a label is escaped, so that only styles match.
func (c svgCanvas) WriteTo(w io.Writer) (int64, error) {
	var picture bytes.Buffer
	if _, err := c.Canvas.WriteTo(&picture); err != nil {
		return 0, err
	}
	named := bytes.ReplaceAll(picture.Bytes(), []byte(`style="font-family:Liberation Sans;`), []byte(`style="font-family:Liberation Sans,Arial,Helvetica,sans-serif;`))
	n, err := w.Write(named)
	return int64(n), err
}
