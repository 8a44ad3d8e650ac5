package probe

import (
	"slices"
	"testing"
)

func TestReadable(t *testing.T) {
	train := [][]string{{"edema", "hernia"}, {"edema", "nodule"}, {"edema"}}
	test := [][]string{{"hernia", "nodule"}, {"nodule", "edema"}}
	if got := Readable(train, test); !slices.Equal(got, []string{"hernia"}) { // edema is in all training rows, nodule in all test rows
		t.Errorf("got %v", got)
	}
	if got := Readable(nil, test); got != nil {
		t.Errorf("without training rows: got %v", got)
	}
}

func TestPrevalence(t *testing.T) {
	if got := Prevalence(Present([][]string{{"a"}, {"b"}, {"a", "b"}, nil}, "a")); got != 0.5 {
		t.Errorf("got %v", got)
	}
}
