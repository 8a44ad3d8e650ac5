package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"harness/model/dataset/parallel"
	"harness/model/dataset/radiograph"
)

// readImages looks at the file of every frontal image and keeps the usable ones in the order of the metadata.
func (l *loader) readImages(ctx context.Context) error {
	rows := l.tables.images
	found := make([]radiograph.Info, len(rows))
	faults := make([]error, len(rows))
	workers := parallel.Reads()
	if l.decode {
		workers = parallel.Cores()
	}
	err := parallel.Each(ctx, workers, len(rows), l.progress, func(i int) error {
		if rows[i].view != "" {
			path := l.imagePath(rows[i])
			l.look(path)
			found[i], faults[i] = radiograph.Inspect(path, l.decode)
		}
		return nil
	})
	if err != nil {
		return err
	}
	l.imageAt = make(map[string]int, len(rows))
	f := &l.faults.Images
	for i, row := range rows {
		info, missing := found[i], errors.Is(faults[i], fs.ErrNotExist)
		if row.view != "" && !missing {
			l.digests.images = append(l.digests.images, fmt.Sprintf("%s %d %x", row.id, info.Size, info.Sum))
		}
		switch {
		case row.view == "":
			l.count(&f.NotFrontal, row.id)
		case missing:
			l.count(&f.Missing, row.id)
		case faults[i] != nil:
			l.count(&f.Unreadable, row.id)
		default:
			l.count(&f.Usable, row.id)
			l.imageAt[row.id] = len(l.images)
			l.images = append(l.images, Image{
				ID: row.id, Subject: row.subject, Study: row.study, Path: l.imagePath(row),
				Width: info.Width, Height: info.Height, View: row.view, Date: row.date, file: info,
			})
		}
	}
	return nil
}

func (l *loader) imagePath(row imageRow) string {
	if path, listed := l.listed.files[row.id]; listed {
		return path
	}
	return filepath.Join(l.parts.images, "files", "p"+row.subject[:2], "p"+row.subject, "s"+row.study, row.id+".jpg")
}
