package dataset

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFindings(t *testing.T) {
	dir := newTestRoot().write(t)
	s := openSet(t, dir)
	if got, err := s.Findings(); got != nil || err != nil {
		t.Errorf("without the file: %v, %v", got, err)
	}
	path := filepath.Join(dir, "medical-diff-vqa", keyInfoName)
	whole := `[{"study_id":"50000011","subject_id":"1","entity":{"edema":{"level":["mild"]},"atelectasis":{}},"no_entity":["hernia"]},` +
		`{"study_id":50000012,"entity":{}}]`
	write(t, path, whole)
	got, err := s.Findings()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"50000011": {"atelectasis", "edema"}, "50000012": {}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, text := range []string{"", "{}", whole[:len(whole)-1], whole[:40], `[{"study_id":1,"entity":3}]`} {
		write(t, path, text)
		if _, err := s.Findings(); err == nil || !strings.Contains(err.Error(), keyInfoName) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
