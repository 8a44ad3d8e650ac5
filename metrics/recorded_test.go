package metrics

import "testing"

func TestRecorded(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range RecordedKeys() {
		if seen[r.Name] || r.Label == "" || r.Digits < 1 || r.Detail {
			t.Errorf("%+v", r)
		}
		if r.Goal != "maximize" && r.Goal != "minimize" {
			t.Errorf("%s: goal %q", r.Name, r.Goal)
		}
		seen[r.Name] = true
	}
	if r, ok := LookupRecorded("caref/acc50/left lung"); !ok || !r.Detail || r.Shown || r.Goal != "maximize" || r.Label != "caref/acc50/left lung" {
		t.Errorf("a detail: %+v", r)
	}
	for _, name := range []string{"acc", "pretrain/lr", "caref/acc500", "controls/mean-box/caref/iou", ""} {
		if r, ok := LookupRecorded(name); ok {
			t.Errorf("%q is %+v", name, r)
		}
	}
}
