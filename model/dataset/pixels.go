package dataset

import (
	"context"
	"fmt"

	"harness/model/dataset/film"
)

// Pixels are the images of a Set as squares of gray bytes, row i being Images[i]; see film.Pixels.
type Pixels = film.Pixels

// OpenPixels maps the cache of the set's images at size by size pixels, building it in cacheDir if it is not there (film.Open). Each
// axis is resized by itself: area mean when shrinking, bilinear when enlarging. Images that cannot be decoded are in
// Pixels.Failed; Without leaves them out.
func (s *Set) OpenPixels(ctx context.Context, size int, cacheDir string, progress func(done, total int)) (*Pixels, error) {
	if len(s.Images) == 0 {
		return nil, fmt.Errorf("data set %s has no usable image", s.Root)
	}
	files := make([]film.File, len(s.Images))
	for i := range s.Images {
		files[i] = film.File{Path: s.Images[i].Path, Info: s.Images[i].file}
	}
	return film.Open(ctx, files, size, cacheDir, progress)
}
