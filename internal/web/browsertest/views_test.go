package browsertest

import (
	"context"
	"net/url"
	"testing"

	"harness/internal/web/fixture"
	"harness/registry"
)

// view is a page of the server.
type view struct {
	name   string
	path   string
	status int64 // 0 = 200
	keys   bool  // it is short enough to go through with Tab
}

// sweepPath is the address of a sweep's page.
func sweepPath(handle string) string { return "/sweeps/" + url.PathEscape(handle) }

// trials are those of a sweep by their state, in the order of the sweep.
func trials(t testing.TB, h *fixture.Home, sweep string) map[registry.State][]registry.Trial {
	t.Helper()
	db, err := registry.OpenReadOnly(context.Background(), h.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	list, err := db.Trials(context.Background(), registry.Query{Sweep: sweep, Brief: true})
	if err != nil || len(list) == 0 {
		t.Fatalf("%s: %d trials, %v", sweep, len(list), err)
	}
	by := map[registry.State][]registry.Trial{}
	for _, one := range list {
		by[one.State] = append(by[one.State], one)
	}
	return by
}

// views are all kinds of pages of the small home.
func views(t testing.TB, h *fixture.Home) []view {
	smoke, grid := trials(t, h, "smoke"), trials(t, h, "grid")
	stopped, missing, hostile := trials(t, h, "stopped"), trials(t, h, "broken"), trials(t, h, "hostile")
	done := grid[registry.Done]
	list := []view{
		{name: "list", path: "/", keys: true},
		{name: "trial", path: "/trials/" + smoke[registry.Done][0].ID, keys: true},
		{name: "trial of a program", path: "/trials/" + done[0].ID, keys: true},
		{name: "trial that failed", path: "/trials/" + grid[registry.Failed][0].ID},
		{name: "trial that was stopped", path: "/trials/" + stopped[registry.Stopped][0].ID},
		{name: "trial that has not run", path: "/trials/" + missing[registry.Queued][0].ID},
		{name: "trial of strangers", path: "/trials/" + hostile[registry.Done][0].ID},
		{name: "trial of strangers that failed", path: "/trials/" + hostile[registry.Failed][0].ID},
		{name: "difference", path: "/diff?a=" + done[0].ID + "&b=" + done[len(done)-1].ID, keys: true},
		{name: "difference of strangers", path: "/diff?a=" + hostile[registry.Done][0].ID + "&b=" + hostile[registry.Failed][0].ID},
		{name: "no difference", path: "/diff?a=" + done[0].ID + "&b=" + done[0].ID},
		{name: "difference of nothing", path: "/diff?a=nothing&b=" + done[0].ID, status: 404},
		{name: "samples", path: sweepPath("smoke") + "/samples", keys: true},
		{name: "samples of strangers", path: sweepPath("smoke") + "/samples?seed=1"},
		{name: "samples, filtered", path: sweepPath("smoke") + "/samples?task=caref"},
		{name: "sweep laid out anew", path: sweepPath("grid") + "?group=lr&sort=-metrics.acc&show=mean&show=ci&show=delta&filter=" + url.QueryEscape("metrics.acc > 0.5")},
		{name: "sweep laid out wrongly", path: sweepPath("grid") + "?filter=" + url.QueryEscape("metrics.acc >"), status: 400},
		{name: "charts", path: sweepPath("grid") + "/charts", keys: true},
		{name: "charts of a trial", path: "/trials/" + done[0].ID + "/charts"},
		{name: "files", path: "/trials/" + hostile[registry.Done][0].ID + "/files/"},
		{name: "no samples", path: sweepPath("grid") + "/samples"},
		{name: "no such sweep", path: "/sweeps/none", status: 404, keys: true},
		{name: "no such trial", path: "/trials/0123456789abcdef", status: 404},
		{name: "no such page", path: "/nowhere", status: 404},
	}
	for _, sweep := range []string{"smoke", "grid", "tuned", "stopped", "broken", "published", "gone", "hostile"} {
		list = append(list, view{name: "sweep " + sweep, path: sweepPath(sweep), keys: sweep == "grid"})
	}
	return list
}

// TestViews opens every kind of page, and looks at it in all ways.
func TestViews(t *testing.T) {
	h := home(t)
	s := serve(t, h)
	for _, v := range views(t, h) {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			p := open(t, s.base)
			p.allowed[v.status] = true
			p.look(1280)
			p.visit(v.path)
			if got, want := p.statusOf(), max(v.status, 200); got != want {
				t.Fatalf("%.200s: status %d, want %d", v.path, got, want)
			}
			p.sound()
			if v.keys {
				p.expect("keyboard", p.keyboard())
			}
			p.clean()
		})
	}
}

// mostTitle is how long a title may be: what a tab shows of it is far less.
const mostTitle = 300

// statusOf is the status of the page itself.
func (p *tab) statusOf() int64 {
	p.t.Helper()
	return eval[int64](p, `performance.getEntriesByType('navigation')[0].responseStatus`)
}

// sound looks at a page in light and dark, wide and narrow, still and printed.
func (p *tab) sound() {
	p.t.Helper()
	if title := eval[string](p, `document.title`); title == "" || len(title) > mostTitle {
		p.t.Errorf("title %.40q of %d characters", title, len(title))
	}
	p.expect("structure", eval[[]string](p, `[
		document.documentElement.lang ? '' : 'no language',
		document.querySelectorAll('h1').length === 1 ? '' : document.querySelectorAll('h1').length + ' headings of the first level',
		document.querySelector('main') ? '' : 'no main',
		document.querySelector('meta[name=viewport]') ? '' : 'no viewport'].filter(x => x)`))
	p.expect("hostile texts", p.strange())
	p.expect("1280 px", p.overflow())
	p.expect("accessibility, light", p.barriers())
	p.look(390)
	p.expect("390 px", p.overflow())
	p.look(390, "dark", "reduce")
	p.expect("accessibility, dark and narrow", p.barriers())
	p.expect("reduced motion", p.moving())
	p.expect("dark", eval[[]string](p, `(() => {
		const rgb = getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g).map(Number);
		const root = getComputedStyle(document.documentElement).backgroundColor.match(/[\d.]+/g).map(Number);
		const c = rgb.length > 3 && rgb[3] === 0 ? root : rgb;
		return c[0] + c[1] + c[2] > 250 ? ['the background is ' + c] : [];
	})()`))
	p.look(1280)
}

// TestHostileTexts opens sweeps with such names, and looks for each where it must be read: as a text, its control characters written out.
func TestHostileTexts(t *testing.T) {
	h := home(t)
	s := serve(t, h)
	for _, text := range fixture.Hostile() {
		t.Run(text.Name, func(t *testing.T) {
			t.Parallel()
			p := open(t, s.base)
			p.look(1280)
			p.visit(sweepPath(text.Text))
			shown := eval[string](p, `document.querySelector('h1').textContent`)
			if want := readable(text.Text); !contains(shown, want) {
				t.Errorf("the heading is %.80q, want %.80q", shown, want)
			}
			if title := eval[string](p, `document.title`); title == "" || len(title) > mostTitle {
				t.Errorf("title %.40q of %d characters", title, len(title))
			}
			p.expect("hostile texts", p.strange())
			p.look(390)
			p.expect("390 px", p.overflow())
			p.clean()
		})
	}
}
