package dataset

import (
	"context"
	"errors"
	"image"
	"math"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func openSet(t testing.TB, dir string) *Set {
	t.Helper()
	s, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

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

func TestPixels(t *testing.T) {
	r := newTestRoot()
	r.files[jpgPath(1, 1)] = colourJPEG(31, 44)
	whole := grayJPEG(40, 30)
	r.files[jpgPath(3, 2)] = whole[:len(whole)*2/3]
	s := openSet(t, r.write(t))
	cache := t.TempDir()
	calls := 0
	p, err := s.OpenPixels(t.Context(), 16, cache, func(done, total int) {
		if calls++; done != calls || total != 6 {
			t.Errorf("progress(%d, %d) at call %d", done, total, calls)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if calls != 6 || p.N != 6 || p.Size != 16 {
		t.Errorf("calls %d, N %d, Size %d", calls, p.N, p.Size)
	}
	if !slices.Equal(p.Failed(), []int{5}) {
		t.Errorf("Failed() = %v, want [5]", p.Failed())
	}
	img, err := readGray(s.Images[1].Path)
	if err != nil {
		t.Fatal(err)
	}
	want := make([]byte, 16*16)
	newResizer(16).resize(want, img)
	if !slices.Equal(p.Row(1), want) {
		t.Error("row 1 is not the resized image 1")
	}
	if slices.Max(p.Row(5)) != 0 {
		t.Error("the row of the truncated image is not zero")
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := s.OpenPixels(t.Context(), 16, cache, func(int, int) { t.Error("the cache was built again") })
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if !slices.Equal(again.Row(1), want) {
		t.Error("the mapped row differs from the built one")
	}
	files, _ := filepath.Glob(filepath.Join(cache, "*.u8"))
	if len(files) != 1 {
		t.Errorf("cache files: %v", files)
	}
}

func TestPixelsRebuild(t *testing.T) {
	dir := newTestRoot().write(t)
	cache := t.TempDir()
	s := openSet(t, dir)
	build := func(s *Set) (built bool) {
		t.Helper()
		p, err := s.OpenPixels(t.Context(), 8, cache, func(int, int) { built = true })
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		return built
	}
	if !build(s) || build(s) {
		t.Fatal("want one build, then none")
	}
	file, _ := filepath.Glob(filepath.Join(cache, "*.u8"))
	if err := os.Truncate(file[0], 10); err != nil {
		t.Fatal(err)
	}
	if !build(s) {
		t.Error("a truncated cache was used")
	}
	if err := os.WriteFile(filepath.Join(dir, jpgPath(1, 1)), []byte(grayJPEG(41, 30)), 0o666); err != nil {
		t.Fatal(err)
	}
	if !build(openSet(t, dir)) {
		t.Error("the cache of a changed image was used")
	}
}

func TestPixelsCancel(t *testing.T) {
	s := openSet(t, newTestRoot().write(t))
	cache := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := s.OpenPixels(ctx, 8, cache, func(int, int) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	left, _ := filepath.Glob(filepath.Join(cache, "*.part"))
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestWithout(t *testing.T) {
	r := newTestRoot()
	r.addImage(1, 3, "PA", "train")
	second := dicom(1, 9) // another frontal image of study(1, 2)
	r.metadata = append(r.metadata, second+","+subject(1)+","+study(1, 2)+",CHEST,PA,30,40,21120101,,,,")
	r.files[jpgPath(1, 2)[:len(jpgPath(1, 2))-len(dicom(1, 2)+".jpg")]+second+".jpg"] = grayJPEG(20, 20)
	s := openSet(t, r.write(t))
	if len(s.Images) != 8 || s.Images[7].ID != second {
		t.Fatalf("%d images, last %s", len(s.Images), s.Images[len(s.Images)-1].ID)
	}
	out := s.Without([]int{1, 4}) // the main image of pair 0, which has a substitute; the reference of pair 2, which has none
	if len(out.Images) != 8 || out.Images[1].Split != None || out.Images[1].Regions != nil || s.Images[1].Regions == nil {
		t.Error("images were not blanked in the copy alone")
	}
	if len(out.Pairs) != 2 || out.Pairs[0].Main != 7 || out.Pairs[1].Ref != 2 {
		t.Errorf("pairs = %+v", out.Pairs)
	}
	if len(out.Questions) != 3 || out.Questions[2].Ref != -1 {
		t.Errorf("questions = %+v", out.Questions)
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
				img, err := readGray(path)
				if err != nil {
					b.Fatal(err)
				}
				r.resize(dst, img)
			}
		})
	}
}

// TestPixelsTogether opens one cache from several places at once: it is built once.
func TestPixelsTogether(t *testing.T) {
	s := openSet(t, newTestRoot().write(t))
	cache := t.TempDir()
	var built atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			p, err := s.OpenPixels(t.Context(), 32, cache, func(int, int) { built.Add(1) })
			if err != nil {
				t.Error(err)
				return
			}
			defer p.Close()
			if p.N != 6 || slices.Max(p.Row(5)) == 0 {
				t.Error("a mapped cache is not whole")
			}
		})
	}
	wg.Wait()
	if built.Load() != 6 {
		t.Errorf("%d images were decoded, want each of the 6 once", built.Load())
	}
}

// TestPixelsDisk covers disks that do not take the cache: one line, and nothing left behind.
func TestPixelsDisk(t *testing.T) {
	s := openSet(t, newTestRoot().write(t))
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := s.OpenPixels(t.Context(), 8, file, nil); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("cache folder that is a file: %v", err)
	}
	// A limit on the size of files stands in for a full disk: the write fails in the same place.
	cache := t.TempDir()
	signal.Ignore(unix.SIGXFSZ)
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
		t.Skip(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 2000, Max: old.Max}); err != nil {
		t.Skip(err)
	}
	_, err := s.OpenPixels(t.Context(), 32, cache, nil)
	if e := unix.Setrlimit(unix.RLIMIT_FSIZE, &old); e != nil {
		t.Fatal(e)
	}
	if err == nil || !strings.Contains(err.Error(), "build pixel cache") || strings.Contains(err.Error(), "\n") {
		t.Errorf("full disk: %v", err)
	}
	left, _ := filepath.Glob(filepath.Join(cache, "*.part"))
	done, _ := filepath.Glob(filepath.Join(cache, "*.u8"))
	if len(left)+len(done) > 0 {
		t.Errorf("left behind: %v %v", left, done)
	}
	if p, err := s.OpenPixels(t.Context(), 32, cache, nil); err != nil {
		t.Errorf("after the disk has room again: %v", err)
	} else {
		p.Close()
	}
}

// TestTruncated cuts an image anywhere behind its header; no cut passes as whole.
func TestTruncated(t *testing.T) {
	whole := grayJPEG(40, 30)
	if _, err := decodeImage(strings.NewReader(whole)); err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) {
		if _, err := decodeImage(strings.NewReader(whole[:n])); err == nil {
			t.Errorf("the first %d of %d bytes pass as an image", n, len(whole))
		}
	}
}
