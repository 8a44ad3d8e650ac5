package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"harness/metrics"
	"harness/model/bert"
	"harness/model/checkpoint/hub"
	"harness/model/engine/native"
)

// bertscoreOptions are the flags of harness score that BERTScore reads.
type bertscoreOptions struct {
	folder   string
	layer    int
	idf      bool
	baseline string
}

func (o *bertscoreOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.folder, "bert", "", "folder of a BERT, RoBERTa or DeBERTa in Hugging Face layout, or hf:ORG/NAME[@REVISION], for BERTScore")
	positiveVar(f, &o.layer, "bert-layer", "layer that BERTScore reads (default: that of the bert_score package, if it knows the model)")
	f.BoolVar(&o.idf, "idf", false, "BERTScore weights tokens by their rarity in the references")
	f.StringVar(&o.baseline, "rescale-with-baseline", "", "rescale BERTScore by this file of the bert_score package (LAYER,P,R,F)")
}

// check refuses flags without the model that they are about.
func (o bertscoreOptions) check() error {
	if o.folder == "" && (o.layer != 0 || o.idf || o.baseline != "") {
		return usageError("--bert-layer, --idf and --rescale-with-baseline need --bert")
	}
	return nil
}

// open gives m the model and the baseline; without --bert it leaves BERTScore blank.
func (o bertscoreOptions) open(ctx context.Context, m *metrics.Options) error {
	if o.folder == "" {
		return nil
	}
	at, err := openHub(hub.Download, os.Stderr).Locate(ctx, o.folder, hub.Texts)
	if err != nil {
		return fmt.Errorf("--bert %s: %w", o.folder, err)
	}
	model, err := bert.Open(ctx, at.Dir, o.layer, native.New(m.Threads))
	if err != nil {
		return fmt.Errorf("open BERT: %w", err)
	}
	m.BERT, m.IDF = model, o.idf
	if o.baseline == "" {
		return nil
	}
	data, err := os.ReadFile(o.baseline)
	if err != nil {
		return err
	}
	m.Baseline, err = metrics.ReadBaseline(o.baseline, data, model.Layer())
	return err
}
