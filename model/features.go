package model

import (
	"context"
	"fmt"
	"os"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"

	"harness/model/dataset"
	"harness/model/engine"
	"harness/model/engine/flops"
	"harness/model/method"
	"harness/model/nn"
	"harness/model/spec"
)

// features are the outputs of the frozen encoder for the images that later stages look at. They are computed once and
// kept, or, where they would take more than keepFeatures bytes, computed again for every batch.
type features struct {
	tokens, width int
	images        []int // all that have a split
	compute       func(images []int) (engine.Tensor, error)
	close         func()

	scratch string // a folder for onDisk

	row  map[int]int // image -> row of data
	data []float32   // [I, n, e], nil where they are not kept
}

// keepFeatures bounds the memory for features: the paper's 165,000 images at 448 would take 778 GB.
const keepFeatures = 8 << 30

// holdFeatures bounds the memory for features of some images, which are held while those of others are computed; beyond it they are on disk.
const holdFeatures = 2 << 30

// encodeBatch is the number of images encoded at once.
const encodeBatch = 16

// of are the features of the given images: [I, n, e].
func (f *features) of(images []int) (engine.Tensor, error) {
	if f.data == nil {
		return f.compute(images)
	}
	size := f.tokens * f.width
	data := make([]float32, 0, len(images)*size)
	for _, image := range images {
		row, ok := f.row[image]
		if !ok {
			return engine.Tensor{}, fmt.Errorf("image %d is in no split, so it was not encoded", image)
		}
		data = append(data, f.data[row*size:][:size]...)
	}
	return engine.Floats(data, len(images), f.tokens, f.width), nil
}

// each calls use with the features [n, e] of each of the given images, one after the other.
func (f *features) each(ctx context.Context, images []int, use func(image int, data []float32)) error {
	size := f.tokens * f.width
	for at := 0; at < len(images); at += encodeBatch {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		batch := images[at:min(at+encodeBatch, len(images))]
		t, err := f.of(batch)
		if err != nil {
			return err
		}
		for i, image := range batch {
			use(image, t.F32[i*size:][:size])
		}
	}
	return nil
}

// rows are the features [n, e] of each of the given images, until close.
func (f *features) rows(ctx context.Context, images []int) ([][]float32, error) {
	size := f.tokens * f.width
	rows := make([][]float32, 0, len(images))
	switch {
	case f.data != nil:
		for _, image := range images {
			rows = append(rows, f.data[f.row[image]*size:][:size])
		}
		return rows, nil
	case len(images)*size*4 > holdFeatures:
		return f.onDisk(ctx, images)
	}
	err := f.each(ctx, images, func(_ int, data []float32) { rows = append(rows, slices.Clone(data)) })
	return rows, err
}

// onDisk is rows in a file that is gone when the process ends, however it does; the system reads it when it is looked at.
func (f *features) onDisk(ctx context.Context, images []int) ([][]float32, error) {
	file, err := os.CreateTemp(f.scratch, "features-*")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if err := os.Remove(file.Name()); err != nil {
		return nil, err
	}
	var failed error
	err = f.each(ctx, images, func(_ int, data []float32) {
		if failed == nil {
			_, failed = file.Write(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(data))), 4*len(data)))
		}
	})
	if err != nil {
		return nil, err
	}
	if failed != nil {
		return nil, fmt.Errorf("keep the features of %d images in %s: %w", len(images), f.scratch, failed)
	}
	size := f.tokens * f.width
	memory, err := unix.Mmap(int(file.Fd()), 0, len(images)*size*4, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map the features of %d images: %w", len(images), err)
	}
	before := f.close
	f.close = func() {
		unix.Munmap(memory)
		before()
	}
	all := unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(memory))), len(images)*size)
	return slices.Collect(slices.Chunk(all, size)), nil
}

// kept reports whether there is room for the features of all images.
func (f *features) kept() bool { return f.bytes() <= keepFeatures }

// bytes are the features of all images.
func (f *features) bytes() int64 { return int64(len(f.images)) * int64(f.tokens) * int64(f.width) * 4 }

// keep computes the features of all images.
func (f *features) keep(ctx context.Context, progress func(done int)) error {
	if len(f.images) == 0 {
		return nil
	}
	size := f.tokens * f.width
	data, row := make([]float32, 0, len(f.images)*size), map[int]int{}
	err := f.each(ctx, f.images, func(image int, one []float32) {
		row[image] = len(row)
		data = append(data, one...)
		progress(len(row))
	})
	if err != nil {
		return err
	}
	f.row, f.data = row, data
	return nil
}

