package browsertest

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestEdit writes a note and a tag as a reader does, and reads them with the command.
func TestEdit(t *testing.T) {
	h := ownHome(t)
	id := trials(t, h, "grid")["done"][3].ID
	const text = `better <b>than</b> "the" baseline`
	p := open(t, serve(t, h).base)
	p.visit("/trials/" + id)
	if eval[bool](p, `!!document.querySelector('form[method=post]')`) {
		t.Error("without --edit there is a form to edit with")
	}
	p = open(t, serve(t, h, "--edit").base)
	p.look(1280)
	p.visit("/trials/" + id)
	p.do(chromedp.Focus(chromedp.CSS("#note")), chromedp.KeyEvent(text+kb.Tab+kb.Enter))
	p.await("the note", `location.hash === '#said-of' && document.querySelector('#note') && document.querySelector('#note').value.trim() === `+jsonText(text))
	p.settle()
	p.do(chromedp.Focus(chromedp.CSS("input[name=add]")), chromedp.KeyEvent("checked by-eye"+kb.Enter))
	p.await("two tags", `document.querySelectorAll('span.tag').length >= 2 && /by-eye/.test(document.querySelector('main').innerText)`)
	p.settle()
	p.expect("accessibility", p.barriers())
	p.expect("hostile texts", p.strange())
	p.expect("keyboard", p.keyboard())
	p.clean()
	for want, args := range map[string][]string{text: {"trial", "note", id}, "checked": {"trial", "tag", id}, "by-eye": {"trial", "tag", id}} {
		out, err := h.Command(t.Context(), args...).CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v: %s", strings.Join(args, " "), err, out)
		}
	}
}
