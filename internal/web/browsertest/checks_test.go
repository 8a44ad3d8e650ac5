package browsertest

import (
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// overflow names what stands beyond the right edge of the window, where the page scrolls to the side.
func (p *tab) overflow() []string {
	p.t.Helper()
	return eval[[]string](p, `(() => {
		const width = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= width) return [];
		const out = [];
		for (const e of document.body.querySelectorAll('*')) {
			const box = e.getBoundingClientRect();
			if (box.width && box.right > width + 1 && !clipped(e.parentElement, box)) {
				out.push(e.tagName.toLowerCase() + (e.id ? '#' + e.id : '') + (e.className && e.className.baseVal === undefined ? '.' + e.className : '') + ' ends at ' + Math.round(box.right));
			}
		}
		function clipped(e, box) {
			for (; e && e !== document.body; e = e.parentElement) {
				const style = getComputedStyle(e);
				if (style.overflowX !== 'visible' && e.getBoundingClientRect().right <= width + 1) return true;
			}
			return false;
		}
		return ['the page is ' + document.documentElement.scrollWidth + ' wide in a window of ' + width].concat(out.slice(0, 5));
	})()`)
}

// strange names elements that only a hostile text can have made, and control characters that came through.
func (p *tab) strange() []string {
	p.t.Helper()
	return eval[[]string](p, `(() => {
		const out = [];
		const made = 'img[src="x"], [onerror], [onload], [onclick], [onfocus], [onmouseover], [autofocus][x], a[href^="javascript:"], form[action^="javascript:"], base, iframe, object, embed';
		for (const e of document.querySelectorAll(made)) out.push('element ' + e.outerHTML.slice(0, 120));
		for (const e of document.querySelectorAll('script')) {
			if (e.getAttribute('src') || e.type === 'application/json') continue;
			if (location.protocol !== 'file:' || e.text.includes('alert(1)')) out.push('script ' + e.outerHTML.slice(0, 120));
		}
		const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
		const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
		for (let n; (n = walk.nextNode());) {
			if (n.parentElement && n.parentElement.type === 'application/json') continue;
			const at = n.data.search(control);
			if (at >= 0) out.push('control character U+' + n.data.charCodeAt(at).toString(16) + ' in ' + n.parentElement.tagName + ': ' + JSON.stringify(n.data.slice(Math.max(0, at - 20), at + 20)));
		}
		if (control.test(document.title)) out.push('control character in the title');
		return out.slice(0, 10);
	})()`)
}

// keyboard presses Tab until it has been everywhere, and says what it did not reach, and where the focus cannot be seen.
func (p *tab) keyboard() []string {
	p.t.Helper()
	const most = 600
	n := eval[int](p, `(() => {
		const visible = e => e.checkVisibility({visibilityProperty: true, contentVisibilityAuto: false}) && !e.closest('[inert]');
		window.__targets = [...document.querySelectorAll('a[href], area[href], button, input, select, textarea, summary, [tabindex], [contenteditable]')]
			.filter(e => e.tabIndex >= 0 && !e.disabled && e.type !== 'hidden' && visible(e) && !(e.tagName === 'SUMMARY' && e.parentElement.tagName !== 'DETAILS'))
			.filter(e => e.type !== 'radio' || e.checked);
		window.__reached = new Set();
		window.__unseen = [];
		window.__moved = 0; // how often the focus was
		window.__round = false; // it has been everywhere
		window.__style = e => { const s = getComputedStyle(e); return [s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow, s.backgroundColor, s.borderColor, s.textDecorationLine, s.textDecorationThickness].join('|'); };
		const rest = new Map(window.__targets.map(e => [e, window.__style(e)]));
		document.addEventListener('focusin', event => {
			const e = event.target;
			window.__moved++;
			if (window.__reached.has(e) && e === window.__targets[0]) window.__round = true;
			window.__reached.add(e);
			const s = getComputedStyle(e);
			const outlined = s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0;
			if (!outlined && rest.get(e) === window.__style(e)) window.__unseen.push(e);
		}, true);
		document.activeElement.blur();
		return window.__targets.length;
	})()`)
	if n > most {
		return []string{fmt.Sprintf("%d places to stop at: more than anybody passes with Tab", n)}
	}
	for pressed := 0; pressed < most; { // charts that come into view bring places of their own
		for range 25 {
			p.do(chromedp.KeyEvent(kb.Tab))
		}
		pressed += 25
		if eval[bool](p, `(() => {
			const still = window.__moved === window.__before;
			window.__before = window.__moved;
			return still || window.__round || window.__targets.every(e => window.__reached.has(e) || !e.isConnected);
		})()`) {
			break
		}
	}
	return eval[[]string](p, `(() => {
		const name = e => e.tagName.toLowerCase() + (e.id ? '#' + e.id : '') + ' ' + JSON.stringify((e.getAttribute('aria-label') || e.innerText || e.value || e.name || '').slice(0, 40));
		const out = [];
		for (const e of window.__targets) if (!window.__reached.has(e) && e.isConnected) out.push('not reached with Tab: ' + name(e));
		for (const e of new Set(window.__unseen)) out.push('focus cannot be seen: ' + name(e));
		return out.slice(0, 10);
	})()`)
}

// moving names what still moves where the user prefers reduced motion.
func (p *tab) moving() []string {
	p.t.Helper()
	return eval[[]string](p, `document.getAnimations().filter(a => a.playState === 'running' && a.effect.getComputedTiming().duration > 20).map(a => 'moves: ' + a.effect.target.tagName + ' ' + (a.animationName || a.transitionProperty)).slice(0, 5)`)
}

var axeSource = sync.OnceValues(func() (string, error) {
	data, err := os.ReadFile(*axe)
	return string(data), err
})

// barriers are the serious and critical findings of axe-core.
func (p *tab) barriers() []string {
	p.t.Helper()
	source, err := axeSource()
	if err != nil {
		p.t.Fatalf("axe-core: %v: make page-check fetches it", err)
	}
	p.do(chromedp.Func(evalSource(source)))
	return eval[[]string](p, `axe.run(document, {resultTypes: ['violations'], iframes: false}).then(r => r.violations
		.filter(v => v.impact === 'serious' || v.impact === 'critical')
		.map(v => v.impact + ': ' + v.id + ': ' + v.help + ': ' + v.nodes.length + ' times, as ' + v.nodes[0].html.slice(0, 200) + ' ' + (v.nodes[0].any[0] || v.nodes[0].all[0] || v.nodes[0].none[0] || {message: ''}).message))`)
}

// expect fails the test for every complaint.
func (p *tab) expect(what string, complaints []string) {
	p.t.Helper()
	if len(complaints) > 0 {
		p.t.Errorf("%s:\n\t%s", what, strings.Join(complaints, "\n\t"))
	}
}