// inBatches computes features of any number of images as compute does of encodeBatch, on an engine that compiles a program for each number;
// on another it is compute. The last batch is filled with images that are computed again.
func (r *trialRun) inBatches(compute func(images []int) (engine.Tensor, error)) func(images []int) (engine.Tensor, error) {
	if r.plan != nil || r.methodRun().Native() {
		return compute
	}
	return func(images []int) (engine.Tensor, error) {
		var all engine.Tensor
		for batch := range slices.Chunk(images, encodeBatch) {
			t, err := compute(method.Filled(batch, encodeBatch))
			if err != nil {
				return engine.Tensor{}, err
			}
			size := t.Size() / encodeBatch
			all.Shape = t.Shape
			all.F32 = append(all.F32, t.F32[:len(batch)*size]...)
		}
		all.Shape = append([]int{len(images)}, all.Shape[1:]...)
		return all, nil
	}
}

// encode makes the features of the frozen encoder.
func (r *trialRun) encode(ctx context.Context, weights method.Weights) (*features, error) {
	e := nn.NewEncoder(r.trial)
	p := &nn.Parameters{Seed: r.trial.Seed}
	e.Params(p)
	f := &features{tokens: e.Tokens, width: e.Width, scratch: r.env.Dir}
	program := func(o engine.Ops) []engine.Value { return []engine.Value{e.Forward(o, o.Input("patches"))} }
	for i := range r.corpus.Set.Images {
		if used(&r.corpus.Set.Images[i]) {
			f.images = append(f.images, i)
		}
	}
	work, err := r.encodeWork(p.List, program, len(f.images))
	if err != nil {
		return nil, err
	}
	session, err := method.OpenSession(r.engine, p.List, weights, method.Everything)
	if err != nil {
		return nil, err
	}
	f.close = session.Close
	f.compute = r.inBatches(func(images []int) (engine.Tensor, error) {
		out, err := session.Run("encode", program, engine.Inputs{"patches": r.corpus.Patches(images)})
		if err != nil {
			return engine.Tensor{}, fmt.Errorf("encode images: %w", err)
		}
		return out[0], nil
	})
	if err := r.encodeAll(ctx, f, work); err != nil {
		session.Close()
		return nil, err
	}
	return f, nil
}

// encodeAll computes the features of all images where they are kept; a planned or measured trial does so for none or some.
func (r *trialRun) encodeAll(ctx context.Context, f *features, work float64) error {
	switch {
	case r.brief:
		return r.encodeFew(ctx, f, work)
	case !f.kept():
		return nil
	case r.plan != nil:
		r.plan.Features = f.bytes()
	}
	return r.phase(spec.PhaseEncode, work, func() error {
		return f.keep(ctx, func(done int) { r.rec.Progress("encode", done, len(f.images), nan) })
	})
}

// encodeWork is how many operations it takes to encode so many images, once.
func (r *trialRun) encodeWork(params []engine.Param, program engine.Program, images int) (float64, error) {
	grid := r.trial.Resolution / r.trial.Encoder.Patch
	pixels := max(r.trial.Encoder.Channels, 1) * r.trial.Encoder.Patch * r.trial.Encoder.Patch
	one := engine.Inputs{"patches": {Shape: []int{1, grid * grid, pixels}}}
	count, err := flops.New(params).Count("encode", program, one, flops.Inference)
	return float64(count.Total()) * float64(images), err
}

// pooled averages features over the cells of diffvqa.pool, so that tokens are left.
func (r *trialRun) pooled(ctx context.Context, f *features, tokens int) (*features, error) {
	if tokens == f.tokens {
		same := *f
		same.close = func() {}
		return &same, nil
	}
	session, err := r.engine.New(nil)
	if err != nil {
		return nil, err
	}
	program := func(o engine.Ops) []engine.Value { return []engine.Value{nn.Pool(o, o.Input("encoded"), tokens)} }
	small := &features{tokens: tokens, width: f.width, images: f.images, close: session.Close}
	small.compute = r.inBatches(func(images []int) (engine.Tensor, error) {
		t, err := f.of(images)
		if err != nil {
			return engine.Tensor{}, err
		}
		out, err := session.Run("pool", program, engine.Inputs{"encoded": t})
		if err != nil {
			return engine.Tensor{}, fmt.Errorf("pool features: %w", err)
		}
		return out[0], nil
	})
	if f.data != nil {
		if err := small.keep(ctx, func(int) {}); err != nil {
			session.Close()
			return nil, err
		}
	}
	return small, nil
}

// used reports whether a later stage looks at the image.
func used(i *dataset.Image) bool { return i.Split != dataset.None || i.RegionSplit != dataset.None }
