package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"harness/registry"
)

// post sends a form as a browser does.
func (h *trials) post(address string, form url.Values, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "http://localhost"+address, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return record(h.server, r)
}

// form is a form that a page of the server sends.
func (h *trials) form(fields ...string) url.Values {
	form := url.Values{formField: {h.server.formSecret}}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return form
}

func TestNoEdit(t *testing.T) {
	h := newTrials(t, Options{})
	id := h.run(program(0.1), attempt{})
	for _, address := range []string{"/trials/" + id + "/tags", "/trials/" + id + "/note"} {
		if w := h.post(address, h.form("add", "x", "note", "x")); w.Code != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: %d", address, w.Code)
		}
		if w := h.ask(http.MethodGet, address); w.Code != http.StatusNotFound {
			t.Errorf("GET %s: %d", address, w.Code)
		}
	}
	h.page("/trials/" + id)
}

func TestEdit(t *testing.T) {
	h := newTrials(t, Options{Edit: true})
	trial := program(0.1)
	id := h.run(trial, attempt{})
	h.plan("grid", trial)
	sweep, err := registry.Open(context.Background(), h.home) // a sweep that runs has it open, too
	h.must(err)
	defer sweep.Close()
	changed := func(w *httptest.ResponseRecorder) {
		t.Helper()
		if w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/trials/"+id) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	changed(h.post("/trials/"+id+"/tags", h.form("add", "good, first-try é.1"), "Sec-Fetch-Site", "same-origin", "Origin", "http://localhost"))
	h.page("/trials/"+id, "good <button", "é.1 <button", `value="first-try"`, h.server.formSecret)
	changed(h.post("/trials/"+id+"/tags", h.form("remove", "good")))
	if page := h.page("/trials/" + id); strings.Contains(page, "good <button") {
		t.Error("the tag is still there")
	}
	const note = "looks <b>odd</b>\nsecond line"
	changed(h.post("/trials/"+id+"/note", h.form("note", strings.ReplaceAll(note, "\n", "\r\n")+"\r\n", "was", "")))
	h.page("/trials/"+id, "looks &lt;b&gt;odd&lt;/b&gt;\nsecond line</textarea>")
	trials, err := sweep.Trials(context.Background(), registry.Query{IDs: []string{id}, All: true})
	h.must(err)
	if trials[0].Note != note || strings.Join(trials[0].Tags, " ") != "first-try é.1" {
		t.Errorf("%q %q", trials[0].Note, trials[0].Tags)
	}
	h.must(sweep.SetNote(context.Background(), id, "by somebody else"))
	if w := h.post("/trials/"+id+"/note", h.form("note", "mine", "was", note)); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "changed meanwhile") {
		t.Errorf("over somebody else's note: %d %s", w.Code, w.Body)
	}
	changed(h.post("/trials/"+id+"/note", h.form("note", "", "was", "by somebody else")))
}

func TestEditRefuses(t *testing.T) {
	h := newTrials(t, Options{Edit: true})
	trial := program(0.1)
	id := h.run(trial, attempt{})
	h.plan("grid", trial)
	tags, note := "/trials/"+id+"/tags", "/trials/"+id+"/note"
	for _, c := range []struct {
		what, address string
		form          url.Values
		header        []string
		status        int
	}{
		{"another site", tags, h.form("add", "x"), []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"another port of this machine", tags, h.form("add", "x"), []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"another origin", tags, h.form("add", "x"), []string{"Origin", "http://evil.example"}, 403},
		{"no secret", tags, url.Values{"add": {"x"}}, nil, 403},
		{"a wrong secret", tags, url.Values{"add": {"x"}, formField: {"x"}}, nil, 403},
		{"the secret in the address", tags + "?" + h.form().Encode(), url.Values{"add": {"x"}}, nil, 403},
		{"no tag", tags, h.form("add", "<script>"), nil, 400},
		{"a long tag", tags, h.form("add", strings.Repeat("x", 65)), nil, 400},
		{"a long note", note, h.form("note", strings.Repeat("x", noteBytes+1)), nil, 400},
		{"a note of bytes", note, h.form("note", "\xff"), nil, 400},
		{"too much", note, h.form("note", strings.Repeat("x", formBytes+1)), nil, 413},
		{"no such trial", "/trials/ffffffffffffffff/tags", h.form("add", "x"), nil, 404},
		{"a shortened ID", "/trials/" + id[:8] + "/tags", h.form("add", "x"), nil, 404},
		{"no such address", "/trials/" + id, h.form("add", "x"), nil, 405},
	} {
		w := h.post(c.address, c.form, c.header...)
		if w.Code != c.status || strings.Contains(w.Body.String(), "<script>a") {
			t.Errorf("%s: %d, want %d: %s", c.what, w.Code, c.status, w.Body)
		}
	}
	db, err := registry.OpenReadOnly(context.Background(), h.home)
	h.must(err)
	defer db.Close()
	trials, err := db.Trials(context.Background(), registry.Query{IDs: []string{id}, All: true})
	h.must(err)
	if trials[0].Note != "" || len(trials[0].Tags) > 0 {
		t.Errorf("changed: %q %q", trials[0].Note, trials[0].Tags)
	}
}

// Where nothing was run, a form makes nothing.
func TestEditMakesNoHome(t *testing.T) {
	h := newTrials(t, Options{Edit: true})
	h.post("/trials/0123456789abcdef/tags", h.form("add", "x"))
	if list := h.page("/"); strings.Contains(list, "0123456789abcdef") {
		t.Error(list)
	}
	if names := entries(t, h.home); len(names) > 0 {
		t.Errorf("the home has %v", names)
	}
}
