package web

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"

	"harness/internal/escape"
	"harness/internal/view"
	"harness/model"
	"harness/registry"
	"harness/reports"
	"harness/runner"
)

//go:embed templates
var templateFiles embed.FS

// templates are the pages. Each has its own set: layout.html, what pages share, and itself.
var templates = func() map[string]*template.Template {
	shared := template.Must(template.New("").Funcs(functions).ParseFS(templateFiles, "templates/layout.html", "templates/parts/*.html"))
	names, err := templateFiles.ReadDir("templates")
	if err != nil {
		panic(err) // the program was built without them
	}
	all := map[string]*template.Template{}
	for _, n := range names {
		if n.IsDir() || n.Name() == "layout.html" {
			continue
		}
		all[n.Name()] = template.Must(template.Must(shared.Clone()).ParseFS(templateFiles, "templates/"+n.Name()))
	}
	return all
}()

// functions are what templates may call. Text of users goes through line, which makes control characters visible.
var functions = template.FuncMap{
	"asset":    assetURL,
	"line":     escape.Line,
	"sweepURL": sweepURL,
	"trialURL": trialURL,
	"text":     escape.Text,
	"short":    short,
	"when":     when,
	"took":     func(d time.Duration) string { return runner.ShortDuration(d) },
	"counted":  countedStates,
	"tookOf":   tookOf,
	"short80":  func(text string) string { return shortened(escape.Line(text), 80) },
	"shown":    shown,
	"size":     size,
	"copies":   func(base, name string) []copyAs { return copiesOf(base+"/"+name, "") },
	"fileURL":  fileURL,

	"operations": model.Operations,
}

// stateCount is how many trials are in a state.
type stateCount struct {
	State registry.State
	N     int
}

// countedStates are the states that trials are in, in their order.
func countedStates(counts map[registry.State]int) []stateCount {
	var list []stateCount
	for _, state := range registry.States {
		if n := counts[state]; n > 0 {
			list = append(list, stateCount{state, n})
		}
	}
	return list
}

// tookOf is how long a trial took, or has been running.
func tookOf(t view.Listed) string {
	switch {
	case t.Started == nil:
		return ""
	case t.Ended != nil:
		return runner.ShortDuration(t.Ended.Sub(*t.Started))
	case t.State == registry.Running:
		return runner.ShortDuration(time.Since(*t.Started))
	}
	return ""
}

// shortened is the beginning of a text of any length.
func shortened(text string, most int) string {
	if letters := []rune(text); len(letters) > most {
		return string(letters[:most-1]) + "…"
	}
	return text
}

// sweepURL is the address of a sweep's page.
func sweepURL(handle string) string { return "/sweeps/" + url.PathEscape(handle) }

// trialURL is the address of a trial's page.
func trialURL(id string) string { return "/trials/" + url.PathEscape(id) }

// short is a trial's ID as lists print it.
func short(id string) string { return id[:min(8, len(id))] }

// escapePath is a path in an address.
func escapePath(path string) string {
	parts := strings.Split(path, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}

// size is a number of bytes for people.
func size(bytes int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	value, unit := float64(bytes), 0
	for value >= 1024 && unit < len(units)-1 {
		value, unit = value/1024, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%.1f %s", value, units[unit])
}

// when is a time as people read it: in UTC, since reader and server may live in different places.
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// number has six digits; NaN and infinities are words.
func number(v float64) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 0):
		return fmt.Sprintf("%+g", v)
	}
	return fmt.Sprintf("%.6g", v)
}

// mostTitle bounds the characters of a page's title, which names its tab.
const mostTitle = 200

// frame is what a page is put into.
type frame struct {
	Title   string
	Styles  []string // of the page, beside base.css: names of assets
	Scripts []string // of the page, beside app.js
	Trail   []crumb  // where the page is, after the list of sweeps
	Bare    bool     // no navigation and no live updates

	Harness string // the rest is filled in by render
	Home    string
	Version string
}

// crumb is a step on the way to a page.
type crumb struct{ Name, URL string }

// render writes a page: template name in layout.html. The answer is whole or an error.
func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, name string, f frame, data any) {
	f.Harness, f.Home = s.o.Harness, s.o.Home
	f.Title = shortened(escape.Line(f.Title), mostTitle)
	if seen, ok := r.Context().Value(seenKey{}).(string); ok {
		f.Version = seen
	} else if !f.Bare {
		if word, err := s.live.look(r.Context()); err == nil {
			f.Version = word
		}
	}
	var out bytes.Buffer
	err := templates[name].ExecuteTemplate(&out, "layout", struct {
		Frame frame
		Data  any
	}{f, data})
	if err != nil {
		s.say("%s: %v", escape.Line(r.URL.Path), err)
		http.Error(w, "a fault of the server, which its log tells", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(out.Bytes()) // the browser may be gone
	}
}

// fault is what an error page shows.
type fault struct {
	What, Hint string
	Links      []crumb // where the reader may have meant to go
}

func (s *Server) notFound(w http.ResponseWriter, r *http.Request, what string) {
	s.render(w, r, http.StatusNotFound, "error.html", frame{Title: "not found"}, fault{What: what})
}

// badRequest is an error that the address is to blame for.
type badRequest struct{ error }

// fail answers with the page of an error.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var ambiguous *registry.AmbiguousError
	var misuse *view.MisuseError
	var bad badRequest
	switch {
	case errors.Is(err, registry.ErrNone):
		s.render(w, r, http.StatusOK, "error.html", frame{Title: "nothing yet"},
			fault{What: "nothing was run in this home yet", Hint: "run a sweep, such as: harness sweep smoke"})
	case errors.Is(err, registry.ErrNoSweep):
		s.render(w, r, http.StatusNotFound, "error.html", frame{Title: "not found"}, fault{What: "there is no such sweep", Hint: "the list of sweeps has all of them"})
	case errors.As(err, &ambiguous):
		f := fault{What: fmt.Sprintf("more than one trial begins with %s", ambiguous.Prefix), Hint: "choose one:"}
		for _, id := range ambiguous.Candidates {
			f.Links = append(f.Links, crumb{id, trialURL(id)})
		}
		s.render(w, r, http.StatusNotFound, "error.html", frame{Title: "not found"}, f)
	case errors.Is(err, registry.ErrUnknown):
		s.render(w, r, http.StatusNotFound, "error.html", frame{Title: "not found"}, fault{What: err.Error(), Hint: "the pages of the sweeps list their trials; harness ls does, too"})
	case errors.As(err, &misuse), errors.As(err, &bad):
		s.render(w, r, http.StatusBadRequest, "error.html", frame{Title: "not understood"}, fault{What: err.Error(), Hint: "change the address or the form"})
	case errors.Is(err, reports.ErrNothing), errors.Is(err, reports.ErrNoMetrics):
		s.render(w, r, http.StatusOK, "error.html", frame{Title: "nothing yet"}, fault{What: err.Error()})
	case errors.Is(err, errBusy):
		w.Header().Set("Retry-After", "5")
		s.render(w, r, http.StatusServiceUnavailable, "error.html", frame{Title: "busy"}, fault{What: err.Error()})
	case r.Context().Err() != nil: // nobody reads the answer
	default:
		s.say("%s: %v", escape.Line(r.URL.Path), err)
		s.render(w, r, http.StatusInternalServerError, "error.html", frame{Title: "fault"}, fault{What: err.Error()})
	}
}
