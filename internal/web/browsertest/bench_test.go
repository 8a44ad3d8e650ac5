package browsertest

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/chromedp/chromedp"

	"harness/internal/web/fixture"
	"harness/registry"
)

var bench = flag.String("bench-homes", "", "TestBenchServe measures, with its homes in this folder: make bench-serve")

// benchRow is a row of the table that the benchmark prints. Target 0 = none.
type benchRow struct {
	what          string
	median, p95   float64
	target        float64
	unit, verdict string
}

type benchTable struct {
	t    *testing.T
	rows []benchRow
}

// add adds a row of measurements in milliseconds.
func (b *benchTable) add(what string, target float64, times []time.Duration) {
	slices.Sort(times)
	ms := func(i int) float64 { return float64(times[min(i, len(times)-1)].Microseconds()) / 1000 }
	b.put(benchRow{what: what, median: ms(len(times) / 2), p95: ms(len(times) * 95 / 100), target: target, unit: "ms"})
}

func (b *benchTable) put(r benchRow) {
	if r.target > 0 {
		r.verdict = "met"
		if r.median > r.target {
			r.verdict = "MISSED"
		}
	}
	b.rows = append(b.rows, r)
	b.t.Logf("%s: %.4g %s (p95 %.4g) %s", r.what, r.median, r.unit, r.p95, r.verdict)
}

func (b *benchTable) print() {
	fmt.Printf("%d cores, %s\n", runtime.NumCPU(), time.Now().UTC().Format("2006-01-02"))
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "WHAT\tMEDIAN\tP95\tTARGET\t")
	for _, r := range b.rows {
		p95, target := "", ""
		if r.p95 > 0 {
			p95 = fmt.Sprintf("%.4g %s", r.p95, r.unit)
		}
		if r.target > 0 {
			target = fmt.Sprintf("< %.4g %s", r.target, r.unit)
		}
		fmt.Fprintf(w, "%s\t%.4g %s\t%s\t%s\t%s\n", r.what, r.median, r.unit, p95, target, r.verdict)
	}
	w.Flush()
}

// TestBenchServe measures the page on homes of 20 million points, through the real command and a real browser.
func TestBenchServe(t *testing.T) {
	if *bench == "" {
		t.Skip("make bench-serve")
	}
	b := &benchTable{t: t}
	for _, size := range []fixture.Size{fixture.Large, fixture.Lengthy} {
		path := filepath.Join(*bench, size.Handle)
		began := time.Now()
		if err := size.Make(context.Background(), path); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %s", path, time.Since(began))
		b.pages(size, path)
	}
	b.sweep()
	b.print()
}

var source = regexp.MustCompile(`data-src="([^"]*)"`)

// pages measures the pages of one home.
func (b *benchTable) pages(size fixture.Size, path string) {
	h := &fixture.Home{Path: path, Folder: path, Harness: *harness}
	s := serve(b.t, h)
	name := fmt.Sprintf("%s: ", size.Handle)
	first := b.fetch(s.base+"/", 1)
	b.add(name+"list, first", 0, first)
	b.add(name+"list", 300, b.fetch(s.base+"/", 20))
	b.add(name+"table, first", 0, b.fetch(s.base+sweepPath(size.Handle), 1))
	b.add(name+"table", 300, b.fetch(s.base+sweepPath(size.Handle), 20))
	if size.Metrics > 1 {
		b.add(name+"table sorted by a metric, first", 0, b.fetch(s.base+sweepPath(size.Handle)+"?sort=-metrics."+size.Metric(0), 1))
		b.add(name+"table sorted by a metric", 300, b.fetch(s.base+sweepPath(size.Handle)+"?sort=-metrics."+size.Metric(0), 10))
		b.add(name+"all rows as CSV", 0, b.fetch(s.base+sweepPath(size.Handle)+"/table.csv", 3))
	}
	list := trials(b.t, h, size.Handle)[registry.Done]
	trial := "/trials/" + list[len(list)/2].ID
	b.add(name+"trial, first", 0, b.fetch(s.base+trial, 1))
	b.add(name+"trial", 300, b.fetch(s.base+trial, 20))
	for _, page := range []string{sweepPath(size.Handle) + "/charts", trial + "/charts"} {
		what := "sweep"
		if strings.HasPrefix(page, "/trials") {
			what = "trial"
		}
		seen := map[string]bool{}
		for _, m := range source.FindAllStringSubmatch(string(b.read(s.base+page)), -1) {
			address := strings.ReplaceAll(m[1], "&amp;", "&")
			kind, _, _ := strings.Cut(address[strings.LastIndex(address, "/")+1:], "?")
			if seen[kind] {
				continue
			}
			seen[kind] = true
			b.add(name+kind+" of a "+what+", first", 0, b.fetch(s.base+address, 1))
			b.add(name+kind+" of a "+what, 200, b.fetch(s.base+address, 10))
		}
	}
	b.inBrowser(name, s, map[string]string{"list": "/", "table": sweepPath(size.Handle), "trial": trial})
	memory, most := rss(b.t, s.cmd.Process.Pid)
	b.put(benchRow{what: name + "memory of serve after all that", median: memory, unit: "MB", target: 200})
	b.put(benchRow{what: name + "its most", median: most, unit: "MB"})
}

// fetch asks an address n times, and takes the time up to the last byte.
func (b *benchTable) fetch(address string, n int) []time.Duration {
	b.t.Helper()
	var times []time.Duration
	for range n {
		began := time.Now()
		b.read(address)
		times = append(times, time.Since(began))
	}
	return times
}

