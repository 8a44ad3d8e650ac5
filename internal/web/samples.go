package web

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"harness/internal/escape"
	"harness/registry"
	"harness/reports"
	"harness/reports/examples"
	"harness/reports/plots"
	"harness/sweeps"
)

const (
	samplesOnPage = 10
	mostOnPage    = 50
)

// samplesURL is the address of a sweep's samples.
func samplesURL(handle string) string { return sweepURL(handle) + "/samples" }

// samplesQuery is what an address asks for: task, seed, right, wrong, finding, q, disagree, sort, page, n, boxes, id.
type samplesQuery struct {
	values url.Values
	task   string
	seed   *int64
	filter examples.Filter
	order  examples.Order
	page   int // from 1
	n      int // on a page
	boxes  string
	id     string // one sample, which decides the page
}

// parseSamples reads an address.
func parseSamples(values url.Values) (samplesQuery, error) {
	q := samplesQuery{values: values, task: values.Get("task"), order: examples.Order(values.Get("sort")), page: 1, n: samplesOnPage, boxes: values.Get("boxes"), id: values.Get("id")}
	q.filter = examples.Filter{Right: given(values["right"]), Wrong: given(values["wrong"]), Finding: values.Get("finding"), Text: values.Get("q"), Disagree: values.Get("disagree") != ""}
	for name, into := range map[string]*int{"page": &q.page, "n": &q.n} {
		if text := values.Get(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 {
				return q, badRequest{fmt.Errorf("%s=%s: want a number from 1", name, escape.Line(text))}
			}
			*into = n
		}
	}
	q.n = min(q.n, mostOnPage)
	if text := values.Get("seed"); text != "" {
		seed, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return q, badRequest{fmt.Errorf("seed=%s: want a seed of the sweep", escape.Line(text))}
		}
		q.seed = &seed
	}
	return q, nil
}

// given are the texts that are not empty: a form sends fields that nobody filled in.
func given(texts []string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(text string) bool { return text == "" })
}

// with is the address with another value; "" leaves it out. What depends on the page is left out, too.
func (q samplesQuery) with(base, name, value string) string {
	values := url.Values{}
	for key, list := range q.values {
		if list := given(list); len(list) > 0 && key != "id" && (key != "page" || name == "id") {
			values[key] = list
		}
	}
	if values.Del(name); value != "" {
		values.Set(name, value)
	}
	if len(values) == 0 {
		return base
	}
	return base + "?" + values.Encode()
}

// samplesData is what the template shows.
type samplesData struct {
	Handle    string
	Base      string
	Samples   *examples.Samples
	Filter    examples.Filter
	Order     examples.Order
	Orders    []sampleOrder
	Query     samplesQuery
	Found     int
	First     int // of Found, from 1; 0 where there are none
	Last      int
	Page      int
	Pages     int
	Previous  string // addresses
	Next      string
	Boxes     string
	NoImages  string // why there are none
	Opening   bool   // the data set is being opened
	Shown     []shownSample
	Controls  []carried // of the form, what it does not show
	OtherTask []taskLink
	Problem   string
	Copies    []copyAs // of how often each row is right
}

type (
	sampleOrder struct{ Value, Text string }
	taskLink    struct {
		Text, URL string
		Current   bool
	}
	carried struct{ Name, Value string }
)

// shownSample is one sample on the page.
type shownSample struct {
	ID, URL, Question, Reference string
	References                   []string // further ones
	Images                       []shownImage
	NoImages                     string
	Answers                      []shownAnswer
	Right, Wrong                 int
}

type shownImage struct {
	Caption, Described, URL string
	Width, Height           int
	Boxes, Key              template.HTML
}

type shownAnswer struct {
	Row, TrialURL string
	Verdict       examples.Verdict
	Class, Sign   string
	Text          template.HTML
	Score         string
	Absent        bool
}

var orderTexts = map[examples.Order]string{
	examples.OrderID: "ID", examples.OrderSpread: "rows differ most first", examples.OrderHardest: "fewest rows right first",
	examples.OrderEasiest: "most rows right first", examples.OrderFindings: "most findings first",
}

// samplesPage shows the test samples of a sweep with the answers of all rows.
func (s *Server) samplesPage(w http.ResponseWriter, r *http.Request) {
	handle := r.PathValue("handle")
	q, err := parseSamples(r.URL.Query())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	data, err := s.samplesData(r, handle, q)
	if err != nil {
		s.fail(w, r, misusedAddress(err))
		return
	}
	s.render(w, r, http.StatusOK, "samples.html", frame{Title: "samples of " + handle, Styles: []string{"samples.css"}, Scripts: []string{"samples.js"},
		Trail: []crumb{{handle, sweepURL(handle)}, {"samples", samplesURL(handle)}}}, data)
}

