// Package web is the page that "harness serve" shows: sweeps, their tables and charts, trials, samples; live, and for reading only.
//
//	New        Options -> Server, an http.Handler
//	guard.go   who may ask what: token, Host, methods, headers; every request goes through it
//	routes.go  which address is answered by what
//	home.go    the registry: one snapshot an answer, and a cache of what takes long to compute
//	pages.go   templates, and what they share
//	live.go    tells open pages that something has changed (server-sent events)
//
// Every page has a file of its own, with a template of its name: sweeps.go lists sweeps, sweep.go shows a table, trial.go a trial, diff.go two. Of a
// trial, files.go serves files and log.go what is added to its log, edit.go takes notes and tags, numbers.go sorts metrics; sheet.go writes tables to take away. A
// handler reads inside one snapshot, makes a value for the template, and knows nothing of the others. Numbers and their rounding come
// from packages reports and internal/view, so that the page prints what the commands print. Nothing here writes below the home,
// but for notes and tags where Options.Edit allows it, and snapshots of the code of now that results are compared with (view.Staleness).
package web

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"sync"
	"sync/atomic"

	"harness/internal/view"
	"harness/registry"
)

// Options say what is served and how.
type Options struct {
	Home    string
	Edit    bool     // notes and tags may be changed
	Token   string   // what every request must bring; "" = nothing, which is for this machine alone
	Hosts   []string // names and addresses, without port, by which the server may be called; empty = any, which needs a token
	Port    string   // names the cookie: cookies do not tell ports apart
	Harness string   // the version that is shown

	// Staleness compares results with the code and data that are there now.
	Staleness func(*registry.DB) *view.Staleness
	// Schedulers finds schedulers that have trials of the home.
	Schedulers view.Schedulers
	// CatchUp takes what tasks of schedulers have written, as far as the home can be written.
	CatchUp func(context.Context) error
	Log     io.Writer // of the server's own faults
}

// Server answers requests. It is safe for many at a time.
type Server struct {
	o       Options
	handler http.Handler
	home    home
	cache   cache
	renewed atomic.Int64  // values that took the place of old ones behind an answer
	reading chan struct{} // as many as read just now
	plans   plans
	leaders leaders
	live    live
	logMu   sync.Mutex

	streams    atomic.Int32 // logs that are followed
	sending    atomic.Int32 // files that are being sent
	writing    sync.Mutex   // held while notes and tags are changed
	formSecret string       // what forms of this server bring
	atlases    atlases
	pictures   pictures

	lastSamples lastSamples

	background context.Context // of what goes on behind answers; it ends with Close
	end        context.CancelFunc
	behind     behind
}

// New makes a server for a home. The home is opened with the first request, and may be empty until then.
func New(o Options) *Server {
	s := &Server{o: o, formSecret: rand.Text(), reading: make(chan struct{}, mostReading)}
	s.background, s.end = context.WithCancel(context.Background())
	s.home.dir = o.Home
	s.live.server = s
	s.handler = s.guard(s.routes())
	return s
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Close ends what follows the home and what goes on behind answers, and closes the registry.
func (s *Server) Close() error {
	s.end()
	s.live.close()
	s.behind.wait()
	return s.home.close()
}
