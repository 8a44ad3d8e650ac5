// Package radiograph reads chest radiographs: 8-bit JPEGs and PNGs as gray images in their stored orientation (radiograph.go), with the
// reason where it cannot (fault.go), resized to squares (resize.go), and kept in a memory-mapped cache (cache.go).
package radiograph

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"sync"

	"harness/model/dataset/grayjpeg"
	"harness/model/dataset/sniff"
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
// fs.ErrNotExist for a file that is not there; any other is a *Fault, which says why the image cannot be used.
func Inspect(path string, decode bool) (Info, error) {
	f, err := os.Open(path)
	if err != nil {
		return Info{}, openFault(err)
	}
	defer f.Close()
	stat, err := f.Stat()
	if err != nil {
		return Info{}, openFault(err)
	}
	if stat.IsDir() {
		return Info{}, &Fault{Folder, nil}
	}
	info := Info{Size: stat.Size(), Modified: stat.ModTime().UnixNano()}
	if info.Sum, err = sumContent(f, info.Size); err != nil {
		return info, openFault(err)
	}
	config, kind, err := readHeader(path, f)
	if err != nil {
		return info, err
	}
	info.Width, info.Height = config.Width, config.Height
	if decode {
		_, err = decodeImage(kind, f)
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

// Read decodes a whole image. Its errors are those of Inspect.
func Read(path string) (*image.Gray, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, openFault(err)
	}
	defer f.Close()
	_, kind, err := readHeader(path, f)
	if err != nil {
		return nil, err
	}
	return decodeImage(kind, f)
}

// readHeader returns the size and the format of an image and leaves the file at its start.
func readHeader(path string, f io.ReadSeeker) (image.Config, sniff.Kind, error) {
	head := make([]byte, sniff.HeadSize)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return image.Config{}, sniff.Unknown, openFault(err)
	}
	kind, err := checkKind(path, head[:n])
	if err != nil {
		return image.Config{}, kind, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return image.Config{}, kind, openFault(err)
	}
	readConfig := jpeg.DecodeConfig
	if kind == sniff.PNG {
		readConfig = png.DecodeConfig
	}
	config, err := readConfig(bufio.NewReaderSize(f, 4<<10))
	switch {
	case err != nil:
		return config, kind, decodeFault(err)
	case config.Width <= 0 || config.Height <= 0 || config.Width > maxPixels/config.Height:
		return config, kind, &Fault{TooLarge, fmt.Errorf("%d by %d", config.Width, config.Height)}
	case isDeep(config.ColorModel):
		return config, kind, &Fault{Deep, nil}
	}
	_, err = f.Seek(0, io.SeekStart)
	return config, kind, openFault(err)
}

// isDeep reports 16 bits a pixel. Which of them hold the image is not said: a detector's 12 bits are stored in the low ones
// by some programs, and would be read as black.
func isDeep(m color.Model) bool {
	return m == color.Gray16Model || m == color.RGBA64Model || m == color.NRGBA64Model
}

// decodeImage reads a whole image as luma in its stored orientation; a truncated file is an error.
func decodeImage(kind sniff.Kind, f io.ReadSeeker) (*image.Gray, error) {
	decode := jpeg.Decode
	if kind == sniff.PNG {
		decode = png.Decode
	} else if img := decodeGray(f); img != nil {
		return img, nil
	}
	img, err := decode(bufio.NewReaderSize(f, 64<<10))
	if err != nil {
		return nil, decodeFault(err)
	}
	return toGray(img), nil
}

// grayReader is what reading one gray JPEG needs.
type grayReader struct {
	decoder grayjpeg.Decoder
	file    bytes.Buffer
}

var grayReaders = sync.Pool{New: func() any { return &grayReader{} }}

// mostBytes bounds the files that are held in memory.
const mostBytes = 64 << 20

// decodeGray reads a gray JPEG, as nearly all radiographs are. nil: it is another kind of file, or not whole; f is at its start then.
func decodeGray(f io.ReadSeeker) *image.Gray {
	g := grayReaders.Get().(*grayReader)
	defer grayReaders.Put(g)
	g.file.Reset()
	n, err := g.file.ReadFrom(io.LimitReader(f, mostBytes+1))
	if err == nil && n <= mostBytes {
		if img, ok := g.decoder.Decode(g.file.Bytes()); ok {
			return img
		}
	}
	_, _ = f.Seek(0, io.SeekStart) // where that fails, reading on fails, too
	return nil
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
