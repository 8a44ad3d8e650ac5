package xla

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"harness/model/engine"
)

// Accumulate computes the loss and adds its gradients to those that wait for Apply, in one executable; the sums stay on
// the device.
func (s *session) Accumulate(key string, build engine.Program, in engine.Inputs) (loss float64, extra []engine.Tensor, err error) {
	defer func() {
		if err != nil {
			s.discard()
		}
	}()
	defer recovered(&err, "accumulate "+key)
	p := s.prepare(ForAccumulate, key, build, in)
	outputs, err := s.execute(p, in, nil, false)
	if err != nil {
		return 0, nil, fmt.Errorf("accumulate %s: %w", key, err)
	}
	head, sums := outputs[:1+p.extra], outputs[1+p.extra:]
	defer free(head...)
	for i, param := range s.trained() {
		param.sum = sums[i]
	}
	if loss, err = downloadScalar(head[0]); err != nil {
		return 0, nil, fmt.Errorf("accumulate %s: %w", key, err)
	}
	if !finite(loss) {
		return loss, nil, fmt.Errorf("accumulate %s: loss %v", key, loss)
	}
	if extra, err = downloadAll(head[1:]); err != nil {
		return 0, nil, fmt.Errorf("accumulate %s: %w", key, err)
	}
	s.waiting++
	return loss, extra, nil
}

// Apply clips the sum of the waiting gradients and moves the parameters, in one executable. A norm that is not finite is
// found on the device, which then returns the old values.
func (s *session) Apply(lr float64, opt engine.AdamW) (norm float64, err error) {
	defer s.discard()
	defer recovered(&err, "apply")
	if s.waiting == 0 {
		return 0, fmt.Errorf("apply: no gradients wait for it")
	}
	if err := s.makeMoments(); err != nil {
		return 0, fmt.Errorf("apply: %w", err)
	}
	outputs, err := s.execute(s.prepare(ForApply, "optimiser", nil, nil), nil, hyper(s.steps+1, lr, opt), true)
	if err != nil {
		return 0, fmt.Errorf("apply: %w", err)
	}
	defer free(outputs[0])
	s.take(outputs[1:])
	var found [1]float64
	if err = s.outcome(outputs[0], found[:]); err != nil {
		return 0, fmt.Errorf("apply: %w", err)
	}
	norm = found[0]
	if !finite(norm) {
		return norm, fmt.Errorf("apply: gradient norm %v", norm)
	}
	s.steps++
	return norm, nil
}

// betweenSteps refuses what must not happen while gradients wait.
func (s *session) betweenSteps(what string) error {
	if s.waiting > 0 {
		return fmt.Errorf("%s: gradients of %d programs wait for Apply", what, s.waiting)
	}
	return nil
}

// discard drops the waiting gradients.
func (s *session) discard() {
	for _, p := range s.params {
		free(p.sum)
		p.sum = nil
	}
	s.waiting = 0
}

// sum is the buffer to which the next gradients of a parameter are added. The sum so far is given away with the call; the
// zeros before the first are kept, one buffer for all parameters of a shape.
func (s *session) sum(p *param) (buffer compute.Buffer, donate bool, err error) {
	if p.sum != nil {
		return p.sum, true, nil
	}
	shape := fmt.Sprint(p.shape)
	if s.zeros[shape] == nil {
		if s.zeros[shape], err = s.upload(engine.Floats(make([]float32, engine.Size(p.shape)), p.shape...)); err != nil {
			return nil, false, err
		}
	}
	return s.zeros[shape], false, nil
}

// sums adds gradients to what waits of each trained parameter; without gradients they are what waits.
func (t *tracer) sums(grads []*graph.Node) []*graph.Node {
	var sums []*graph.Node
	for i, p := range t.s.trained() {
		sum := t.feed(feedSum, p.name, dtypes.Float32, p.shape...)
		if grads != nil {
			sum = graph.Add(sum, grads[i])
			t.program.replaced = append(t.program.replaced, feed{feedSum, p.name})
		}
		sums = append(sums, sum)
	}
	return sums
}

// applying traces the optimiser over the waiting gradients. Outputs: the norm, and value, m and v of each trained parameter.
func (t *tracer) applying() []*graph.Node {
	params, grads := t.trained(), t.sums(nil)
	norm := globalNorm(grads)
	return append([]*graph.Node{norm}, t.update(params, grads, norm, graph.IsFinite(norm))...)
}
