package view

import (
	"testing"

	"harness/registry"
)

func TestSparkline(t *testing.T) {
	for want, samples := range map[string][]registry.Sample{
		"":     {{From: 0, To: 1, Mean: 1}},
		"▁█":   {{From: 0, To: 1, Mean: 0}, {From: 1, To: 2, Mean: 8}},
		"▅█":   {{From: 0, To: 1, Mean: 4}, {From: 1, To: 2, Mean: 8}},
		"▁▁▁":  {{From: 0, To: 1}, {From: 1, To: 2}, {From: 2, To: 3}},
		"█ █":  {{From: 0, To: 1, Mean: 2}, {From: 2, To: 3, Mean: 2}, {From: 2.9, To: 3, Mean: 2}},
		"█▅▅▅": {{From: 0, To: 1, Mean: 4}, {From: 1, To: 4, Mean: 2}, {From: 4, To: 4, Mean: 9}, {From: 4, To: 4, Mean: 9}},
	} {
		if got := sparkline(samples, 32); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := []rune(sparkline(make([]registry.Sample, 100), 32)); len(got) != 32 {
		t.Errorf("%d blocks", len(got))
	}
}
