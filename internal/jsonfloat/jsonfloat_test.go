package jsonfloat

import (
	"encoding/json"
	"math"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	for _, v := range []float64{0, math.Copysign(0, -1), 1, 0.1, 1e300, 5e-324, math.Inf(1), math.Inf(-1), math.NaN()} {
		encoded, err := json.Marshal(Float(v))
		if err != nil {
			t.Fatal(err)
		}
		var back Float
		if err := json.Unmarshal(encoded, &back); err != nil {
			t.Fatal(err)
		}
		if math.Float64bits(float64(back)) != math.Float64bits(v) && !(math.IsNaN(v) && math.IsNaN(float64(back))) {
			t.Errorf("%v -> %s -> %v", v, encoded, back)
		}
	}
	for _, bad := range []string{"1e400", `"1"`, "true", "null1", `"Inf"`} {
		var f Float
		if err := f.UnmarshalJSON([]byte(bad)); err == nil {
			t.Errorf("%s was read as %v", bad, f)
		}
	}
	if Known(1, false) != nil || *Known(2, true) != 2 {
		t.Error("Known")
	}
}
