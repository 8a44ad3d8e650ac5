package dataset

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxPixels bounds the size of an image that is decoded (detectors have about ten million pixels).
const maxPixels = 1 << 27

// imageState is what looking at one image file found.
type imageState struct {
	width, height  int
	size, modified int64
	missing        bool
	err            error // unreadable
}

// readImages looks at the file of every frontal image and keeps the usable ones in the order of the metadata.
func (l *loader) readImages(ctx context.Context) error {
	rows := l.tables.images
	states := make([]imageState, len(rows))
	workers := waiting()
	if l.decode {
		workers = computing()
	}
	err := inParallel(ctx, workers, len(rows), l.progress, func(i int) error {
		if rows[i].view != "" {
			states[i] = lookAtImage(l.imagePath(rows[i]), l.decode)
		}
		return nil
	})
	if err != nil {
		return err
	}
	l.imageAt = make(map[string]int, len(rows))
	f := &l.faults.Images
	for i, row := range rows {
		s := states[i]
		if row.view != "" && !s.missing {
			l.digests.images = append(l.digests.images, fmt.Sprintf("%s %d", row.id, s.size))
		}
		switch {
		case row.view == "":
			l.count(&f.NotFrontal, row.id)
		case s.missing:
			l.count(&f.Missing, row.id)
		case s.err != nil:
			l.count(&f.Unreadable, row.id)
		default:
			l.count(&f.Usable, row.id)
			l.imageAt[row.id] = len(l.images)
			l.images = append(l.images, Image{
				ID: row.id, Subject: row.subject, Study: row.study, Path: l.imagePath(row),
				Width: s.width, Height: s.height, View: row.view, Date: row.date,
				size: s.size, modified: s.modified,
			})
		}
	}
	return nil
}

func (l *loader) imagePath(row imageRow) string {
	return filepath.Join(l.parts.images, "files", "p"+row.subject[:2], "p"+row.subject, "s"+row.study, row.id+".jpg")
}

// lookAtImage reads an image's header, and all of it if asked to.
func lookAtImage(path string, decode bool) (s imageState) {
	f, err := os.Open(path)
	if err != nil {
		s.missing = errors.Is(err, fs.ErrNotExist)
		s.err = err
		return s
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		s.err = err
		return s
	}
	s.size, s.modified = info.Size(), info.ModTime().UnixNano()
	config, err := readHeader(f)
	if err != nil {
		s.err = err
		return s
	}
	s.width, s.height = config.Width, config.Height
	if decode {
		_, s.err = decodeImage(f)
	}
	return s
}

// readHeader returns the size of a JPEG and leaves the file at its start.
func readHeader(f io.ReadSeeker) (image.Config, error) {
	config, err := jpeg.DecodeConfig(bufio.NewReaderSize(f, 4<<10))
	if err != nil {
		return config, err
	}
	if config.Width <= 0 || config.Height <= 0 || config.Width*config.Height > maxPixels {
		return config, fmt.Errorf("%d by %d pixels", config.Width, config.Height)
	}
	_, err = f.Seek(0, io.SeekStart)
	return config, err
}

// decodeImage reads a whole JPEG as luma in its stored orientation; a truncated file is an error.
func decodeImage(r io.Reader) (*image.Gray, error) {
	img, err := jpeg.Decode(bufio.NewReaderSize(r, 64<<10))
	if err != nil {
		return nil, err
	}
	switch img := img.(type) {
	case *image.Gray:
		return img, nil
	case *image.YCbCr: // its luma is what we want
		return &image.Gray{Pix: img.Y, Stride: img.YStride, Rect: img.Rect}, nil
	}
	b := img.Bounds()
	gray := image.NewGray(b)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			gray.SetGray(x, y, color.GrayModel.Convert(img.At(x, y)).(color.Gray))
		}
	}
	return gray, nil
}

// readGray decodes the image at path.
func readGray(path string) (*image.Gray, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := readHeader(f); err != nil {
		return nil, err
	}
	return decodeImage(f)
}
