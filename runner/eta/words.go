package eta

import (
	"fmt"
	"math"
	"time"
)

// Rough is a duration as exact as an estimate is: 5s, 45s, 2m30s, 43m, 3h20m, 27h, 5d.
func Rough(d time.Duration) string {
	round := func(unit time.Duration) time.Duration { return d.Round(unit) }
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%ds", max(1, int(round(time.Second).Seconds())))
	case round(5*time.Second) < time.Minute:
		return fmt.Sprintf("%ds", int(round(5*time.Second).Seconds()))
	case round(10*time.Second) < 10*time.Minute:
		d := round(10 * time.Second)
		if s := int(d.Seconds()) % 60; s != 0 {
			return fmt.Sprintf("%dm%02ds", int(d.Minutes()), s)
		}
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case round(time.Minute) < time.Hour:
		return fmt.Sprintf("%dm", int(round(time.Minute).Minutes()))
	case round(10*time.Minute) < 10*time.Hour:
		d := round(10 * time.Minute)
		if m := int(d.Minutes()) % 60; m != 0 {
			return fmt.Sprintf("%dh%02dm", int(d.Hours()), m)
		}
		return fmt.Sprintf("%dh", int(d.Hours()))
	case d < 72*time.Hour:
		return fmt.Sprintf("%dh", int(round(time.Hour).Hours()))
	}
	return fmt.Sprintf("%dd", int(math.Round(d.Hours()/24)))
}

// String is the estimate in words, with its range: "eta ~40m (30m–55m)"; nothing where nothing is known.
func (e Estimate) String() string {
	if !e.Known {
		return ""
	}
	text := "eta ~" + Rough(e.Left)
	if low, high := Rough(e.Low), Rough(e.High); low != high {
		text += " (" + low + "–" + high + ")"
	}
	return text
}
