package corpus

import (
	"harness/model/dataset"
	"harness/model/engine"
)

// Patches are the given images cut into patches, row by row, at x/127.5 - 1 (FACTS 6 #16): [I, n, channels·patch²].
func (c *Corpus) Patches(images []int) engine.Tensor {
	return c.cut(len(images), func(i int) func(dst []float32, at int) {
		pixels := c.pixels.Row(images[i])
		return func(dst []float32, at int) {
			for x, v := range pixels[at:][:len(dst)] {
				dst[x] = brightness[v]
			}
		}
	})
}

// brightness is what each gray byte becomes: a division for each pixel would be a twentieth of a small model's training.
var brightness = func() (of [256]float32) {
	for v := range of {
		of[v] = float32(v)/127.5 - 1
	}
	return of
}()

// Residuals are the main images of pairs minus their references, cut as Patches cuts images, at (main - reference)/255: the sign
// is kept, no change is 0, and values lie between -1 and 1 as those of Patches do. [B, n, channels·patch²].
func (c *Corpus) Residuals(pairs []dataset.Pair) engine.Tensor {
	return c.cut(len(pairs), func(i int) func(dst []float32, at int) {
		main, ref := c.pixels.Row(pairs[i].Main), c.pixels.Row(pairs[i].Ref)
		return func(dst []float32, at int) {
			for x := range dst {
				dst[x] = (float32(main[at+x]) - float32(ref[at+x])) / 255
			}
		}
	})
}

// cut makes the patches of count squares; of(i) writes pixels of square i, from the one counted at over all rows.
func (c *Corpus) cut(count int, of func(i int) func(dst []float32, at int)) engine.Tensor {
	grid := c.side / c.patch
	n, area := grid*grid, c.patch*c.patch
	size := c.channels * area
	if c.pixels == nil {
		return engine.Tensor{Shape: []int{count, n, size}}
	}
	data := make([]float32, count*n*size)
	for i := range count {
		cutPatches(data[i*n*size:][:n*size], of(i), c.side, c.patch, c.channels)
	}
	return engine.Floats(data, count, n, size)
}

func cutPatches(dst []float32, write func(dst []float32, at int), side, patch, channels int) {
	area := patch * patch
	for py := 0; py < side; py += patch {
		for px := 0; px < side; px += patch {
			one := dst[:area]
			for y := range patch {
				write(one[y*patch:][:patch], (py+y)*side+px)
			}
			for k := 1; k < channels; k++ {
				copy(dst[k*area:], one)
			}
			dst = dst[channels*area:]
		}
	}
}

// Cells are the pixels of an image averaged over square cells, row by row, at x/127.5 - 1: [cells²], or [side²] where the image has fewer
// pixels on a side. Cell i of a side covers the pixels from ⌊i·side/cells⌋ to before ⌊(i+1)·side/cells⌋.
func (c *Corpus) Cells(image, cells int) []float32 {
	return averaged(c.pixels.Row(image), c.side, cells)
}

func averaged(pixels []byte, side, cells int) []float32 {
	cells = min(cells, side)
	edge := func(i int) int { return i * side / cells }
	data := make([]float32, 0, cells*cells)
	for i := range cells {
		for j := range cells {
			sum, top, bottom, left, right := 0, edge(i), edge(i+1), edge(j), edge(j+1)
			for y := top; y < bottom; y++ {
				for _, v := range pixels[y*side+left : y*side+right] {
					sum += int(v)
				}
			}
			data = append(data, float32(float64(sum)/127.5/float64((bottom-top)*(right-left))-1))
		}
	}
	return data
}
