package browsertest

import "testing"

// TestTable uses the table of a sweep as a reader does: a click on a head sorts without a new page, the back button leads back, the arrow
// keys lead from cell to cell, each says what stands behind its number, and the form turns a parameter into columns.
func TestTable(t *testing.T) {
	h := home(t)
	p := open(t, serve(t, h).base)
	p.look(1280)
	p.visit(sweepPath("tuned"))
	eval[bool](p, `window.same = true`) // gone with the page
	const leads = `[...document.querySelectorAll('table.results tbody th[scope=row]')].map(c => c.textContent).join(' ')`
	before := eval[string](p, leads)
	eval[bool](p, `document.querySelector('table.results thead th.num a').click() || true`)
	p.await("sorted", `document.querySelector('table.results thead th[aria-sort]')`)
	if eval[bool](p, `!window.same || !location.search.includes('sort=')`) {
		t.Error("a click on a head opens a new page, or leaves the address")
	}
	if after := eval[string](p, leads); after == before {
		t.Errorf("the rows stand as before: %s", after)
	}
	eval[bool](p, `history.back() || true`)
	p.await("as before", `!document.querySelector('table.results thead th[aria-sort]')`)
	if after := eval[string](p, leads); after != before {
		t.Errorf("the rows stand as %s, before as %s", after, before)
	}

	p.settle()
	eval[bool](p, `document.querySelector('table.results td[tabindex="0"]').focus() || true`)
	p.await("told", `document.querySelector('#why[role=tooltip]')?.textContent.includes('mean of 10 of 10 seeds')`)
	const press = `k => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: k, bubbles: true, cancelable: true})) || true`
	eval[bool](p, `window.at = document.activeElement, (`+press+`)('ArrowDown')`)
	if !eval[bool](p, `document.activeElement !== window.at && document.activeElement.cellIndex === window.at.cellIndex && document.querySelectorAll('table.results td[tabindex="0"]').length === 1`) {
		t.Error("the arrow down does not lead to the cell below")
	}
	p.await("told of the next", `document.activeElement.getAttribute('aria-describedby') === 'why'`)
	eval[bool](p, `(`+press+`)('Escape')`)
	if eval[bool](p, `!!document.querySelector('#why')`) {
		t.Error("Escape does not close it")
	}

	p.visit(sweepPath("grid"))
	eval[bool](p, `document.querySelector('details.layout').open = true, document.querySelector('#layout input[name=columns]').click(), document.querySelector('#layout button').click() || true`)
	p.await("columns by a parameter", `document.querySelector('table.results th[scope=colgroup]')`)
	if address := eval[string](p, `location.search`); address != "?columns=lr" {
		t.Errorf("the form leads to %s", address)
	}
	p.settle()
	p.expect("accessibility", p.barriers())
	p.expect("1280 px", p.overflow())
	p.look(390)
	p.expect("390 px", p.overflow())
	p.clean()
}
