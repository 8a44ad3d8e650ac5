package radiograph

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// writeImages writes files with these contents and returns them as images to be cached.
func writeImages(t *testing.T, contents ...string) []File {
	t.Helper()
	dir := t.TempDir()
	files := make([]File, len(contents))
	for i, content := range contents {
		files[i].Path = filepath.Join(dir, fmt.Sprintf("%d.jpg", i))
		if err := os.WriteFile(files[i].Path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		files[i].Info, _ = Inspect(files[i].Path, false)
	}
	return files
}

func TestPixels(t *testing.T) {
	whole := grayJPEG(40, 30)
	images := writeImages(t, colourJPEG(31, 44), whole, grayJPEG(9, 70), grayJPEG(70, 9), grayJPEG(16, 16), whole[:len(whole)*2/3])
	cache := t.TempDir()
	calls := 0
	p, err := Open(t.Context(), images, 16, cache, func(done, total int) {
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
	img, err := Read(images[1].Path)
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
	again, err := Open(t.Context(), images, 16, cache, func(int, int) { t.Error("the cache was built again") })
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
	images := writeImages(t, grayJPEG(40, 30), grayJPEG(30, 40))
	cache := t.TempDir()
	build := func() (built bool) {
		t.Helper()
		p, err := Open(t.Context(), images, 8, cache, func(int, int) { built = true })
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		return built
	}
	if !build() || build() {
		t.Fatal("want one build, then none")
	}
	file, _ := filepath.Glob(filepath.Join(cache, "*.u8"))
	if err := os.Truncate(file[0], 10); err != nil {
		t.Fatal(err)
	}
	if !build() {
		t.Error("a truncated cache was used")
	}
	images[0].Info.Modified++
	if !build() {
		t.Error("the cache of a changed image was used")
	}
}

func TestPixelsCancel(t *testing.T) {
	images := writeImages(t, grayJPEG(40, 30), grayJPEG(30, 40), grayJPEG(64, 64))
	cache := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Open(ctx, images, 8, cache, func(int, int) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	left, _ := filepath.Glob(filepath.Join(cache, "*.part"))
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestPixelsTogether opens one cache from several places at once: it is built once.
func TestPixelsTogether(t *testing.T) {
	images := writeImages(t, grayJPEG(40, 30), grayJPEG(30, 40), grayJPEG(64, 64))
	cache := t.TempDir()
	var built atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			p, err := Open(t.Context(), images, 32, cache, func(int, int) { built.Add(1) })
			if err != nil {
				t.Error(err)
				return
			}
			defer p.Close()
			if p.N != 3 || slices.Max(p.Row(2)) == 0 {
				t.Error("a mapped cache is not whole")
			}
		})
	}
	wg.Wait()
	if built.Load() != 3 {
		t.Errorf("%d images were decoded, want each of the 3 once", built.Load())
	}
}

// TestPixelsDisk covers disks that do not take the cache: one line, and nothing left behind.
func TestPixelsDisk(t *testing.T) {
	images := writeImages(t, grayJPEG(40, 30), grayJPEG(30, 40), grayJPEG(64, 64))
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), images, 8, file, nil); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("cache folder that is a file: %v", err)
	}
	// A limit on the size of files stands in for a full disk: the write fails in the same place. It leaves room for the log that the
	// testing package writes meanwhile.
	const side, limit = 256, 64 << 10
	cache := t.TempDir()
	signal.Ignore(unix.SIGXFSZ)
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
		t.Skip(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: limit, Max: old.Max}); err != nil {
		t.Skip(err)
	}
	_, err := Open(t.Context(), images, side, cache, nil)
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
	if p, err := Open(t.Context(), images, side, cache, nil); err != nil {
		t.Errorf("after the disk has room again: %v", err)
	} else {
		p.Close()
	}
}
