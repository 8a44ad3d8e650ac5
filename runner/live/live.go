// Package live shows how running trials stand: as values, and as lines that fit a terminal.
//
//	Row     a running trial: where it is, what it uses, its main metric
//	Gauges  reads of many trials what they use and what they measure, and never for long (gauge.go)
//	Lines   a line a trial, columns aligned, the least important ones left out where there is no room (lines.go)
//	Spark   a curve in one line of text (spark.go)
//	Paint   colours, where they are wanted (paint.go)
//
// It only reads: it may look at a sweep that any process runs.
package live

import (
	"fmt"
	"math"
	"time"

	"harness/runner/eta"
)

// Row is how a running trial stands.
type Row struct {
	ID      string
	Label   string
	Attempt int

	Stage       string
	Step, Total int     // of the stage; 0 = not known
	Loss        float64 // NaN = none
	Elapsed     time.Duration
	Left        *eta.Left // nil = not known
	Gauge
}

// Gauge is what a trial uses and measures.
type Gauge struct {
	Cores  float64 // that its processes compute on; NaN = not measured, as the two below
	Busy   float64 // of its GPUs, in percent, the mean over them
	Memory float64 // of its GPUs in use, in bytes

	Metric string    // the main one; "" = nothing was measured yet
	Value  float64   // the last; may be NaN
	Curve  []float64 // up to that, by rising step
}

// None is a trial of which nothing was measured.
var None = Gauge{Cores: math.NaN(), Busy: math.NaN(), Memory: math.NaN(), Value: math.NaN()}

// Duration is a duration with two units at most: 850ms, 4.2s, 3m10s, 2h05m.
func Duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}