// misusedAddress is an error of an address where an option of it cannot be met.
func misusedAddress(err error) error {
	var option *plots.OptionError
	if errors.As(err, &option) {
		return badRequest{option}
	}
	return err
}

// samples reads the answers to all samples, or has them from the last time.
func (s *Server) samples(r *http.Request, handle string, q samplesQuery) (*sampled, error) {
	seed := "first"
	if q.seed != nil {
		seed = fmt.Sprint(*q.seed)
	}
	key := fmt.Sprintf("samples %q %q %s", handle, q.task, seed)
	value, _, err := cached(r.Context(), s, key, func(v *sampled) int64 { return v.samples.Bytes() }, func(ctx context.Context, db *registry.DB) (*sampled, error) {
		return s.readSamples(r.WithContext(ctx), db, handle, key, q)
	})
	return value, err
}

// lastSamples are those that were read last: a sweep that runs changes the registry all the time, and the answers of trials that are done
// stay what they are.
type lastSamples struct {
	mu   sync.Mutex
	key  string
	from string // whose answers they are
	of   *sampled
}

// mostProbed bounds the trials that are asked whether they have kept answers.
const mostProbed = 12

// hasAnswers reports whether one of the first trials of a program has kept answers; the built-in trainer's always do.
func hasAnswers(ctx context.Context, db *registry.DB, plan *sweeps.Plan) (bool, error) {
	if !plan.Command {
		return false, nil
	}
	ids := plan.IDs()
	trials, err := db.Trials(ctx, registry.Query{IDs: ids[:min(mostProbed, len(ids))], Brief: true})
	return slices.ContainsFunc(trials, func(t registry.Trial) bool { return t.Result > 0 && db.PredictionsOf(t.ID, t.Result) != "" }), err
}

// sampled are samples with what images are found by.
type sampled struct {
	samples *examples.Samples
	plan    *sweeps.Plan
	results reports.Results
}

func (s *Server) readSamples(r *http.Request, db *registry.DB, handle, key string, q samplesQuery) (*sampled, error) {
	plan, err := s.plan(r.Context(), db, handle)
	if err != nil {
		return nil, err
	}
	results, err := reports.Load(r.Context(), db, plan)
	if err != nil {
		return nil, err
	}
	last, from := &s.lastSamples, answersOf(plan, results)
	last.mu.Lock()
	defer last.mu.Unlock()
	if last.key == key && last.from == from {
		return last.of, nil
	}
	all, err := examples.ReadSamples(plan, results, q.task, q.seed)
	if err != nil {
		return nil, err
	}
	of := &sampled{all, plan, reports.Results{}}
	for _, row := range all.Rows {
		if r, ok := results[row.Trial]; ok { // the others, and all numbers, take too much to be kept
			r.Values = nil
			of.results[row.Trial] = r
		}
	}
	last.key, last.from, last.of = key, from, of
	return of, nil
}

// answersOf names the answers that the trials of a plan have kept, and why others have none.
func answersOf(plan *sweeps.Plan, results reports.Results) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %d\n", plan.Handle, plan.Seeds)
	for _, row := range plan.Rows {
		fmt.Fprintf(h, "%q %q\n", row.Name, row.Control)
		for _, id := range row.Trials {
			r := results[id]
			fmt.Fprintf(h, "%s %s %q %q\n", id, r.State, r.Predictions, r.Error)
		}
	}
	return string(h.Sum(nil))
}

