package radiograph

import (
	"image"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestResizeByHand(t *testing.T) {
	gray := func(w, h int, pix ...byte) *image.Gray {
		return &image.Gray{Pix: pix, Stride: w, Rect: image.Rect(0, 0, w, h)}
	}
	for _, c := range []struct {
		name string
		in   *image.Gray
		size int
		want []byte
	}{
		{"same", gray(2, 2, 1, 2, 3, 4), 2, []byte{1, 2, 3, 4}},
		{"mean of four", gray(2, 2, 10, 20, 30, 41), 1, []byte{25}},
		{"three to two", gray(3, 1, 0, 90, 240), 2, []byte{30, 190, 30, 190}},
		{"shrink one axis, grow the other", gray(4, 1, 0, 100, 200, 100), 2, []byte{50, 150, 50, 150}},
		{"grow", gray(2, 1, 0, 100), 4, []byte{0, 25, 75, 100, 0, 25, 75, 100, 0, 25, 75, 100, 0, 25, 75, 100}},
		{"one pixel", gray(1, 1, 77), 3, []byte{77, 77, 77, 77, 77, 77, 77, 77, 77}},
	} {
		got := make([]byte, c.size*c.size)
		newResizer(c.size).resize(got, c.in)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestResizeAgainstIntegral compares shrinking with the mean of the image as a function of two continuous variables.
func TestResizeAgainstIntegral(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const w, h, size = 37, 53, 16
	img := image.NewGray(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = byte(rng.IntN(256))
	}
	got := make([]byte, size*size)
	newResizer(size).resize(got, img)
	overlap := func(o, i, in int) float64 {
		scale := float64(in) / size
		return max(0, min(float64(o+1)*scale, float64(i+1))-max(float64(o)*scale, float64(i))) / scale
	}
	for oy := range size {
		for ox := range size {
			var want float64
			for y := range h {
				for x := range w {
					want += overlap(oy, y, h) * overlap(ox, x, w) * float64(img.GrayAt(x, y).Y)
				}
			}
			if v := float64(got[oy*size+ox]); math.Abs(v-want) > 0.51 {
				t.Fatalf("pixel %d,%d = %v, want %.2f", ox, oy, v, want)
			}
		}
	}
}

func BenchmarkReadAndResize(b *testing.B) {
	for _, side := range []int{512, 2800} {
		path := filepath.Join(b.TempDir(), "x.jpg")
		if err := os.WriteFile(path, []byte(grayJPEG(side, side)), 0o666); err != nil {
			b.Fatal(err)
		}
		b.Run(map[int]string{512: "512to448", 2800: "2800to448"}[side], func(b *testing.B) {
			r, dst := newResizer(448), make([]byte, 448*448)
			for b.Loop() {
				img, err := Read(path)
				if err != nil {
					b.Fatal(err)
				}
				r.resize(dst, img)
			}
		})
	}
}
