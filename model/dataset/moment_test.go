package dataset

import "testing"

func TestParseTime(t *testing.T) {
	for text, want := range map[string]float64{
		"101500.5": 36900.5, "90512": 32712, "0": 0, "5": 5, "235959.999": 86399.999, "10:15:00": 36900,
		"": -1, "x": -1, "-1": -1, "240000": -1, "106100": -1, "NaN": -1, "1e300": -1,
	} {
		if got := parseTime(text); got < want-1e-6 || got > want+1e-6 {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestParseDate(t *testing.T) {
	for text, want := range map[string]int{"21780510": 21780510, "21780510.0": 21780510, "2178-05-10": 21780510, "": 0, "nan": 0, "2178/05/10": 0} {
		if got := parseDate(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestBefore(t *testing.T) {
	early, late, untimed, none := moment{21780510, 100}, moment{21780510, 200}, moment{21780510, -1}, moment{0, 100}
	next := moment{21780511, 50}
	for _, c := range []struct {
		a, b moment
		want bool
	}{
		{early, late, true}, {late, early, false}, {early, early, false}, {late, next, true}, {next, late, false},
		{untimed, late, false}, {early, untimed, false}, {untimed, next, true}, {none, late, false}, {early, none, false},
	} {
		if got := c.a.before(c.b); got != c.want {
			t.Errorf("%v before %v: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}