// samplesData chooses the samples of a page and what is shown of them.
func (s *Server) samplesData(r *http.Request, handle string, q samplesQuery) (*samplesData, error) {
	of, err := s.samples(r, handle, q)
	if err != nil {
		return nil, err
	}
	d := &samplesData{Handle: handle, Base: samplesURL(handle), Samples: of.samples, Filter: q.filter, Order: cmp.Or(q.order, examples.OrderID), Query: q,
		Copies: copiesOf(samplesURL(handle)+"/rows", withoutPages(q.values))}
	for _, o := range examples.Orders {
		d.Orders = append(d.Orders, sampleOrder{string(o), orderTexts[o]})
	}
	places, err := of.samples.Choose(q.filter, q.order)
	if err != nil {
		return nil, err
	}
	if d.Problem = reasons(of.samples); of.samples.Len() > 0 {
		d.Problem = ""
	}
	if err := d.turnTo(places, q); err != nil {
		return nil, err
	}
	d.describe(q)
	var page []int
	if d.Found > 0 {
		page = places[d.First-1 : d.Last]
	}
	chosen, err := of.samples.Show(page, q.boxes)
	if err != nil {
		return nil, err
	}
	d.Boxes = chosen.BoxesOf
	s.illustrate(r, handle, of, chosen, d)
	for i, p := range chosen.Pairs {
		d.Shown = append(d.Shown, d.sample(p, of.samples, page[i]))
	}
	return d, nil
}

// turnTo finds the page: the one that was asked for, or that of one sample.
func (d *samplesData) turnTo(places []int, q samplesQuery) error {
	d.Found, d.Page = len(places), q.page
	d.Pages = max(1, (d.Found+q.n-1)/q.n)
	if q.id != "" {
		at, ok := d.Samples.Place(q.id)
		if !ok {
			return badRequest{fmt.Errorf("id=%s: there is no such sample of %s", escape.Line(q.id), escape.Line(d.Samples.Task))}
		}
		if in := slices.Index(places, at); in >= 0 {
			d.Page = in/q.n + 1
		} else {
			return badRequest{fmt.Errorf("id=%s: the filter leaves this sample out", escape.Line(q.id))}
		}
	}
	d.Page = min(d.Page, d.Pages)
	if d.Found > 0 {
		d.First, d.Last = (d.Page-1)*q.n+1, min(d.Page*q.n, d.Found)
	}
	return nil
}

// describe adds the addresses of neighbours and tasks, and what a form must carry along.
func (d *samplesData) describe(q samplesQuery) {
	page := func(n int) string {
		address := q.with(d.Base, "page", strconv.Itoa(n))
		return address
	}
	if d.Page > 1 {
		d.Previous = page(d.Page - 1)
	}
	if d.Page < d.Pages {
		d.Next = page(d.Page + 1)
	}
	for _, task := range d.Samples.Tasks {
		address := d.Base + "?" + url.Values{"task": {task}, "seed": {fmt.Sprint(d.Samples.TrialSeed)}}.Encode()
		d.OtherTask = append(d.OtherTask, taskLink{task, address, task == d.Samples.Task})
	}
	if q.task != "" {
		d.Controls = append(d.Controls, carried{"task", q.task})
	}
}

// sample is what is shown of one.
func (d *samplesData) sample(p examples.Pair, all *examples.Samples, place int) shownSample {
	one := shownSample{ID: p.ID, URL: d.Query.with(d.Base, "id", p.ID), Question: p.Question, Reference: p.Reference, References: all.Others(place)}
	for k, image := range p.Images {
		shown := shownImage{Caption: image.Role + " image", Described: p.Described(k), URL: image.Address, Width: image.Width, Height: image.Height, Key: template.HTML(p.Key(k)), Boxes: template.HTML(p.Overlay(k))}
		if files, _ := p.Files(); len(files) > 0 {
			shown.Caption = image.Role
		}
		one.Images = append(one.Images, shown)
	}
	for i, a := range p.Answers {
		shown := shownAnswer{Row: a.Row, Verdict: a.Verdict, Text: template.HTML(a.Body()), Absent: a.Absent != ""}
		if trial := all.Rows[i].Trial; trial != "" {
			shown.TrialURL = trialURL(trial)
		}
		switch a.Verdict {
		case examples.RightAnswer:
			shown.Class, shown.Sign = "is-right", "✓"
			one.Right++
		case examples.WrongAnswer:
			shown.Class, shown.Sign = "is-wrong", "✗"
			one.Wrong++
		default:
			shown.Class, shown.Sign = "is-none", "–"
		}
		for _, score := range []*float64{a.F1, a.IoU} {
			if score != nil {
				shown.Score = fmt.Sprintf("%s %.2f", all.Measure.Score(), *score)
			}
		}
		one.Answers = append(one.Answers, shown)
	}
	return one
}

// reasons says why no row has answers.
func reasons(all *examples.Samples) string {
	var list []string
	for _, row := range all.Rows {
		if text := cmp.Or(row.Absent, "no answers"); !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return fmt.Sprintf("No answers were kept by the trials of seed %d: %s.", all.TrialSeed, strings.Join(list, "; "))
}
