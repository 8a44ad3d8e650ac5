package dataset

import (
	"context"
	"fmt"

	"harness/model/dataset/radiograph"
)

// Pixels are the images of a Set as squares of gray bytes, row i being Images[i]; see radiograph.Pixels.
type Pixels = radiograph.Pixels

// OpenPixels maps the cache of the set's images at size by size pixels, building it in cacheDir if it is not there (radiograph.Open). Each
// axis is resized by itself: area mean when shrinking, bilinear when enlarging. Images that cannot be decoded are in
// Pixels.Failed; Without leaves them out.
func (s *Set) OpenPixels(ctx context.Context, size int, cacheDir string, progress func(done, total int)) (*Pixels, error) {
	if len(s.Images) == 0 {
		return nil, fmt.Errorf("data set %s has no usable image", s.Root)
	}
	return radiograph.Open(ctx, s.imageFiles(), size, cacheDir, progress)
}

// PixelsCached reports whether the cache that OpenPixels maps is there.
func (s *Set) PixelsCached(size int, cacheDir string) (bool, error) {
	return radiograph.Cached(s.imageFiles(), size, cacheDir)
}

func (s *Set) imageFiles() []radiograph.File {
	files := make([]radiograph.File, len(s.Images))
	for i := range s.Images {
		files[i] = radiograph.File{Path: s.Images[i].Path, Info: s.Images[i].file}
	}
	return files
}
