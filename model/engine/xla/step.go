package xla

import (
	"fmt"
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"harness/model/engine"
)

// Run computes the program's results.
func (s *session) Run(key string, build engine.Program, in engine.Inputs) (results []engine.Tensor, err error) {
	defer recovered(&err, "run "+key)
	if s.decoding.err != nil {
		return nil, s.decoding.err
	}
	p := s.prepare(ForRun, key, build, in)
	if err := s.decoding.room(p.states); err != nil {
		return nil, fmt.Errorf("run %s: %w", key, err)
	}
	outputs, err := s.execute(p, in, nil, false)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", key, err)
	}
	s.decoding.store(p.states, outputs[p.extra:])
	defer free(outputs[:p.extra]...)
	return downloadAll(outputs[:p.extra])
}

// Gradients computes the loss and the gradients of all parameters that are not frozen; those that the program does
// not read have gradients of zero.
func (s *session) Gradients(key string, build engine.Program, in engine.Inputs) (loss float64, grads map[string]engine.Tensor, err error) {
	defer recovered(&err, "gradients "+key)
	if err := s.betweenSteps("gradients " + key); err != nil {
		return 0, nil, err
	}
	p := s.prepare(ForGradients, key, build, in)
	outputs, err := s.execute(p, in, nil, false)
	if err != nil {
		return 0, nil, fmt.Errorf("gradients %s: %w", key, err)
	}
	defer free(outputs...)
	if loss, err = downloadScalar(outputs[0]); err != nil {
		return 0, nil, fmt.Errorf("gradients %s: %w", key, err)
	}
	grads = map[string]engine.Tensor{}
	for i, param := range s.trained() {
		if grads[param.name], err = download(outputs[1+i]); err != nil {
			return 0, nil, fmt.Errorf("gradients %s: %s: %w", key, param.name, err)
		}
	}
	return loss, grads, nil
}

// Step computes the loss and moves the parameters, in one executable. What is not finite is found on the device,
// which then returns the old values.
func (s *session) Step(key string, build engine.Program, in engine.Inputs, lr float64, opt engine.AdamW) (result engine.StepResult, err error) {
	defer recovered(&err, "step "+key)
	if err := s.betweenSteps("step " + key); err != nil {
		return result, err
	}
	if err := s.makeMoments(); err != nil {
		return result, fmt.Errorf("step %s: %w", key, err)
	}
	p := s.prepare(ForStep, key, build, in)
	outputs, err := s.execute(p, in, hyper(s.steps+1, lr, opt), true)
	if err != nil {
		return result, fmt.Errorf("step %s: %w", key, err)
	}
	head := outputs[:1+p.extra]
	defer free(head...)
	s.take(outputs[1+p.extra:])
	var both [2]float64
	if err = s.outcome(head[0], both[:]); err != nil {
		return result, fmt.Errorf("step %s: %w", key, err)
	}
	result.Loss, result.GradNorm = both[0], both[1]
	if !finite(result.Loss) || !finite(result.GradNorm) {
		return result, fmt.Errorf("step %s: loss %v, gradient norm %v", key, result.Loss, result.GradNorm)
	}
	s.steps++
	result.Extra, err = downloadAll(head[1:])
	return result, err
}

