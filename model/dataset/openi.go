package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"harness/model/dataset/iuxray"
	"harness/model/dataset/parallel"
	"harness/model/dataset/reporttext"
)

// The folders of OpenI's two archives.
const (
	openIReports = "ecgen-radiology"
	openIImages  = "NLMCXR_png"
)

// openI is IU X-Ray as OpenI distributes it: NLMCXR_png/ID.png and ecgen-radiology/N.xml.
type openI struct {
	images, reports string
	files           []string // names of the images
	numbers         []int    // of the reports, in order
}

func findOpenI(folders []folder) (openLayout, error) {
	s := openI{}
	for _, f := range folders {
		switch base := filepath.Base(f.path); {
		case base == openIReports && s.reports == "":
			s.reports, s.numbers = f.path, reportNumbers(f)
		case base == openIImages && s.images == "":
			s.images, s.files = f.path, f.names
		}
	}
	switch {
	case s.images == "" && s.reports == "":
		return nil, nil
	case s.images == "":
		return nil, fmt.Errorf("no folder %s with the images of the reports in %s: %w", openIImages, s.reports, fs.ErrNotExist)
	case s.reports == "":
		return nil, fmt.Errorf("no folder %s with the reports of the images in %s: %w", openIReports, s.images, fs.ErrNotExist)
	case len(s.numbers) == 0:
		return nil, fmt.Errorf("no report such as %s: %w", filepath.Join(s.reports, "1.xml"), fs.ErrNotExist)
	}
	return s, nil
}

// reportNumbers lists the N of the files N.xml, in their order as numbers.
func reportNumbers(f folder) []int {
	var numbers []int
	for _, name := range f.names {
		stem, ok := strings.CutSuffix(name, ".xml")
		if n, err := strconv.Atoi(stem); ok && err == nil && n >= 0 && strconv.Itoa(n) == stem {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers
}

func (s openI) name() string { return "IU X-Ray in OpenI's layout" }

// paths holds the folders, too: a new file changes their time.
func (s openI) paths() []string {
	paths := []string{s.reports, s.images}
	for _, n := range s.numbers {
		paths = append(paths, s.report(n))
	}
	return paths
}

func (s openI) report(n int) string { return filepath.Join(s.reports, strconv.Itoa(n)+".xml") }

// read lists every image of every report: nothing says which are frontal.
func (s openI) read(ctx context.Context, l *loader) error {
	if l.opts.Splits == Official {
		return errors.New("official splits: OpenI publishes none; R2Gen's annotation.json does")
	}
	reports, faults := make([]*iuxray.Report, len(s.numbers)), make([]error, len(s.numbers))
	err := parallel.Each(ctx, parallel.Reads(), len(reports), nil, func(i int) error {
		reports[i], faults[i] = iuxray.ReadReport(s.report(s.numbers[i]))
		return nil
	})
	if err != nil {
		return err
	}
	silent := 0
	for i, r := range reports {
		name, place := strconv.Itoa(s.numbers[i])+".xml", s.report(s.numbers[i])
		if faults[i] != nil {
			item := badReport(faults[i])
			item.ID, item.Place = name, place
			l.badRow(item)
			continue
		}
		l.digests.reports = append(l.digests.reports, name+" "+sumOf(r.Raw))
		if len(r.Images) == 0 {
			silent++
			continue
		}
		subject := "CXR" + strconv.Itoa(s.numbers[i])
		for _, id := range r.Images {
			row := imageRow{id: id, subject: subject, study: subject, view: viewUnknown}
			item := Item{ID: name + ":" + shortened(id), Place: place, Detail: shortened(id)}
			switch {
			case !isImageID(id):
				item.Cause = "an image's id that is not the name of a file"
				l.badRow(item)
			case !l.list(row, filepath.Join(s.images, id+".png"), openISplit(subject)):
				item.Cause = "an image that was named before"
				l.badRow(item)
			}
		}
		l.describe(subject, reporttext.Plain(r.Text(), l.opts.KeepPriorSentences), place)
	}
	s.notes(l, silent)
	return nil
}

// badReport words the error of a report that cannot be read.
func badReport(err error) Item {
	if _, isPath := errors.AsType[*fs.PathError](err); isPath {
		return Item{Cause: readCause(err)}
	}
	detail := err
	if inner := errors.Unwrap(err); inner != nil {
		detail = inner // without the path
	}
	return Item{Cause: "not a report of OpenI as XML", Detail: atMost(160, detail.Error())}
}

// openISplit divides subjects 7 : 1 : 2, as R2Gen divides them.
func openISplit(subject string) Split {
	switch part := tenth("iu-xray", subject); {
	case part < 7:
		return Train
	case part == 7:
		return Val
	}
	return Test
}

func (s openI) notes(l *loader, silent int) {
	l.note("%s: it does not say which images are frontal, so all of them are used; split 70/10/20 by a hash of the subject", s.name())
	if silent > 0 {
		l.note("%d reports name no image", silent)
	}
	strange := 0
	for _, file := range s.files {
		id, png := strings.CutSuffix(file, ".png")
		if _, listed := l.listed.files[id]; png && !listed {
			strange++
		}
	}
	if strange > 0 {
		l.note("%d images in %s are of no report that could be read", strange, openIImages)
	}
}
