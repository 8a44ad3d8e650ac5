package corpus

import "harness/model/engine"

// Patches are the given images cut into patches, row by row, at x/127.5 - 1 (FACTS 6 #16): [I, n, channels·patch²].
func (c *Corpus) Patches(images []int) engine.Tensor {
	grid := c.side / c.patch
	n, area := grid*grid, c.patch*c.patch
	size := c.channels * area
	data := make([]float32, len(images)*n*size)
	for i, image := range images {
		cutPatches(data[i*n*size:][:n*size], c.pixels.Row(image), c.side, c.patch, c.channels)
	}
	return engine.Floats(data, len(images), n, size)
}

func cutPatches(dst []float32, pixels []byte, side, patch, channels int) {
	area := patch * patch
	for py := 0; py < side; py += patch {
		for px := 0; px < side; px += patch {
			one := dst[:area]
			for y := range patch {
				for x, v := range pixels[(py+y)*side+px:][:patch] {
					one[y*patch+x] = float32(v)/127.5 - 1
				}
			}
			for k := 1; k < channels; k++ {
				copy(dst[k*area:], one)
			}
			dst = dst[channels*area:]
		}
	}
}
