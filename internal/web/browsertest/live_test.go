package browsertest

import (
	"context"
	"testing"
	"time"

	"harness/internal/web/fixture"
	"harness/registry"
)

// running starts the sweep Live and waits until its trials report.
func running(t *testing.T, h *fixture.Home) (ids []string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := h.Live(ctx)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		for _, lr := range []string{"0.1", "0.2"} {
			if err := h.Release(lr); err != nil {
				t.Error(err)
			}
		}
		select {
		case <-ended:
		case <-time.After(patience):
			cancel()
			t.Error("the sweep did not end")
		}
		cancel()
	})
	deadline := time.Now().Add(patience)
	for {
		ids = ids[:0]
		if db, err := registry.OpenReadOnly(ctx, h.Path); err == nil {
			list, _ := db.Trials(ctx, registry.Query{Sweep: fixture.Live, Brief: true})
			for _, one := range list {
				if one.State == registry.Running && one.Newest.Number == 1 {
					ids = append(ids, one.ID)
				}
			}
			db.Close()
		}
		if len(ids) == 2 {
			return ids
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d trials run", len(ids))
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// TestLiveUpdates watches a sweep from its pages: what ends is shown without loading anew, and what the reader did stays.
func TestLiveUpdates(t *testing.T) {
	h := ownHome(t)
	ids := running(t, h)
	s := serve(t, h)
	pages := map[string]*tab{}
	for name, path := range map[string]string{"list": "/", "sweep": sweepPath(fixture.Live), "trial": "/trials/" + ids[0]} {
		p := open(t, s.base)
		p.look(1280)
		p.visit(path)
		p.await(name, `document.getElementById('live').textContent === 'live'`)
		eval[bool](p, `(() => {
			window.__same = true;
			for (const d of document.querySelectorAll('details')) d.open = true;
			const target = document.querySelector('[data-live] summary, [data-live] a, [data-live] button') || document.querySelector('a[href]');
			target.focus();
			window.__focus = target;
			return true;
		})()`)
		pages[name] = p
	}
	shows := func(name, what, expression string) {
		t.Helper()
		pages[name].await(name+" shows "+what, `window.__same && (`+expression+`)`)
	}
	const text = `document.querySelector('main').innerText`
	shows("list", "that it runs", `/running/.test(`+text+`)`)
	shows("trial", "that it runs", `/running/.test(`+text+`)`)
	step := eval[string](pages["trial"], text)
	pages["trial"].await("the trial's page goes on", text+` !== `+jsonText(step))
	if err := h.Release("0.1"); err != nil {
		t.Fatal(err)
	}
	shows("trial", "its end", `/\bdone\b/.test(`+text+`) && !/\brunning\b/.test(document.querySelector('[data-live]').innerText)`)
	shows("list", "one that is done", `/\b1 done\b|\bdone 1\b|1\/2/.test(document.getElementById('sweep-live').innerText)`)
	shows("sweep", "its number", `/0\.93[78]/.test(`+text+`)`)
	for name, p := range pages {
		if n := eval[int](p, `[...document.querySelectorAll('details')].filter(d => !d.open).length`); n > 0 {
			t.Errorf("%s: %d disclosures were closed by an update", name, n)
		}
		if !eval[bool](p, `window.__focus.isConnected ? document.activeElement === window.__focus : document.activeElement !== document.body`) {
			t.Errorf("%s: an update took the focus", name)
		}
		p.clean()
	}
}

// TestServerGone holds that a page says so when its server has ended, and goes on without a word of error when it is there again.
func TestServerGone(t *testing.T) {
	h := home(t)
	s := serve(t, h)
	p := open(t, s.base)
	p.visit("/")
	p.await("connected", `document.getElementById('live').textContent === 'live'`)
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.await("it says so", `/not connected/.test(document.getElementById('live').textContent)`)
	if text := eval[string](p, `document.querySelector('main').innerText`); len(text) < 100 {
		t.Errorf("nothing is left of the page: %q", text)
	}
}
