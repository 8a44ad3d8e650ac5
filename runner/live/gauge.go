package live

import (
	"context"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"harness/registry"
	"harness/registry/journal"
)

const (
	readEvery = 2 * time.Second // how old a Gauge may be
	readShare = 50              // and reading takes no more than so small a part of the time
	samples   = 48              // of a curve
)

// Gauges reads what trials use and measure. What it has read it keeps for a while.
type Gauges struct {
	db      *registry.DB
	metrics []string
	kept    map[string]Gauge
	next    time.Time
}

// NewGauges reads from a registry. Of the metrics, the first of which a trial has points is its main one; of none, its training loss is.
func NewGauges(db *registry.DB, metrics []string) *Gauges {
	return &Gauges{db: db, metrics: metrics, kept: map[string]Gauge{}}
}

// Fill sets the gauges of trials, by their IDs and attempts. What cannot be read is absent.
func (g *Gauges) Fill(ctx context.Context, trials []Row, now time.Time) {
	if !now.Before(g.next) {
		began := time.Now()
		g.read(ctx, trials)
		g.next = now.Add(max(readEvery, readShare*time.Since(began)))
	}
	for i, t := range trials {
		trials[i].Gauge = None
		if kept, has := g.kept[t.ID]; has {
			trials[i].Gauge = kept
		}
	}
}

// read reads the gauges of trials anew.
func (g *Gauges) read(ctx context.Context, trials []Row) {
	g.kept = make(map[string]Gauge, len(trials))
	ids := make([]string, len(trials))
	for i, t := range trials {
		ids[i] = t.ID
	}
	summaries, err := g.db.Summary(ctx, ids)
	if err != nil {
		summaries = nil
	}
	for _, t := range trials {
		k := None
		k.use(g.db, t)
		if metric := g.main(summaries[t.ID], t.Stage); metric != "" {
			k.Metric, k.Value = metric, summaries[t.ID][metric].Last
			points, err := g.db.Sampled(ctx, t.ID, metric, samples)
			for _, p := range points {
				if err == nil {
					k.Curve = append(k.Curve, p.Value)
				}
			}
		}
		g.kept[t.ID] = k
	}
}

// main chooses the main metric of those that a trial has recorded.
func (g *Gauges) main(recorded map[string]registry.Summary, stage string) string {
	wanted := slices.Concat(g.metrics, []string{stage + "/loss", "train/loss", "train_loss", "loss"})
	for _, name := range wanted {
		if recorded[name].N > 0 {
			return name
		}
	}
	for _, name := range slices.Sorted(maps.Keys(recorded)) {
		if strings.HasSuffix(name, "/loss") || strings.HasSuffix(name, "_loss") {
			return name
		}
	}
	return ""
}

// use reads what a trial used when it was measured last.
func (k *Gauge) use(db *registry.DB, t Row) {
	u, some, err := journal.LastUsage(db.AttemptDir(t.ID, t.Attempt))
	if err != nil || !some {
		return
	}
	r := journal.Resources{Usage: []journal.Usage{u}}
	of := func(name string) float64 {
		m, _ := registry.LookupSystem(name)
		if curve := m.Curve(r); len(curve) > 0 {
			return curve[0].Mean
		}
		return math.NaN()
	}
	k.Cores, k.Busy, k.Memory = of("system/cpu"), of("system/gpu"), of("system/gpu/memory")*(1<<30)
}
