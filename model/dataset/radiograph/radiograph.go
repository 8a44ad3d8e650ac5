// Package radiograph reads chest radiographs: JPEGs and PNGs as 8-bit gray images in their stored orientation (radiograph.go),
// resized to squares (resize.go), and kept in a memory-mapped cache (cache.go).
package radiograph

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // the two formats that radiographs come in
	_ "image/png"
	"io"
	"os"
)

// maxPixels bounds the size of an image that is decoded (detectors have about ten million pixels).
const maxPixels = 1 << 27

// Info is what the file of an image says.
type Info struct {
	Width, Height  int
	Size, Modified int64             // of the file: bytes, nanoseconds since 1970
	Sum            [sha256.Size]byte // SHA-256 of its contents; above 256 KiB, of 16 blocks of 4 KiB from the first to the last
}

// Inspect reads an image's header, and with decode all of it, because a header does not show that a file is truncated. The error is
// fs.ErrNotExist for a file that is not there; any other says that the image cannot be read.
func Inspect(path string, decode bool) (Info, error) {
	f, err := os.Open(path)
	if err != nil {
		return Info{}, err
	}
	defer f.Close()
	stat, err := f.Stat()
	if err != nil {
		return Info{}, err
	}
	info := Info{Size: stat.Size(), Modified: stat.ModTime().UnixNano()}
	if info.Sum, err = sumContent(f, info.Size); err != nil {
		return info, err
	}
	config, err := readHeader(f)
	if err != nil {
		return info, err
	}
	info.Width, info.Height = config.Width, config.Height
	if decode {
		_, err = decodeImage(f)
	}
	return info, err
}

// Files of up to wholeSize are summed whole. Of larger ones, as radiographs of full size are, samples blocks of blockSize are,
// evenly spread from the first byte to the last: reading all of hundreds of thousands of them takes hours. The last bytes of
// a JPEG depend on all pixels before them, too: every code there is shifted by the lengths of the codes before it; those of a PNG
// hold a checksum of all pixels.
const (
	wholeSize = 256 << 10
	blockSize = 4 << 10
	samples   = 16
)

func sumContent(f io.ReaderAt, size int64) (sum [sha256.Size]byte, err error) {
	h := sha256.New()
	if size <= wholeSize {
		_, err = io.Copy(h, io.NewSectionReader(f, 0, size))
	} else {
		for i := range int64(samples) {
			at := (size - blockSize) * i / (samples - 1)
			if _, err = io.Copy(h, io.NewSectionReader(f, at, blockSize)); err != nil {
				break
			}
		}
	}
	h.Sum(sum[:0])
	return sum, err
}

// Read decodes a whole image.
func Read(path string) (*image.Gray, error) {
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

// readHeader returns the size of a JPEG or PNG and leaves the file at its start.
func readHeader(f io.ReadSeeker) (image.Config, error) {
	config, _, err := image.DecodeConfig(bufio.NewReaderSize(f, 4<<10))
	if err != nil {
		return config, err
	}
	if config.Width <= 0 || config.Height <= 0 || config.Width*config.Height > maxPixels {
		return config, fmt.Errorf("%d by %d pixels", config.Width, config.Height)
	}
	_, err = f.Seek(0, io.SeekStart)
	return config, err
}

// decodeImage reads a whole image as luma in its stored orientation; a truncated file is an error.
func decodeImage(r io.Reader) (*image.Gray, error) {
	img, _, err := image.Decode(bufio.NewReaderSize(r, 64<<10))
	if err != nil {
		return nil, err
	}
	return toGray(img), nil
}

// toGray returns the luma of an image, sharing its memory where it can.
func toGray(img image.Image) *image.Gray {
	switch img := img.(type) {
	case *image.Gray:
		return img
	case *image.YCbCr:
		return &image.Gray{Pix: img.Y, Stride: img.YStride, Rect: img.Rect}
	}
	b := img.Bounds()
	gray := image.NewGray(b)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			gray.SetGray(x, y, color.GrayModel.Convert(img.At(x, y)).(color.Gray))
		}
	}
	return gray
}
