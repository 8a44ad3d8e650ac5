package web

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"harness/internal/view"
	"harness/internal/web/fixture"
	"harness/registry"
	"harness/registry/journal"
	"harness/reports"
)

// few is a sweep whose rows are more than a page of the table shows.
var few = fixture.Size{Handle: "few", Rows: 120, Seeds: 2, Metrics: 3, Points: 1}

// filled is a server of a home with the sweep few.
func filled(t *testing.T) *Server {
	t.Helper()
	home := filepath.Join(t.TempDir(), "home")
	if err := few.Make(context.Background(), home); err != nil {
		t.Fatal(err)
	}
	s := New(Options{Home: home, Staleness: func(db *registry.DB) *view.Staleness {
		return view.NewStaleness(db, func() journal.Provenance { return journal.Provenance{} }, nil)
	}})
	t.Cleanup(func() { s.Close() })
	return s
}

func get(t testing.TB, s *Server, path string, status int) string {
	t.Helper()
	r, w := httptest.NewRequest("GET", path, nil), httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != status {
		t.Fatalf("%s: %d, want %d: %.400s", path, w.Code, status, w.Body)
	}
	return w.Body.String()
}

// TestTableIsThatOfReport holds the files of a table, and the numbers of the page, to what package reports prints.
func TestTableIsThatOfReport(t *testing.T) {
	s := filled(t)
	db, err := registry.OpenReadOnly(context.Background(), s.o.Home)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	plan, err := view.Plan(context.Background(), db, "few")
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{"", "sort=-metrics.metric/00&show=mean,ci,n", "columns=width&metrics=metric/01&filter=params.width+%3C+4", "baseline=width%3D2&group=width"} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		l, err := reports.LayoutOf(values)
		if err != nil {
			t.Fatal(err)
		}
		want, err := view.TableAs(context.Background(), db, plan, s.o.Staleness(db), l)
		if err != nil {
			t.Fatal(err)
		}
		for ending, f := range tableFormats {
			var text strings.Builder
			if err := want.Render(&text, f.format, reports.LatexOptions{}); err != nil {
				t.Fatal(err)
			}
			if got := get(t, s, "/sweeps/few/table."+ending+"?"+query, 200); got != text.String() {
				t.Errorf("%s as %s is not what report prints", query, ending)
			}
		}
		page, numbers := get(t, s, "/sweeps/few?"+query, 200), regexp.MustCompile(`\d+\.\d+ ± \d+\.\d+`)
		var text strings.Builder
		if err := want.Page(0, rowsShown).Text(&text); err != nil {
			t.Fatal(err)
		}
		table := page[strings.Index(page, "<tbody>"):strings.LastIndex(page, "</figure>")]
		table = regexp.MustCompile(`title="[^"]*"`).ReplaceAllString(table, "")
		wanted := numbers.FindAllString(text.String(), -1)
		if got := numbers.FindAllString(table, -1); len(got) == 0 && len(wanted) > 0 || strings.Join(got, "; ") != strings.Join(wanted, "; ") {
			t.Errorf("%s: the page has %d numbers, %d are wanted, or others", query, len(got), len(wanted))
		}
	}
}

// TestSweepPage asks for pages as a reader does, and makes a mistake in each part of the address.
func TestSweepPage(t *testing.T) {
	s := filled(t)
	for path, want := range map[string]string{
		"/sweeps/few":                                     `<td class="num"`,
		"/sweeps/few?page=2":                              "101 to 120 of 120",
		"/sweeps/few?page=999":                            "101 to 120 of 120",
		"/sweeps/few?tpage=2":                             "101 to 200 of 240",
		"/sweeps/few?trials=state+%3D%3D+'failed'":        "No trial is like that.",
		"/sweeps/few?trials=metrics.metric/00+%3C+99":     "1 to 100 of 240",
		"/sweeps/few?sort=params.lr&trials=seed+%3D%3D+1": `name="sort" value="params.lr"`,
		"/sweeps/few?sort=-metrics.metric/00":             `aria-sort="descending"`,
		"/sweeps/few?columns=width&metrics=metric/00":     `<th scope="colgroup"`,
		"/sweeps/few?show=mean":                           "Mean over n = 2 seeds.",
	} {
		if page := get(t, s, path, 200); !strings.Contains(page, want) {
			t.Errorf("%s: no %s", path, want)
		}
	}
	for path, want := range map[string]string{
		"/sweeps/few?sort=nothing":                   `sort: unknown name "nothing"`,
		"/sweeps/few?filter=params.lr+%3D+1":         `write == to compare`,
		"/sweeps/few?filter=metrics.metric/00+%3E+9": `filter: no row of 120 has metrics.metric/00 > 9`,
		"/sweeps/few?baseline=none":                  `baseline: "none" is neither a row nor PATH=VALUE of a parameter`,
		"/sweeps/few?metrics=metric/99":              `metrics: no trial has recorded "metric/99": did you mean metric/00?`,
		"/sweeps/few?page=0":                         `page: "0": want a number from 1 on`,
		"/sweeps/few?trials=stat+%3D%3D+1":           `trials: unknown name "stat"`,
		"/sweeps/few?rows=%22":                       `rows: "\"": want names between commas`,
		"/sweeps/few/table.csv?show=median":          `show: "median": want some of`,
	} {
		if page := html.UnescapeString(get(t, s, path, 400)); !strings.Contains(page, want) {
			t.Errorf("%s: no %s in %.2000s", path, want, page)
		}
	}
	for _, path := range []string{"/sweeps/none", "/sweeps/none/table.csv", "/sweeps/few/table.xls"} {
		get(t, s, path, 404)
	}
}

