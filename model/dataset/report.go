package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"harness/model/dataset/parallel"
	"harness/model/dataset/reporttext"
	"harness/model/dataset/sniff"
)

// foundReport is what reading the report of a study gave.
type foundReport struct {
	place   string
	digest  string // "" where there is no report
	caption string
	cause   string // why there is no caption
	missing bool
	blank   bool // the report was read, and no caption is left

	findings, impression bool // it has such a section; looked for by Check alone
}

// readReports gives every image the caption of its study.
func (l *loader) readReports(ctx context.Context) error {
	t := &l.tables
	found := make([]foundReport, len(t.studies))
	err := parallel.Each(ctx, parallel.Reads(), len(t.studies), nil, func(i int) error {
		found[i] = l.readReport(t.studies[i])
		return nil
	})
	if err != nil {
		return err
	}
	captionOf := make(map[string]string, len(t.studies))
	f := &l.faults.Reports
	l.digests.reports = make([]string, len(t.studies))
	for i, study := range t.studies {
		r := &found[i]
		l.withFindings += one(r.findings)
		l.withImpression += one(r.impression)
		captionOf[study], l.digests.reports[i] = r.caption, r.digest
		item := Item{ID: study, Place: r.place, Cause: r.cause, absent: r.missing}
		switch {
		case r.missing:
			l.fault(&f.Missing, item)
		case r.blank:
			l.fault(&f.Empty, item)
		case r.cause != "":
			l.fault(&f.Unreadable, item)
		default:
			l.count(&f.Usable, study)
		}
	}
	for i := range l.images {
		l.images[i].Caption = captionOf[l.images[i].Study]
	}
	return nil
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func (l *loader) readReport(study string) (r foundReport) {
	name := l.parts.reports.name(l.tables.subjectOf[study], study)
	r.place = filepath.Join(l.parts.reports.place, name)
	if !l.parts.reports.zipped {
		l.look(r.place)
	}
	raw, err := fs.ReadFile(l.parts.reports.files, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.cause, r.missing = "no such file", true
		return r
	case err != nil:
		r.cause = readCause(err)
		return r
	}
	r.digest = sumOf(raw)
	if kind := sniff.NotText(raw); kind != sniff.Unknown {
		r.cause = string(kind)
		return r
	}
	if l.decode {
		r.findings, r.impression = reporttext.Sections(raw)
	}
	r.caption = reporttext.Caption(study, raw, l.opts.KeepPriorSentences)
	if r.caption == "" {
		r.blank, r.cause = true, fmt.Sprintf("fewer than %d words of findings, impression or last paragraph are left", reporttext.LeastWords)
		if len(raw) == 0 {
			r.cause = string(sniff.Empty)
		}
	}
	return r
}

// readCause words the error of a file that cannot be read, without its path.
func readCause(err error) string {
	if errors.Is(err, fs.ErrPermission) {
		return "permission denied"
	}
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	}
	return err.Error()
}
