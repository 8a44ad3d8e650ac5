package reports

import (
	"context"

	"harness/registry"
	"harness/sweeps"
)

// ReadSystem reads how much of a resource the trials used, over the seconds since they started: of each, the run whose numbers count.
func (c *Curves) ReadSystem(ctx context.Context, m registry.SystemMetric) (Curve, error) {
	curve := Curve{Metric: m.Name, Unit: m.Unit, Seconds: true}
	for _, r := range c.rows {
		var seeds [][]segment
		for _, id := range r.Trials {
			samples, err := c.db.SystemCurve(ctx, id, m)
			if err != nil {
				return curve, err
			}
			if segments := secondsOf(samples); len(segments) > 0 {
				seeds = append(seeds, segments)
			}
		}
		if len(seeds) > 0 {
			curve.Lines = append(curve.Lines, lineOf(r.Name, seeds))
		}
	}
	return curve, nil
}

// SystemOf reads how much of a resource the trials of a plan used, whatever else they recorded.
func SystemOf(ctx context.Context, db *registry.DB, plan *sweeps.Plan, m registry.SystemMetric) (Curve, error) {
	b := &builder{plan: plan}
	b.collect()
	c := &Curves{db: db, rows: b.rows}
	return c.ReadSystem(ctx, m)
}

// secondsOf puts samples at the whole seconds at which they end. Of those within a second the last counts.
func secondsOf(samples []registry.Sample) []segment {
	var list []segment
	for _, s := range samples {
		at := int64(s.To)
		one := segment{at, registry.Bucket{N: 1, First: at, Last: at, Mean: s.Mean, Min: s.Mean, Max: s.Max}}
		if n := len(list); n > 0 && list[n-1].at == at {
			list = list[:n-1]
		}
		list = append(list, one)
	}
	return list
}
