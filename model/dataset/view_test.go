package dataset

import "testing"

// TestViewOf gives what is known of a view, safe to print.
func TestViewOf(t *testing.T) {
	for _, c := range [][4]string{ // position, code; view, other
		{"AP", "lateral", "AP", ""}, {"", "postero-anterior", "PA", ""}, {"nan", "antero-posterior", "AP", ""}, {"", "", "", ""}, {"NaN", "None", "", ""},
		{"LATERAL", "antero-posterior", "", "view LATERAL"}, {"AP AXIAL", "", "", "view AP AXIAL"}, {"", "lateral", "", "view code lateral"},
		{"A\x1b[31m", "", "", `view "A\x1b[31m"`},
		{"ééééééééééééééééééééééééé", "", "", "view éééééééééééééééééééé..."},
	} {
		if view, other := viewOf(c[0], c[1]); view != c[2] || other != c[3] {
			t.Errorf("%q, %q: %q, %q, want %q, %q", c[0], c[1], view, other, c[2], c[3])
		}
	}
}
