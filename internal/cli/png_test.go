package cli

import (
	"fmt"
	"hash/fnv"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
)

// pngMain is a command of the scripts: png SIDE FILE... writes square gray images of soft noise, each drawn from its name.
func pngMain() {
	side, err := strconv.Atoi(os.Args[1])
	for _, path := range os.Args[2:] {
		if err == nil {
			err = writeNoise(path, side)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "png:", err)
		os.Exit(1)
	}
}

func writeNoise(path string, side int) error {
	h := fnv.New64a()
	h.Write([]byte(filepath.Base(path)))
	rng := rand.New(rand.NewPCG(h.Sum64(), 1))
	var coarse [8][8]byte
	for i := range coarse {
		for k := range coarse[i] {
			coarse[i][k] = byte(rng.IntN(256))
		}
	}
	picture := image.NewGray(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			picture.SetGray(x, y, color.Gray{Y: coarse[y*8/side][x*8/side]})
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := png.Encode(f, picture); err != nil {
		return err
	}
	return f.Close()
}
