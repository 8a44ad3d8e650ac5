package dataset

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"

	"harness/model/dataset/parallel"
	"harness/model/dataset/reporttext"
)

// readReports gives every image the caption of its study.
func (l *loader) readReports(ctx context.Context) error {
	t := &l.tables
	captions := make([]string, len(t.studies))
	found := make([]string, len(t.studies)) // digest; "" where there is no report
	err := parallel.Each(ctx, parallel.Reads(), len(t.studies), nil, func(i int) error {
		study, subject := t.studies[i], t.subjectOf[t.studies[i]]
		name := fmt.Sprintf("files/p%s/p%s/s%s.txt", subject[:2], subject, study)
		if l.parts.reportsDir != "" {
			l.look(filepath.Join(l.parts.reportsDir, name))
		}
		raw, err := fs.ReadFile(l.parts.reports, name)
		if err != nil {
			return nil // counted below
		}
		found[i] = sumOf(raw)
		captions[i] = reporttext.Caption(study, raw, l.opts.KeepPriorSentences)
		return nil
	})
	if err != nil {
		return err
	}
	captionOf := make(map[string]string, len(t.studies))
	f := &l.faults.Reports
	for i, study := range t.studies {
		captionOf[study] = captions[i]
		switch {
		case found[i] == "":
			l.count(&f.Missing, study)
		case captions[i] == "":
			l.count(&f.Empty, study)
		default:
			l.count(&f.Usable, study)
		}
	}
	l.digests.reports = found
	for i := range l.images {
		l.images[i].Caption = captionOf[l.images[i].Study]
	}
	return nil
}