// TestRowLinksChooseTheirTrials follows the link of a row to its trials.
func TestRowLinksChooseTheirTrials(t *testing.T) {
	s := filled(t)
	page := get(t, s, "/sweeps/few", 200)
	link := regexp.MustCompile(`<th scope="row" class="lead"><a href="([^"]*)#trials">`).FindStringSubmatch(page)
	if link == nil {
		t.Fatal("no row is a link")
	}
	if page = get(t, s, html.UnescapeString(link[1]), 200); strings.Count(page, `<tr id="trial-`) != few.Seeds {
		t.Errorf("%s shows %d trials", link[1], strings.Count(page, `<tr id="trial-`))
	}
}

// TestSweepList looks for sweeps, sorts them, and waits for the leading row.
func TestSweepList(t *testing.T) {
	s := filled(t)
	writer, err := registry.Open(context.Background(), s.o.Home)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	const hostile = `<script>alert(1)</script>` + "\x1b[31m"
	for i := range 130 {
		name := fmt.Sprintf("s%03d", i)
		if i == 7 {
			name = hostile
		}
		if err := writer.Plan(context.Background(), registry.Sweep{Handle: name, Name: name, Plan: json.RawMessage("{}"), Planned: time.UnixMilli(int64(1e12 + i*1e6))}); err != nil {
			t.Fatal(err)
		}
	}
	rows := func(page string) int { return strings.Count(page, `<tr id="sweep-`) }
	for path, want := range map[string]int{"/": 100, "/?page=2": 31, "/?q=S00": 9, "/?q=few": 1, "/?state=done": 1, "/?state=failed": 0, "/?q=s01&sort=-sweep": 10} {
		if got := rows(get(t, s, path, 200)); got != want {
			t.Errorf("%s has %d rows, want %d", path, got, want)
		}
	}
	if page := get(t, s, "/?q=script", 200); strings.Contains(page, "<script>alert") || !strings.Contains(page, `&lt;script&gt;alert(1)&lt;/script&gt;\x1b[31m`) {
		t.Error("a hostile name is not shown as text")
	}
	page := get(t, s, "/?sort=-sweep", 200)
	if strings.Index(page, ">s129<") > strings.Index(page, ">s100<") || !strings.Contains(page, `aria-sort="descending"`) {
		t.Error("not sorted by name, falling")
	}
	get(t, s, "/?sort=size", 400)
	get(t, s, "/?state=good", 400)
	get(t, s, "/?page=x", 400)
	for range 100 {
		if page = get(t, s, "/?q=few", 200); strings.Contains(page, "metric/00") {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if !strings.Contains(page, "metric/00 ↑") || !regexp.MustCompile(`\d\.\d{3} ± \d\.\d{3}`).MatchString(page) {
		t.Errorf("no leading row: %s", page)
	}
}

// TestEmptyHome shows the list of a home in which nothing was run.
func TestEmptyHome(t *testing.T) {
	s := New(Options{Home: t.TempDir()})
	defer s.Close()
	if page := get(t, s, "/", 200); !strings.Contains(page, "harness sweep smoke") {
		t.Errorf("%s", page)
	}
	if _, err := os.Stat(filepath.Join(s.o.Home, "registry.db")); err == nil {
		t.Error("looking at an empty home has made a registry")
	}
}
