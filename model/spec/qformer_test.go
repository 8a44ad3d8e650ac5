package spec

import (
	"errors"
	"testing"
)

// Sizes that are left out are the decoder's, and what cannot be is refused by its path.
func TestQFormerSizes(t *testing.T) {
	trial := presetTrial(t, Nano, BLIP2)
	d := trial.Decoder
	if got, want := trial.QFormerSizes(), (QFormer{d.Width, d.Depth, d.Heads, d.MLP, defaultQueries}); got != want {
		t.Errorf("sizes %+v, want %+v", got, want)
	}
	trial.QFormer.Width = 48
	if got := trial.QFormerSizes(); got.Width != 48 || got.Heads != d.Heads {
		t.Errorf("sizes %+v", got)
	}
	if err := trial.Validate(); err != nil {
		t.Error(err)
	}
	for path, q := range map[string]QFormer{
		"qformer.heads": {Heads: 5}, "qformer.queries": {Queries: -1}, "qformer.width": {Width: -48},
	} {
		trial.QFormer = q
		var refused *FieldError
		if err := trial.Validate(); !errors.As(err, &refused) || refused.Path != path {
			t.Errorf("%+v: error %v, want one of %s", q, err, path)
		}
	}
}
