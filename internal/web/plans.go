package web

import (
	"context"
	"slices"
	"sync"
	"time"

	"harness/internal/view"
	"harness/registry"
	"harness/sweeps"
)

// mostPlans are kept decoded: that of 10,000 trials takes longer to read than its table.
const mostPlans = 4

// plans keeps decoded plans until a sweep is planned anew. They are shared: nobody changes them.
type plans struct {
	mu   sync.Mutex
	list []keptPlan // the one that was asked for last first
}

type keptPlan struct {
	handle  string
	planned time.Time
	plan    *sweeps.Plan
}

// plan reads the plan that is stored under a handle. The error is registry.ErrNoSweep where there is none.
func (s *Server) plan(ctx context.Context, db *registry.DB, handle string) (*sweeps.Plan, error) {
	planned, err := db.PlannedAt(ctx, handle)
	if err != nil {
		return nil, err
	}
	p := &s.plans
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.IndexFunc(p.list, func(k keptPlan) bool { return k.handle == handle && k.planned.Equal(planned) }); i >= 0 {
		kept := p.list[i]
		p.list = append([]keptPlan{kept}, slices.Delete(slices.Clone(p.list), i, i+1)...)
		return kept.plan, nil
	}
	plan, err := view.Plan(ctx, db, handle)
	if err != nil {
		return nil, err
	}
	p.list = slices.DeleteFunc(p.list, func(k keptPlan) bool { return k.handle == handle })
	p.list = append([]keptPlan{{handle, planned, plan}}, p.list[:min(len(p.list), mostPlans-1)]...)
	return plan, nil
}
