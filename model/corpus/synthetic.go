package corpus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"harness/internal/filelock"
	"harness/model/dataset/synthetic"
	"harness/model/spec"
)

// syntheticSet is where the synthetic set of the given parameters lies below home/data, or will.
func syntheticSet(s spec.Synthetic, home string) (root string, p synthetic.Params, err error) {
	p = synthetic.Design(s.Design).Default()
	p.Patients, p.Seed, p.SameReport = s.Patients, s.Seed, s.SameReport
	if s.ReportDropout > 0 {
		p.ReportDropout = s.ReportDropout
	}
	if s.PhraseDropout > 0 {
		p.PhraseDropout = s.PhraseDropout
	}
	if s.Contrast > 0 {
		p.CoarseContrast = s.Contrast
	}
	encoded, err := json.Marshal(struct {
		Version  int
		Revision int `json:",omitzero"`
		synthetic.Params
	}{synthetic.Version, p.Design.Revision(), p})
	if err != nil {
		return "", p, err
	}
	sum := sha256.Sum256(encoded)
	return filepath.Join(home, "data", "synthetic-"+hex.EncodeToString(sum[:6])), p, nil
}

// synthesise writes the synthetic set of the given parameters below home/data, once.
func synthesise(ctx context.Context, s spec.Synthetic, home string, rec Recorder) (string, error) {
	root, p, err := syntheticSet(s, home)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(root), 0o777); err != nil {
		return "", err
	}
	lock, err := filelock.Wait(ctx, root+".lock")
	if err != nil {
		return "", fmt.Errorf("lock synthetic data: %w", err)
	}
	defer lock.Release()
	if synthetic.UpToDate(root, p) {
		return root, nil
	}
	err = synthetic.Write(ctx, root, p, func(done, total int) { rec.Progress("data", done, total, math.NaN()) })
	return root, err
}
