package iuxray

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxReport bounds one report in bytes (the real ones have about 8 kB).
const maxReport = 16 << 20

// A Report is one report of OpenI.
type Report struct {
	Findings, Impression string   // "" where the report has none
	Images               []string // ids, in the order of the file; the file of one is ID.png
	Raw                  []byte   // the file
}

// ReadReport reads ecgen-radiology/N.xml.
func ReadReport(path string) (*Report, error) {
	raw, err := readAll(path, maxReport)
	if err != nil {
		return nil, err
	}
	r, err := parseReport(raw)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return r, nil
}

func parseReport(raw []byte) (*Report, error) {
	var doc struct {
		XMLName  xml.Name `xml:"eCitation"`
		Sections []struct {
			Label string `xml:"Label,attr"`
			Text  string `xml:",chardata"`
		} `xml:"MedlineCitation>Article>Abstract>AbstractText"`
		Images []struct {
			ID string `xml:"id,attr"`
		} `xml:"parentImage"`
	}
	d := xml.NewDecoder(bytes.NewReader(raw))
	if err := d.Decode(&doc); err != nil {
		return nil, err
	}
	if err := nothingLeft(d); err != nil {
		return nil, err
	}
	r := &Report{Raw: raw}
	for _, s := range doc.Sections {
		switch strings.ToUpper(strings.TrimSpace(s.Label)) {
		case "FINDINGS":
			r.Findings = joined(r.Findings, s.Text)
		case "IMPRESSION":
			r.Impression = joined(r.Impression, s.Text)
		}
	}
	for _, image := range doc.Images {
		r.Images = append(r.Images, strings.TrimSpace(image.ID))
	}
	return r, nil
}

// nothingLeft reports what stands behind the document: a second one would be dropped in silence.
func nothingLeft(d *xml.Decoder) error {
	for {
		token, err := d.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if text, ok := token.(xml.CharData); ok && len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		if _, ok := token.(xml.Comment); !ok {
			return errors.New("more than one document")
		}
	}
}

// joined puts a space between two texts that are not empty.
func joined(a, b string) string { return strings.TrimSpace(a + " " + strings.TrimSpace(b)) }

// Text is what the report says of its images: the findings, then the impression.
func (r *Report) Text() string { return joined(r.Findings, r.Impression) }
