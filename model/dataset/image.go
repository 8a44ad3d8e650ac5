package dataset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"harness/model/dataset/parallel"
	"harness/model/dataset/radiograph"
)

// foundImage is what looking at the file of an image gave.
type foundImage struct {
	file imageFile
	info radiograph.Info
	err  error
}

// readImages looks at the file of every frontal image and keeps the usable ones in the order of the metadata.
func (l *loader) readImages(ctx context.Context) error {
	rows := l.tables.images
	found := make([]foundImage, len(rows))
	workers := parallel.Reads()
	if l.decode {
		workers = parallel.Cores()
	}
	l.look(l.parts.files.loose...)
	err := parallel.Each(ctx, workers, len(rows), l.progress, func(i int) error {
		if rows[i].view == "" {
			return nil
		}
		file := l.findImage(rows[i])
		found[i] = foundImage{file: file, err: fs.ErrNotExist}
		if file.found {
			found[i].info, found[i].err = radiograph.Inspect(file.path, l.decode)
		}
		return nil
	})
	if err != nil {
		return err
	}
	l.imageAt = make(map[string]int, len(rows))
	for i, row := range rows {
		l.addImage(row, &found[i])
	}
	l.noteImages(found)
	return nil
}

// findImage returns the file of an image: the one that an open set lists, else the one that the layouts of copies lead to.
func (l *loader) findImage(row imageRow) imageFile {
	path, listed := l.listed.files[row.id]
	if !listed {
		return l.parts.files.find(row, l.look)
	}
	l.look(path)
	_, err := os.Lstat(path)
	return imageFile{path: path, found: err == nil || errors.Is(err, fs.ErrPermission)}
}

// addImage counts an image, and keeps it if it is usable.
func (l *loader) addImage(row imageRow, found *foundImage) {
	f, info, path := &l.faults.Images, found.info, found.file.path
	if row.view == "" {
		l.addOtherView(row)
		return
	}
	if errors.Is(found.err, fs.ErrNotExist) {
		item := Item{ID: row.id, Place: path, Cause: "no such file", absent: true}
		switch {
		case found.file.found:
			item.Cause, item.absent = "a link to nothing", false
			target, _ := os.Readlink(path)
			item.Detail = plain(target)
		case found.file.other != "":
			item.Cause = fmt.Sprintf("only a %s file", filepath.Ext(found.file.other))
		}
		l.fault(&f.Missing, item)
		return
	}
	l.digests.images = append(l.digests.images, fmt.Sprintf("%s %d %x", row.id, info.Size, info.Sum))
	if found.err != nil {
		cause := found.err.Error()
		if fault, ok := errors.AsType[*radiograph.Fault](found.err); ok {
			cause = string(fault.Cause)
		}
		l.fault(&f.Unreadable, Item{ID: row.id, Place: path, Cause: cause})
		return
	}
	frame, ok := frameOf(row.columns, row.rows, info.Width, info.Height)
	if !ok {
		l.fault(&f.OtherAspect, Item{ID: row.id, Place: path,
			Cause: "padded, cropped or squeezed: another aspect ratio than the metadata state", Detail: sizes(row, info.Width, info.Height)})
		return
	}
	l.count(&f.Usable, row.id)
	switch {
	case l.parts.open != nil: // boxes are in fractions of the sides
	case !frame.stated:
		l.count(&l.faults.Other.UnknownSize, row.id)
	case frame.resized():
		l.count(&l.faults.Other.Resized, row.id)
	}
	l.imageAt[row.id] = len(l.images)
	l.frames = append(l.frames, frame)
	l.images = append(l.images, Image{
		ID: row.id, Subject: row.subject, Study: row.study, Path: path,
		Width: info.Width, Height: info.Height, View: row.view, Date: row.date, file: info,
	})
}

// addOtherView counts an image that is not frontal, or whose view is not stated.
func (l *loader) addOtherView(row imageRow) {
	item := Item{ID: row.id, Place: cmp.Or(l.listed.files[row.id], l.parts.metadata), Cause: row.otherView, Detail: row.id}
	tally := &l.faults.Images.NotFrontal
	if row.otherView == "" {
		tally, item.Cause = &l.faults.Images.BlankView, "neither ViewPosition nor its code names a view"
	}
	l.fault(tally, item)
}

// noteImages says what is unusual about the files of the images as a whole.
func (l *loader) noteImages(found []foundImage) {
	elsewhere := map[string]int{}
	var order []string
	for i := range found {
		file := &found[i].file
		if !file.found || file.home == 0 {
			continue
		}
		dir := filepath.Dir(file.path)
		if file.home > 0 {
			dir = l.parts.files.homes[file.home].dir
		}
		if elsewhere[dir] == 0 {
			order = append(order, dir)
		}
		elsewhere[dir]++
	}
	for _, dir := range order {
		place, err := filepath.Rel(l.parts.root, dir)
		if err != nil {
			place = dir
		}
		l.note("%d images are read from %s, not from files/ beside the metadata", elsewhere[dir], place)
	}
	other := &l.faults.Other
	if n := other.Resized.N; n > 0 {
		l.note("%d of %d images have another size than the metadata state: their boxes are scaled", n, len(l.images))
	}
	if n := other.UnknownSize.N; n > 0 {
		l.note("%d of %d images have no Rows and Columns in the metadata: boxes are taken as pixels of the files", n, len(l.images))
	}
}