func (b *benchTable) read(address string) []byte {
	b.t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		b.t.Fatalf("%s: %s, %v: %.300s", address, answer.Status, err, body)
	}
	return body
}

// inBrowser measures from the start of the navigation until the page has been drawn and answers, and until its first chart is there.
func (b *benchTable) inBrowser(name string, s *server, pages map[string]string) {
	for _, what := range slices.Sorted(maps.Keys(pages)) {
		var usable, charts []time.Duration
		for range 5 {
			p := open(b.t, s.base)
			p.look(1280)
			p.do(chromedp.Navigate(s.base + pages[what]))
			usable = append(usable, milliseconds(eval[float64](p, `new Promise(done => requestAnimationFrame(() => setTimeout(() => done(performance.now()), 0)))`)))
			if what != "list" {
				eval[bool](p, `(document.getElementById('charts').scrollIntoView(), true)`)
				p.await("a chart", `document.querySelector('figure[data-chart] canvas, figure[data-chart] svg')`)
				charts = append(charts, milliseconds(eval[float64](p, `performance.now()`)))
			}
			p.clean()
		}
		b.add(name+what+" usable in Chromium", 1000, usable)
		if len(charts) > 0 {
			b.add(name+"first chart of the "+what+" drawn", 0, charts)
		}
	}
}

func milliseconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

// rss is the resident memory of a process in megabytes: now, and the most so far.
func rss(t *testing.T, pid int) (now, most float64) {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skipf("memory is read from /proc: %v", err)
	}
	field := func(name string) float64 {
		_, rest, _ := strings.Cut(string(data), name+":")
		kB, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
		if err != nil {
			t.Fatal(err)
		}
		return kB / 1024
	}
	return field("VmRSS"), field("VmHWM")
}

// processorTime is how many seconds of a core a process has used.
func processorTime(t *testing.T, pid int) float64 {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	const user, ticks = 11, 100 // fields behind the name, and ticks a second
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+2:]))
	var sum float64
	for _, field := range fields[user : user+2] {
		n, err := strconv.ParseFloat(field, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += n / ticks
	}
	return sum
}

// sweep measures whether a sweep takes longer while its pages are open: alone, with two streams of events whose reader asks for the page anew
// as the script does, and in two tabs of a browser on the same machine. The three are measured in turns.
func (b *benchTable) sweep() {
	const rounds = 5
	var alone, watched, tabs, shares []float64
	run := func(look func(s *server) func()) float64 {
		dir := b.t.TempDir()
		h := &fixture.Home{Path: filepath.Join(dir, "home"), Folder: dir, Harness: *harness}
		if err := os.MkdirAll(h.Path, 0o755); err != nil {
			b.t.Fatal(err)
		}
		var s *server
		if look != nil {
			s = serve(b.t, h)
			defer look(s)()
		}
		began := time.Now()
		if out, err := h.Command(context.Background(), "sweep", "smoke", "--quiet").CombinedOutput(); err != nil {
			b.t.Fatalf("%v: %s", err, out)
		}
		took := time.Since(began).Seconds()
		if s != nil {
			shares = append(shares, 100*processorTime(b.t, s.cmd.Process.Pid)/took)
		}
		return took
	}
	for range rounds {
		alone = append(alone, run(nil))
		watched = append(watched, run(b.readers))
		tabs = append(tabs, run(b.tabs))
	}
	ratio := func(list []float64) float64 {
		var ratios []float64
		for i := range list { // each to the one alone of the same round
			ratios = append(ratios, list[i]/alone[i])
		}
		slices.Sort(ratios)
		return ratios[len(ratios)/2]
	}
	slices.Sort(alone)
	b.put(benchRow{what: "smoke sweep alone", median: alone[len(alone)/2], unit: "s"})
	b.put(benchRow{what: "the same while two readers follow it, to alone", median: ratio(watched), unit: "×", target: 1.05})
	slices.Sort(shares)
	b.put(benchRow{what: "processor time of serve meanwhile, of one core", median: shares[len(shares)/2], p95: shares[len(shares)-1], unit: "%"})
	b.put(benchRow{what: "the same in two tabs of Chromium on this machine, to alone", median: ratio(tabs), unit: "×"})
}

// readers follow two pages as app.js does: a stream of events, and the page anew after a change, at most once in 1.5 s.
func (b *benchTable) readers(s *server) func() {
	ctx, cancel := context.WithCancel(context.Background())
	for _, path := range []string{"/", sweepPath("smoke")} {
		go func() {
			for ctx.Err() == nil {
				request, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/events", nil)
				answer, err := http.DefaultClient.Do(request)
				if err != nil {
					return
				}
				line := make([]byte, 4096)
				for {
					if _, err := answer.Body.Read(line); err != nil {
						break
					}
					if page, err := http.Get(s.base + path); err == nil {
						io.Copy(io.Discard, page.Body)
						page.Body.Close()
					}
					time.Sleep(1500 * time.Millisecond)
				}
				answer.Body.Close()
			}
		}()
	}
	return cancel
}

// tabs opens the list and the page of the sweep.
func (b *benchTable) tabs(s *server) func() {
	ctx, cancel := context.WithCancel(context.Background())
	for _, path := range []string{"/", sweepPath("smoke")} {
		p := open(b.t, s.base)
		p.allowed[http.StatusNotFound] = true // the sweep is not planned yet
		p.do(chromedp.Navigate(s.base + path))
		go func() { // a reader loads the page again once the sweep is there
			select {
			case <-time.After(time.Second):
				_ = chromedp.Do(p.ctx, chromedp.Navigate(s.base+path))
			case <-ctx.Done():
			}
		}()
	}
	return cancel
}
