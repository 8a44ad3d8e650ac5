package grayjpeg

import (
	"bytes"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"testing"
)

// pictures are images of odd sizes: flat, noisy, and with the sharpest edges that there are.
func pictures() []*image.Gray {
	r := rand.New(rand.NewPCG(1, 2))
	var list []*image.Gray
	for _, size := range []image.Point{{1, 1}, {8, 8}, {9, 7}, {64, 40}, {83, 131}} {
		for kind := range 4 {
			img := image.NewGray(image.Rect(0, 0, size.X, size.Y))
			for i := range img.Pix {
				switch kind {
				case 0:
					img.Pix[i] = 77
				case 1:
					img.Pix[i] = uint8(r.IntN(256))
				case 2:
					img.Pix[i] = uint8(255 * r.IntN(2))
				case 3:
					img.Pix[i] = uint8(128 + 100*float64(i%size.X)/float64(size.X) + 6*r.NormFloat64())
				}
			}
			list = append(list, img)
		}
	}
	return list
}

func encoded(t testing.TB, img image.Image, quality int) []byte {
	var want bytes.Buffer
	if err := jpeg.Encode(&want, img, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return want.Bytes()
}

// A file has the bytes that image/jpeg writes, and is read to the pixels that image/jpeg reads.
func TestAgreesWithImageJPEG(t *testing.T) {
	var d Decoder
	for _, quality := range []int{1, 50, 95, 100} {
		e, err := NewEncoder(quality)
		if err != nil {
			t.Fatal(err)
		}
		for i, img := range pictures() {
			want := encoded(t, img, quality)
			if got := e.Append([]byte("before"), img); !bytes.Equal(got[6:], want) {
				t.Fatalf("quality %d, picture %d: other bytes than image/jpeg", quality, i)
			}
			got, ok := d.Decode(want)
			if !ok {
				t.Fatalf("quality %d, picture %d: not read", quality, i)
			}
			samePixels(t, got, want)
		}
	}
}

func samePixels(t *testing.T, got *image.Gray, file []byte) {
	t.Helper()
	decoded, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatalf("image/jpeg refuses what was read: %v", err)
	}
	want, ok := decoded.(*image.Gray)
	if !ok || got.Rect != want.Rect || got.Stride != want.Stride || !bytes.Equal(got.Pix, want.Pix) {
		t.Fatal("other pixels than image/jpeg")
	}
}

// What is not whole, or of another kind, is not read.
func TestRefuses(t *testing.T) {
	img := pictures()[11]
	whole := encoded(t, img, 90)
	var d Decoder
	if _, ok := d.Decode(whole); !ok {
		t.Fatal("a whole file is not read")
	}
	for n := range len(whole) {
		if _, ok := d.Decode(whole[:n]); ok {
			t.Fatalf("read although it is cut after %d of %d bytes", n, len(whole))
		}
	}
	colour := image.NewYCbCr(image.Rect(0, 0, 16, 16), image.YCbCrSubsampleRatio444)
	if _, ok := d.Decode(encoded(t, colour, 90)); ok {
		t.Error("a file with colours was read")
	}
	if _, ok := d.Decode(append(whole[:len(whole)-2:len(whole)-2], 0, 0xff, endOfImage)); ok {
		t.Error("a file with a byte too many was read")
	}
}

// Whatever is read is what image/jpeg reads.
func FuzzDecode(f *testing.F) {
	for _, img := range pictures()[:8] {
		f.Add(encoded(f, img, 95))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		var d Decoder
		if img, ok := d.Decode(file); ok {
			samePixels(t, img, file)
		}
	})
}

func BenchmarkCodec(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	img := image.NewGray(image.Rect(0, 0, 512, 600))
	for i := range img.Pix {
		img.Pix[i] = uint8(128 + 6*r.NormFloat64())
	}
	file := encoded(b, img, 95)
	e, err := NewEncoder(95)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("Encode", func(b *testing.B) {
		var dst []byte
		for b.Loop() {
			dst = e.Append(dst[:0], img)
		}
	})
	b.Run("image/jpeg.Encode", func(b *testing.B) {
		var dst bytes.Buffer
		for b.Loop() {
			dst.Reset()
			_ = jpeg.Encode(&dst, img, &jpeg.Options{Quality: 95})
		}
	})
	b.Run("Decode", func(b *testing.B) {
		var d Decoder
		for b.Loop() {
			d.Decode(file)
		}
	})
	b.Run("image/jpeg.Decode", func(b *testing.B) {
		for b.Loop() {
			_, _ = jpeg.Decode(bytes.NewReader(file))
		}
	})
}
