package eta

import (
	"testing"
	"time"
)

func TestRough(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                  "1s",
		850 * time.Millisecond:             "1s",
		4240 * time.Millisecond:            "4s",
		58 * time.Second:                   "1m",
		43 * time.Second:                   "45s",
		83 * time.Second:                   "1m20s",
		597 * time.Second:                  "10m",
		43*time.Minute + 40*time.Second:    "44m",
		59*time.Minute + 50*time.Second:    "1h",
		2*time.Hour + 5*time.Minute + 1e10: "2h10m",
		9*time.Hour + 58*time.Minute:       "10h",
		49 * time.Hour:                     "49h",
		100 * time.Hour:                    "4d",
	} {
		if got := Rough(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct {
		e    Estimate
		want string
	}{
		{Estimate{}, ""},
		{Estimate{Left: time.Hour}, ""},
		{Estimate{Known: true, Left: 41 * time.Minute, Low: 29 * time.Minute, High: 56 * time.Minute}, "eta ~41m (29m–56m)"},
		{Estimate{Known: true, Left: time.Second, Low: time.Second, High: time.Second}, "eta ~1s"},
	} {
		if got := c.e.String(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.e, got, c.want)
		}
	}
}
