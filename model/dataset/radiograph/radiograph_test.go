package radiograph

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"harness/model/dataset/sniff"
)

// grayJPEG returns a JPEG of w by h with a pattern that fills all of it.
func grayJPEG(w, h int) string {
	img := image.NewGray(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = uint8(i * 7)
	}
	return encodeJPEG(img)
}

func colourJPEG(w, h int) string {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		img.Set(i%w, i/w, color.RGBA{uint8(i), 120, 60, 255})
	}
	return encodeJPEG(img)
}

func encodeJPEG(img image.Image) string {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		panic(err)
	}
	return b.String()
}

// encodePNG writes an image as PNG.
func encodePNG(img image.Image) string {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.String()
}

func grayPNG(w, h int) string {
	img := image.NewGray(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = uint8(i * 7)
	}
	return encodePNG(img)
}

// TestInspect looks at files as people have them.
func TestInspect(t *testing.T) {
	whole := grayJPEG(40, 30)
	huge := strings.Replace(whole, "\x00\x1e\x00\x28", "\xff\xff\xff\xff", 1) // height and width in the frame header
	film := grayPNG(40, 30)
	hugeFilm := strings.Replace(film, "\x00\x00\x00\x28\x00\x00\x00\x1e", "\x00\x00\xff\xff\x00\x00\xff\xff", 1)
	dir := t.TempDir()
	for _, c := range []struct {
		name, content  string
		header, decode bool // accepted by the header alone, when decoded
	}{
		{"gray", whole, true, true},
		{"colour", colourJPEG(40, 30), true, true},
		{"truncated", whole[:len(whole)*2/3], true, false},
		{"empty", "", false, false},
		{"text", "<html>", false, false},
		{"larger than any radiograph", huge, false, false},
		{"PNG", film, true, true},
		{"PNG with colours and transparency", encodePNG(image.NewNRGBA(image.Rect(0, 0, 40, 30))), true, true},
		{"truncated PNG", film[:len(film)-20], true, false},
		{"damaged PNG", film[:60] + "\x00\x01" + film[62:], true, false},
		{"PNG larger than any radiograph", hugeFilm, false, false},
	} {
		suffix := ".jpg"
		if strings.Contains(c.name, "PNG") {
			suffix = ".png"
		}
		path := filepath.Join(dir, c.name+suffix)
		if err := os.WriteFile(path, []byte(c.content), 0o666); err != nil {
			t.Fatal(err)
		}
		for _, decode := range []bool{false, true} {
			info, err := Inspect(path, decode)
			if want := map[bool]bool{false: c.header, true: c.decode}[decode]; (err == nil) != want {
				t.Errorf("%s, decode %v: error %v", c.name, decode, err)
			}
			if info.Size != int64(len(c.content)) || err == nil && (info.Width != 40 || info.Height != 30) {
				t.Errorf("%s: %+v", c.name, info)
			}
		}
	}
	if _, err := Inspect(filepath.Join(dir, "none.jpg"), true); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("file that is not there: %v", err)
	}
	if _, err := Inspect(dir, true); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("folder: %v", err)
	}
}

// TestLuma decodes the colours an image may be stored in to one gray.
func TestLuma(t *testing.T) {
	flat := func(img interface {
		image.Image
		Set(x, y int, c color.Color)
	}) image.Image {
		for i := range 16 * 16 {
			img.Set(i%16, i/16, color.Gray{90})
		}
		return img
	}
	for _, img := range []image.Image{
		flat(image.NewGray(image.Rect(0, 0, 16, 16))), flat(image.NewRGBA(image.Rect(0, 0, 16, 16))),
	} {
		gray, err := decodeImage(sniff.JPEG, strings.NewReader(encodeJPEG(img)))
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range gray.Pix[:16] {
			if v < 88 || v > 92 {
				t.Errorf("%T: pixel %d is %d, want about 90", img, i, v)
			}
		}
	}
	for _, img := range []image.Image{
		flat(image.NewGray(image.Rect(0, 0, 16, 16))), flat(image.NewRGBA(image.Rect(0, 0, 16, 16))),
	} {
		gray, err := decodeImage(sniff.PNG, strings.NewReader(encodePNG(img)))
		if err != nil {
			t.Fatal(err)
		}
		if v := gray.GrayAt(15, 15).Y; v != 90 {
			t.Errorf("%T as PNG: %d, want 90", img, v)
		}
	}
	cmyk := image.NewCMYK(image.Rect(0, 0, 2, 2))
	for i := range cmyk.Pix {
		cmyk.Pix[i] = []byte{0, 0, 0, 255 - 90}[i%4]
	}
	if v := toGray(cmyk).GrayAt(1, 1).Y; v != 90 {
		t.Errorf("CMYK: %d, want 90", v)
	}
}

// TestTruncated cuts an image anywhere behind its header; no cut passes as whole.
func TestTruncated(t *testing.T) {
	whole := grayJPEG(40, 30)
	if _, err := decodeImage(sniff.JPEG, strings.NewReader(whole)); err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) {
		if _, err := decodeImage(sniff.JPEG, strings.NewReader(whole[:n])); err == nil {
			t.Errorf("the first %d of %d bytes pass as an image", n, len(whole))
		}
	}
}