// outcome copies numbers of a program that was given the parameters. Where the device failed after the program was enqueued, it
// shows here, and the parameters are lost.
func (s *session) outcome(buffer compute.Buffer, numbers []float64) error {
	err := downloadNumbers(buffer, numbers)
	if err != nil {
		s.lose(err)
	}
	return err
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// Positions in the vector of what AdamW needs in one step. Differences such as 1-β₂ are taken in float64, where they
// are exact enough.
const (
	hyperKeep    = iota // 1 - lr·decay
	hyperBeta1          // β₁
	hyperRest1          // 1-β₁
	hyperBeta2          // β₂
	hyperRest2          // 1-β₂
	hyperLR             // lr / (1-β₁ᵗ)
	hyperCorrect        // 1 / sqrt(1-β₂ᵗ)
	hyperEps
	hyperClip
	hyperCount
)

// hyper is that vector for step t = 1, 2, …
func hyper(t int, lr float64, opt engine.AdamW) []float32 {
	clip := opt.MaxGradNorm
	if clip == 0 {
		clip = math.MaxFloat32
	}
	return []float32{
		hyperKeep:    float32(1 - lr*opt.Decay),
		hyperBeta1:   float32(opt.Beta1),
		hyperRest1:   float32(1 - opt.Beta1),
		hyperBeta2:   float32(opt.Beta2),
		hyperRest2:   float32(1 - opt.Beta2),
		hyperLR:      float32(lr / (1 - math.Pow(opt.Beta1, float64(t)))),
		hyperCorrect: float32(1 / math.Sqrt(1-math.Pow(opt.Beta2, float64(t)))),
		hyperEps:     float32(opt.Eps),
		hyperClip:    float32(clip),
	}
}

// take puts what [tracer.update] returned in the place of the values and moments, which were given away.
func (s *session) take(moved []compute.Buffer) {
	for i, p := range s.trained() {
		p.value, p.m, p.v = moved[3*i], moved[3*i+1], moved[3*i+2]
	}
}

// training traces the program with its gradients and, for a step, the optimiser. Outputs: the loss; for gradients
// those of the trained parameters; for a step the loss and the norm as one, since each copy to the host takes half a millisecond, the
// program's other results, and value, m and v of each; to
// accumulate the program's other results, and the sums of the gradients.
func (t *tracer) training(build engine.Program) []*graph.Node {
	params := t.trained()
	results := t.results(build(t))
	if len(results) == 0 || !results[0].IsScalar() {
		refuse("the first result is not a scalar loss")
	}
	loss, extra := results[0], results[1:]
	t.program.extra = len(extra)
	grads := graph.Gradient(loss, params...)
	outputs := []*graph.Node{double(loss)}
	switch t.purpose {
	case ForGradients:
		return append(outputs, grads...)
	case ForAccumulate:
		return append(append(outputs, extra...), t.sums(grads)...)
	case ForStep:
		norm := globalNorm(grads)
		good := graph.And(graph.IsFinite(loss), graph.IsFinite(norm))
		both := graph.Concatenate([]*graph.Node{graph.Reshape(double(loss), 1), graph.Reshape(norm, 1)}, 0)
		return append(append([]*graph.Node{both}, extra...), t.update(params, grads, norm, good)...)
	}
	refuse("no training for the purpose %s", t.purpose)
	return nil
}

// trained are the nodes of the parameters that steps move.
func (t *tracer) trained() []*graph.Node {
	var params []*graph.Node
	for _, p := range t.s.trained() {
		params = append(params, t.param(p.name))
	}
	if len(params) == 0 {
		refuse("no parameter is trained")
	}
	return params
}

// update clips the gradients and makes a step of AdamW: value, m and v of each trained parameter, the old ones where good
// is false.
func (t *tracer) update(params, grads []*graph.Node, norm, good *graph.Node) []*graph.Node {
	constants := t.feed(feedHyper, "", dtypes.Float32, hyperCount)
	constant := func(i int) *graph.Node {
		return graph.Reshape(graph.SliceAxis(constants, 0, graph.AxisElem(i)))
	}
	// min(1, clip / (norm + 1e-6)), as the reference has it.
	clip := graph.Div(double(constant(hyperClip)), graph.AddScalar(norm, 1e-6))
	clip = single(graph.MinScalar(clip, 1))
	var moved []*graph.Node
	for i, p := range t.s.trained() {
		m := t.feed(feedM, p.name, dtypes.Float32, p.shape...)
		v := t.feed(feedV, p.name, dtypes.Float32, p.shape...)
		value, newM, newV := adamW(params[i], m, v, graph.Mul(grads[i], clip), p.decay, constant)
		t.program.replaced = append(t.program.replaced, feed{feedParam, p.name}, feed{feedM, p.name}, feed{feedV, p.name})
		moved = append(moved,
			graph.Where(good, value, params[i]), graph.Where(good, newM, m), graph.Where(good, newV, v))
	}
	return moved
}

// globalNorm is the norm over all gradients together, in float64.
func globalNorm(grads []*graph.Node) *graph.Node {
	var sum *graph.Node
	for _, grad := range grads {
		part := graph.ReduceAllSum(graph.Square(double(grad)))
		if sum == nil {
			sum = part
		} else {
			sum = graph.Add(sum, part)
		}
	}
	return graph.Sqrt(sum)
}

// adamW is one step of the optimiser for one parameter.
func adamW(p, m, v, grad *graph.Node, decay bool, constant func(int) *graph.Node) (newP, newM, newV *graph.Node) {
	newM = graph.Add(graph.Mul(m, constant(hyperBeta1)), graph.Mul(grad, constant(hyperRest1)))
	newV = graph.Add(graph.Mul(v, constant(hyperBeta2)), graph.Mul(graph.Square(grad), constant(hyperRest2)))
	if decay {
		p = graph.Mul(p, constant(hyperKeep))
	}
	root := graph.Add(graph.Mul(graph.Sqrt(newV), constant(hyperCorrect)), constant(hyperEps))
	return graph.Sub(p, graph.Mul(constant(hyperLR), graph.Div(newM, root))), newM, newV
}
