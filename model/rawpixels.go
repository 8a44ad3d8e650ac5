package model

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"harness/internal/filelock"
	"harness/model/checkpoint"
	"harness/model/corpus"
	"harness/model/probe"
	"harness/model/spec"
)

// The control "raw pixels" is the probe of all tokens on the image itself, averaged over square cells: what a linear model reads without
// any encoder. It depends on the data and the resolution alone, so the first trial of a home computes it, and the others read what it has
// kept in cache/.

// rawCells is the number of cells on a side: cells of 4 by 4 pixels at 224, of 8 by 8 at 448. See corpus.Cells.
const rawCells = 56

// rawVersion changes with how the control is computed: what was kept under another counts no more.
const rawVersion = 1

// rawPixels records the control.
func (r *trialRun) rawPixels(ctx context.Context, data *readings) error {
	path := filepath.Join(cacheDir(r.env.Home), "raw-pixels-"+r.rawKey(data)+".json")
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	began := r.phases.from(now())
	lock, err := filelock.Wait(ctx, path+".lock")
	if err != nil {
		return fmt.Errorf("lock %s: %w", path, err)
	}
	defer lock.Release()
	began.until(now(), spec.PhaseWait, 0)
	kept, err := readFacts(path)
	if errors.Is(err, checkpoint.ErrDamaged) {
		if err := r.rec.Note("raw-pixels/damaged", fmt.Sprintf("what was kept of the control raw pixels was damaged, and it is computed again: %v", err)); err != nil {
			return err
		}
	}
	switch {
	case err == nil:
		return kept.replay(r.rec)
	case !errors.Is(err, checkpoint.ErrDamaged) && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	taken := &facts{Recorder: r.rec}
	apart := *r
	apart.rec = taken
	if err := apart.probeAll(ctx, recordedPrefix("probe", "raw-pixels")+"tokens/", cells{r.corpus}, data); err != nil {
		return err
	}
	return writeFacts(path, taken)
}

// rawKey names what the control depends on.
func (r *trialRun) rawKey(data *readings) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%d %d %d %v\n", rawVersion, rawCells, tokenRows, probe.Penalties)
	fmt.Fprintf(sum, "%s\n%s\n%d\n", r.corpus.Set.Hash(), r.corpus.Set.Splits, r.trial.Resolution)
	for split, images := range data.images {
		for i, image := range images {
			fmt.Fprintf(sum, "%q %q\n", r.corpus.Set.Images[image].ID, data.names[split][i])
		}
		fmt.Fprintln(sum)
	}
	fmt.Fprintln(sum, data.pairs)
	return hex.EncodeToString(sum.Sum(nil))[:16]
}

// cells are the numbers of the control.
type cells struct{ corpus *corpus.Corpus }

func (c cells) rows(ctx context.Context, images []int) (rows [][]float32, err error) {
	err = c.each(ctx, images, func(_ int, data []float32) { rows = append(rows, data) })
	return rows, err
}

func (c cells) each(ctx context.Context, images []int, use func(image int, data []float32)) error {
	for _, image := range images {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		use(image, c.corpus.Cells(image, rawCells))
	}
	return nil
}
