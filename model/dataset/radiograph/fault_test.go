package radiograph

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"testing"
)

// TestCauses gives each kind of fault its cause, whatever the file is called.
func TestCauses(t *testing.T) {
	jpg, gray := grayJPEG(40, 30), image.NewGray(image.Rect(0, 0, 40, 30))
	for i := range gray.Pix {
		gray.Pix[i] = uint8(i * 31)
	}
	whole := encodePNG(gray)
	flipped := []byte(whole)
	flipped[len(flipped)/2] ^= 1
	dir := t.TempDir()
	for _, c := range []struct {
		name, content string
		want          Cause // "" is an image
	}{
		{"a.jpg", jpg, ""},
		{"a.JPEG", jpg, ""},
		{"garbage behind.jpg", jpg + "garbage", ""},
		{"b.png", whole, ""},
		{"b.PNG", whole, ""},
		{"palette.png", encodePNG(image.NewPaletted(gray.Rect, color.Palette{color.Black, color.White})), ""},
		{"empty.jpg", "", "an empty file"},
		{"half.jpg", jpg[:len(jpg)/2], Truncated},
		{"without its end.jpg", jpg[:len(jpg)-2], Truncated},
		{"head alone.jpg", jpg[:20], Truncated},
		{"half.png", whole[:len(whole)/2], Truncated},
		{"without its end.png", whole[:len(whole)-12], Truncated},
		{"flipped.png", string(flipped), Corrupt},
		{"page.jpg", "<!DOCTYPE html><title>403</title>", "an HTML page"},
		{"message.jpg", "<?xml version=\"1.0\"?><Error/>", "an XML message"},
		{"pointer.jpg", "version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"},
		{"zeros.jpg", string(make([]byte, 4000)), "zero bytes only"},
		{"text.jpg", "no image", NotAnImage},
		{"png.jpg", whole, "another format: PNG in a .jpg file"},
		{"jpeg.png", jpg, "another format: JPEG in a .png file"},
		{"dicom.jpg", string(make([]byte, 128)) + "DICM", "another format: DICOM"},
		{"zip.jpg", "\x1f\x8b\x08", "another format: gzip"},
		{"deep.png", encodePNG(image.NewGray16(gray.Rect)), Deep},
	} {
		path := filepath.Join(dir, c.name)
		if err := os.WriteFile(path, []byte(c.content), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := Inspect(path, true)
		if got := causeOf(t, err); got != c.want {
			t.Errorf("%s: %q, want %q (%v)", c.name, got, c.want, err)
		}
		if _, err := Read(path); causeOf(t, err) != c.want {
			t.Errorf("Read %s: %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := Inspect(dir, true); causeOf(t, err) != Folder {
		t.Errorf("a folder: %v", err)
	}
	if os.Getuid() == 0 {
		return // root may read everything
	}
	path := filepath.Join(dir, "a.jpg")
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := Inspect(path, true); causeOf(t, err) != Permission {
		t.Errorf("a file without permission: %v", err)
	}
}

func causeOf(t *testing.T, err error) Cause {
	t.Helper()
	fault, ok := errors.AsType[*Fault](err)
	if err != nil && !ok {
		t.Errorf("%v is no Fault", err)
	}
	if !ok {
		return ""
	}
	return fault.Cause
}

// TestPNG reads the same pixels from a PNG as it holds.
func TestPNG(t *testing.T) {
	gray := image.NewGray(image.Rect(0, 0, 5, 3))
	for i := range gray.Pix {
		gray.Pix[i] = uint8(i * 17)
	}
	path := filepath.Join(t.TempDir(), "a.png")
	if err := os.WriteFile(path, []byte(encodePNG(gray)), 0o666); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil || !bytes.Equal(got.Pix, gray.Pix) || got.Rect != gray.Rect {
		t.Errorf("%v, %v", got, err)
	}
}

// FuzzInspect reads any bytes as an image of both formats: what is accepted decodes to its size, and an error has a cause.
func FuzzInspect(f *testing.F) {
	f.Add([]byte(grayJPEG(9, 7)), false)
	f.Add([]byte(encodePNG(image.NewGray(image.Rect(0, 0, 9, 7)))), true)
	f.Add([]byte("version https://git-lfs"), true)
	f.Fuzz(func(t *testing.T, content []byte, isPNG bool) {
		path := filepath.Join(t.TempDir(), "a.jpg")
		if isPNG {
			path = filepath.Join(filepath.Dir(path), "a.png")
		}
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		info, err := Inspect(path, false)
		causeOf(t, err)
		if err != nil || info.Width*info.Height > 1<<20 {
			return
		}
		img, err := Read(path)
		causeOf(t, err)
		if err == nil && (img.Rect.Dx() != info.Width || img.Rect.Dy() != info.Height) {
			t.Fatalf("%v, header %d by %d", img.Rect, info.Width, info.Height)
		}
	})
}
