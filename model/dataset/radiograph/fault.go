package radiograph

import (
	"errors"
	"fmt"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"harness/model/dataset/sniff"
)

// Cause says why a file cannot be used as an image. Causes are few: what is particular to one file stays in the error.
type Cause string

// The causes; an image of another format has the cause that otherFormat words.
const (
	Truncated   Cause = "truncated"
	Corrupt     Cause = "corrupt"
	NotAnImage  Cause = "not an image"
	Permission  Cause = "permission denied"
	Folder      Cause = "a folder, not a file"
	TooLarge    Cause = "too many pixels"
	Deep        Cause = "16 bits a pixel: convert it to 8"
	Unsupported Cause = "a kind of JPEG or PNG that is not read"
	ReadError   Cause = "read error"
)

// A Fault is the error of a file that is there and cannot be used.
type Fault struct {
	Cause Cause
	err   error // may be nil
}

func (f *Fault) Error() string {
	if f.err == nil {
		return string(f.Cause)
	}
	return fmt.Sprintf("%s: %v", f.Cause, f.err)
}

// Unwrap returns the error below.
func (f *Fault) Unwrap() error { return f.err }

// openFault words the error of a file that cannot be opened or read; fs.ErrNotExist stays as it is.
func openFault(err error) error {
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist):
		return err
	case errors.Is(err, fs.ErrPermission):
		return &Fault{Permission, err}
	}
	return &Fault{ReadError, err}
}

// checkKind returns the format of a file by its first bytes, which must be the one that its name states: a decoder that
// guesses would read what a later tool, going by the name, cannot.
func checkKind(path string, head []byte) (sniff.Kind, error) {
	kind := sniff.Of(head)
	want := sniff.JPEG
	if strings.EqualFold(filepath.Ext(path), ".png") {
		want = sniff.PNG
	}
	switch kind {
	case want:
		return kind, nil
	case sniff.Unknown:
		return kind, &Fault{NotAnImage, nil}
	case sniff.JPEG, sniff.PNG:
		return kind, &Fault{Cause(fmt.Sprintf("another format: %s in a %s file", kind, strings.ToLower(filepath.Ext(path)))), nil}
	case sniff.DICOM, sniff.TIFF, sniff.GIF, sniff.BMP, sniff.WebP, sniff.JPEG2000, sniff.Numpy, sniff.Gzip, sniff.Zip, sniff.PDF:
		return kind, &Fault{Cause("another format: " + string(kind)), nil}
	}
	return kind, &Fault{Cause(kind), nil}
}

// decodeFault words the error of a decoder.
func decodeFault(err error) error {
	var unsupportedJPEG jpeg.UnsupportedError
	var unsupportedPNG png.UnsupportedError
	var fault *Fault
	switch {
	case err == nil, errors.As(err, &fault):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF),
		strings.Contains(err.Error(), "short Huffman data"), strings.Contains(err.Error(), "not enough pixel data"):
		return &Fault{Truncated, err}
	case errors.As(err, &unsupportedJPEG), errors.As(err, &unsupportedPNG):
		return &Fault{Unsupported, err}
	}
	if _, isPath := errors.AsType[*fs.PathError](err); isPath {
		return &Fault{ReadError, err}
	}
	return &Fault{Corrupt, err}
}
