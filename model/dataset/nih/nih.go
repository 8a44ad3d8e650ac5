// Package nih reads the tables of NIH ChestX-ray14 (FACTS 1.5): Data_Entry_2017.csv, a row an image (entries.go),
// BBox_List_2017.csv, a row a box (boxes.go), and the lists of images (lists.go). labels.go says what the labels are called in the
// questions of Medical-Diff-VQA. It looks at no image.
package nih

import "harness/model/dataset/csvfile"

// Source is what reading a table leaves beside its rows.
type Source struct {
	Path   string
	Bad    []csvfile.Rejected // rows that were left out
	Digest string             // SHA-256 of the contents
}

// read calls row for each row of a CSV file with the right number of cells; row returns why
// it is rejected, "" for a good one.
func (s *Source) read(path string, columns []string, row func(t *csvfile.Reader) string) error {
	t, err := csvfile.Open(path, columns...)
	if err != nil {
		return err
	}
	defer t.Close()
	for t.Next() {
		if cause := row(t); cause != "" {
			t.RejectAs(cause)
		}
	}
	s.Path, s.Bad, s.Digest = path, t.Rejects(), t.Digest()
	return t.Err()
}
