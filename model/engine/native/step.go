package native

import (
	"fmt"
	"math"
	"runtime"
	"slices"

	"harness/model/engine"
)

// Gradients computes the loss and the gradient of every parameter that is not frozen, by name, unclipped.
func (s *Session) Gradients(key string, p engine.Program, in engine.Inputs) (float64, map[string]engine.Tensor, error) {
	if err := s.betweenSteps("gradients"); err != nil {
		return 0, nil, err
	}
	loss, _, err := s.differentiate(p, in)
	if err != nil {
		return 0, nil, err
	}
	s.settle()
	grads := map[string]engine.Tensor{}
	for _, p := range s.moving.params {
		grads[p.Name] = engine.Floats(slices.Clone(p.grad), slices.Clone(p.Tensor.Shape)...)
	}
	return loss, grads, nil
}

// Step computes the loss and its gradients, clips them and moves the parameters by AdamW.
func (s *Session) Step(key string, p engine.Program, in engine.Inputs, lr float64, opt engine.AdamW) (engine.StepResult, error) {
	if err := s.betweenSteps("step"); err != nil {
		return engine.StepResult{}, err
	}
	loss, extra, err := s.differentiate(p, in)
	if err != nil {
		return engine.StepResult{}, err
	}
	result := engine.StepResult{Loss: loss, GradNorm: s.norm(), Extra: extra}
	if !finite(loss) || !finite(result.GradNorm) {
		return result, fmt.Errorf("step %d: loss %g, gradient norm %g: nothing was moved", s.steps+1, loss, result.GradNorm)
	}
	s.move(result.GradNorm, lr, opt)
	return result, nil
}

// Accumulate computes the loss and adds its gradients to those that wait for Apply.
func (s *Session) Accumulate(key string, p engine.Program, in engine.Inputs) (float64, []engine.Tensor, error) {
	loss, extra, err := s.differentiate(p, in)
	if err == nil && !finite(loss) {
		err = fmt.Errorf("step %d: loss %g: nothing was moved", s.steps+1, loss)
	}
	if err != nil {
		s.waiting = 0
		return loss, nil, err
	}
	s.waiting++
	return loss, extra, nil
}

// Apply clips the sum of the waiting gradients and moves the parameters by AdamW.
func (s *Session) Apply(lr float64, opt engine.AdamW) (float64, error) {
	if s.waiting == 0 {
		return 0, fmt.Errorf("apply: no gradients wait for it")
	}
	s.waiting = 0
	norm := s.norm()
	if !finite(norm) {
		return norm, fmt.Errorf("step %d: gradient norm %g: nothing was moved", s.steps+1, norm)
	}
	s.move(norm, lr, opt)
	return norm, nil
}

// betweenSteps refuses what must not happen while gradients wait.
func (s *Session) betweenSteps(what string) error {
	if s.waiting > 0 {
		return fmt.Errorf("%s: gradients of %d programs wait for Apply", what, s.waiting)
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// differentiate runs the program and the way back. Its gradients are in the parameters then, added to those that wait; a
// parameter that none has reached holds anything until settle.
func (s *Session) differentiate(p engine.Program, in engine.Inputs) (loss float64, extra []engine.Tensor, err error) {
	if s.waiting == 0 {
		for _, p := range s.moving.params {
			p.reached = false
		}
	}
	err = s.engine.guarded(func() {
		r := s.start(in, true)
		results := p(r)
		if len(results) == 0 {
			refuse("the program has no result: its first must be the loss")
		}
		first := r.of(results[0])
		if first.size() != 1 {
			refuse("the loss has shape %v, not one element", first.shape)
		}
		loss = float64(first.data[0])
		if first.scalar {
			loss = first.exact
		}
		extra = r.toHost(results[1:])
		r.backward(first)
	})
	return loss, extra, err
}

// settle gives parameters that no gradient has reached one of zero.
func (s *Session) settle() {
	for _, p := range s.moving.params {
		if !p.reached {
			clear(p.grad)
		}
	}
}

// norm is that of all gradients together.
func (s *Session) norm() float64 {
	s.settle()
	defer runtime.KeepAlive(s.engine)
	return math.Sqrt(s.engine.device.squares(s.moving.grad))
}

// move is one step of AdamW, by gradients of that norm. Neighbours in the block that decay alike are moved together.
func (s *Session) move(norm, lr float64, opt engine.AdamW) {
	defer runtime.KeepAlive(s.engine)
	clip := 1.0
	if opt.MaxGradNorm > 0 {
		clip = min(1, opt.MaxGradNorm/(norm+1e-6))
	}
	s.steps++
	b := &s.moving
	t := float64(s.steps)
	step, root := lr/(1-math.Pow(opt.Beta1, t)), 1/(1-math.Pow(opt.Beta2, t))
	for i, from := 0, 0; i < len(b.params); {
		to, decays := from, b.params[i].Decay
		for ; i < len(b.params) && b.params[i].Decay == decays; i++ {
			to += roundUp(len(b.params[i].data))
		}
		shrink := 1.0
		if decays {
			shrink -= lr * opt.Decay
		}
		s.engine.device.adamw(b.p[from:to], b.m[from:to], b.v[from:to], b.grad[from:to], clip, opt.Beta1, opt.Beta2, opt.Eps,
			shrink, step, root)
		from = to
	}
	s.packsOutdated()
}
