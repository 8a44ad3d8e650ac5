package web

import (
	"net/http"
	"strings"
	"testing"
)

// Every list of a page can be copied: whole, with the query that chooses its rows.
func TestListsAreCopied(t *testing.T) {
	s := filled(t)
	for address, wants := range map[string][]string{
		"/sweeps.md":             {"| sweep | planned | queued | running | done | failed | interrupted | stopped |"},
		"/sweeps.csv?q=no+such":  {"sweep,planned,queued,running,done,failed,interrupted,stopped\n"},
		"/sweeps/few/trials.csv": {"trial,state,settings,error,tags,note,began,ended,seed\n"},
		"/sweeps/few/trials.tex": {`\begin{tabular}`, `\toprule`},
		"/sweeps/few/trials.md?trials=state+==+%27queued%27": {"| trial | state |"},
	} {
		body := get(t, s, address, http.StatusOK)
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s: no %q in\n%s", address, want, body)
			}
		}
	}
	for address, code := range map[string]int{"/sweeps.csv?state=asleep": 400, "/sweeps/few/trials.csv?trials=nothing+%3D%3D+1": 400, "/sweeps/none/trials.csv": 404} {
		get(t, s, address, code)
	}
}
