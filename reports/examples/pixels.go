package examples

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"

	"golang.org/x/image/draw"
)

// Scaled is an image whose longest side is at most so many pixels: smaller ones stay as they are.
func Scaled(from image.Image, longest int) image.Image {
	size := from.Bounds().Size()
	most := max(size.X, size.Y)
	if most <= longest {
		return from
	}
	to := image.Rect(0, 0, max(1, size.X*longest/most), max(1, size.Y*longest/most))
	var small draw.Image = image.NewRGBA(to)
	if _, gray := from.(*image.Gray); gray {
		small = image.NewGray(to)
	}
	draw.CatmullRom.Scale(small, small.Bounds(), from, from.Bounds(), draw.Src, nil)
	return small
}

// JPEG encodes an image for a page, its longest side at most so many pixels.
func JPEG(from image.Image, longest, quality int) ([]byte, error) {
	var out bytes.Buffer
	if err := jpeg.Encode(&out, Scaled(from, longest), &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("encode image: %w", err)
	}
	return out.Bytes(), nil
}
