package trackers

import (
	"strings"
	"testing"
)

// TestNamesStayApart: names that MLflow does not take become others, and no two of them the same.
func TestNamesStayApart(t *testing.T) {
	long := strings.Repeat("x", 300)
	var n mlflowNames
	seen := map[string]string{}
	for _, name := range []string{"acc", "a@b", "a#b", "a_b", "a%b", long + "1", long + "2", "../up"} {
		as := n.of(name)
		if other, taken := seen[as]; taken {
			t.Errorf("%q and %q are both called %q", other, name, as)
		}
		if seen[as] = name; odd.MatchString(as) || len(as) > 250 {
			t.Errorf("%q is called %q, which MLflow does not take", name, as)
		}
		if again := n.of(name); again != as {
			t.Errorf("%q is called %q, and then %q", name, as, again)
		}
	}
	if len(n.remarks) != 7 {
		t.Errorf("%d remarks, want one for each name but the first: %q", len(n.remarks), n.remarks)
	}
}
