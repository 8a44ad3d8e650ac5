package examples

import (
	"bytes"
	"image"
	"image/jpeg"
	"testing"
)

func TestScaled(t *testing.T) {
	for size, want := range map[image.Point]image.Point{{X: 300, Y: 200}: {X: 300, Y: 200}, {X: 2048, Y: 1024}: {X: 512, Y: 256}, {X: 9000, Y: 3}: {X: 512, Y: 1}} {
		if got := Scaled(image.NewGray(image.Rectangle{Max: size}), 512).Bounds().Size(); got != want {
			t.Errorf("%v became %v, want %v", size, got, want)
		}
	}
}

func TestJPEG(t *testing.T) {
	data, err := JPEG(image.NewGray(image.Rect(0, 0, 640, 320)), 128, 60)
	if err != nil {
		t.Fatal(err)
	}
	config, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil || config.Width != 128 || config.Height != 64 {
		t.Errorf("%v, %v", config, err)
	}
}
