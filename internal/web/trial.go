package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"harness/internal/view"
	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
)

// trialData is what the page of a trial shows.
type trialData struct {
	*view.Record
	Runs     bool         // something runs it now
	Varied   []view.Field // what its sweep varies, in the sweep's order
	Settings []view.Field
	Metrics  metricTable
	Attempts []attemptData
	Own      *folder       // the trial's own folder, which outlives its attempts
	Log      *logData      // of the newest attempt; nil where nothing was started here
	Others   []trialChoice // trials to compare with
	Edit     *editForm
}

// attemptData is an attempt with its files; the newest stands first.
type attemptData struct {
	view.Attempt
	Facts, Provenance, Environment []view.Field
	Own                            []metricRow // its numbers, where they are not the trial's
	Files                          *folder
	Open                           bool   // shown at once
	ID                             string // of the trial
}

// findTrial is the ID that begins with prefix, or an error that is registry.ErrUnknown or registry.AmbiguousError.
func findTrial(ctx context.Context, db *registry.DB, prefix string) (string, error) {
	if len(prefix) < spec.MinPrefix {
		return "", fmt.Errorf("trial %s: at least %d characters of an id are needed: %w", prefix, spec.MinPrefix, registry.ErrUnknown)
	}
	return db.Find(ctx, prefix)
}

// wholeID calls next with the trial that the address names, or leads from a shortened ID to the whole one.
func (s *Server) wholeID(next func(w http.ResponseWriter, r *http.Request, id string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		given, id := r.PathValue("id"), ""
		err := s.read(r.Context(), func(db *registry.DB) (err error) {
			id, err = findTrial(r.Context(), db, given)
			return err
		})
		switch {
		case err != nil:
			s.fail(w, r, err)
		case id != given:
			rest := strings.TrimPrefix(r.URL.EscapedPath(), trialURL(given))
			to := url.URL{Path: trialURL(id), RawQuery: r.URL.RawQuery}
			http.Redirect(w, r, to.EscapedPath()+rest+query(to), http.StatusFound)
		default:
			next(w, r, id)
		}
	}
}

func query(u url.URL) string {
	if u.RawQuery == "" {
		return ""
	}
	return "?" + u.RawQuery
}

// trialPage shows all that is known of a trial.
func (s *Server) trialPage(w http.ResponseWriter, r *http.Request, id string) {
	data, err := s.readTrial(r.Context(), id)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if s.o.Edit {
		data.Edit = s.newEditForm()
	}
	trail := []crumb{{short(id), trialURL(id)}}
	if data.Sweep != "" {
		trail = slices.Insert(trail, 0, crumb{data.Sweep, sweepURL(data.Sweep)})
	}
	s.render(w, r, http.StatusOK, "trial.html", frame{Title: short(id) + " " + data.Label, Trail: trail,
		Styles: []string{"trial.css"}, Scripts: []string{"trial.js"}}, data)
}

// readTrial reads what the page of a trial shows.
func (s *Server) readTrial(ctx context.Context, id string) (*trialData, error) {
	record, err := s.record(ctx, id)
	if err != nil {
		return nil, err
	}
	data := &trialData{Record: record, Runs: registry.Runs(s.o.Home, id), Varied: view.Varied(record.Params)}
	if data.Settings, err = view.Settings(record.Spec); err != nil {
		return nil, err
	}
	known := s.columnsOf(ctx, record)
	data.Metrics = newMetricTable(record, known)
	data.Others = s.choices(ctx, record)
	files, err := openFolder(record.Dir)
	if err != nil {
		return nil, err
	}
	defer files.Close()
	for _, a := range slices.Backward(record.History) {
		shown := attemptData{Attempt: a, ID: id, Open: len(data.Attempts) == 0, Files: files.list(strconv.Itoa(a.Number), filesOnPage)}
		shown.Facts, shown.Provenance, shown.Environment = attemptFacts(a)
		if !a.Counts && a.Purpose == string(journal.PurposeRun) {
			shown.Own = ownNumbers(a, known)
		}
		data.Attempts = append(data.Attempts, shown)
	}
	data.Own = files.list(filesName, filesOnPage)
	data.Log = files.log(lastAttempt(s.o.Home, id))
	return data, nil
}

// lastAttempt is the number of the newest attempt that has a folder here; 0 where there is none.
func lastAttempt(home, id string) int {
	numbers, err := registry.AttemptNumbers(home, id)
	if err != nil || len(numbers) == 0 {
		return 0
	}
	return numbers[len(numbers)-1]
}

// URL is the address of the page.
func (d *trialData) URL() string { return trialURL(d.ID) }

// Folder is where the trial's files lie, below the home.
func (d *trialData) Folder() string { return "trials/" + d.ID }

// ReasonName is what the reason is called for which it did not come to its end.
func (d *trialData) ReasonName() string { return view.ReasonName(d.State) }

// NoteLines are those of the note that people wrote.
func (d *trialData) NoteLines() []string {
	if d.Note == "" {
		return nil
	}
	return strings.Split(d.Note, "\n")
}

// Charts reports whether there is something to draw: a curve, or what an attempt used over time.
func (d *trialData) Charts() bool {
	return slices.ContainsFunc(d.Metrics.all(), metricRow.Curve) ||
		slices.ContainsFunc(d.History, func(a view.Attempt) bool { return a.Resources != nil && len(a.Resources.Lines) > 1 })
}

// Rerun is the command that runs the trial again and compares.
func (d *trialData) Rerun() string { return "harness trial rerun " + d.ID }

// environment are the facts of an attempt that tell where it ran rather than what.
var environment = []string{"host", "cpu", "cores", "gpu", "driver", "threads", "go", "working folder"}

// attemptFacts are the facts of an attempt: what became of it, what code ran, and where.
func attemptFacts(a view.Attempt) (facts, code, where []view.Field) {
	provenance := a.Provenance()
	for _, f := range a.Lines() {
		switch {
		case !slices.Contains(provenance, f):
			facts = append(facts, f)
		case slices.Contains(environment, f.Name):
			where = append(where, f)
		default:
			code = append(code, f)
		}
	}
	return facts, code, where
}

// trialChoice is a trial that a reader may choose.
type trialChoice struct{ ID, Label string }

// mostChoices bounds what a reader chooses from by a list; any other trial is named by its ID.
const mostChoices = 500

// choices are the trials of the sweep of a trial.
func (s *Server) choices(ctx context.Context, of *view.Record) []trialChoice {
	if of.Sweep == "" {
		return nil
	}
	plan, err := s.plannedSweep(ctx, of.Sweep)
	if err != nil {
		return nil // the form takes any ID
	}
	var all []trialChoice
	for _, t := range plan.Trials[:min(len(plan.Trials), mostChoices)] {
		all = append(all, trialChoice{t.ID, t.Label})
	}
	return all
}
