package browsertest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestTableFiles holds that the page gives away the table as "harness report" prints it, byte by byte.
func TestTableFiles(t *testing.T) {
	h := home(t)
	s := serve(t, h)
	for ending, format := range map[string]string{"tex": "latex", "md": "markdown", "csv": "csv", "json": "json", "txt": "text", "typ": "typst"} {
		for _, sweep := range []string{"smoke", "grid", "tuned", "published", "hostile"} {
			want, err := h.Command(t.Context(), "report", sweep, "--format", format).Output()
			if err != nil {
				t.Fatal(err)
			}
			answer, err := http.Get(s.base + sweepPath(sweep) + "/table." + ending)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if err != nil || answer.StatusCode != http.StatusOK || !bytes.Equal(got, want) {
				t.Errorf("%s as %s: %s, %v: %d bytes, report prints %d", sweep, ending, answer.Status, err, len(got), len(want))
			}
		}
	}
}

// TestCopies presses the buttons that copy, and looks at what is in the clipboard then.
func TestCopies(t *testing.T) {
	h := home(t)
	s := serve(t, h)
	p := open(t, s.base)
	p.look(1280)
	p.visit(sweepPath("grid"))
	eval[bool](p, `(navigator.clipboard.writeText = async text => { window.copied = text; }, true)`)
	for label, format := range map[string]string{"copy LaTeX": "latex", "copy Markdown": "markdown", "copy CSV": "csv"} {
		want, err := h.Command(t.Context(), "report", "grid", "--format", format).Output()
		if err != nil {
			t.Fatal(err)
		}
		p.do(chromedp.Focus(chromedp.JSPath(`[...document.querySelectorAll('button')].find(b => b.textContent === `+jsonText(label)+`)`)), chromedp.KeyEvent(kb.Enter))
		p.await(label, `window.copied`)
		if got := eval[string](p, `window.copied`); got != string(want) {
			t.Errorf("%s: %d bytes are copied, report prints %d", label, len(got), len(want))
		}
		p.await("it is said", `/copied/.test(document.getElementById('said').textContent)`)
		eval[bool](p, `(window.copied = '', document.getElementById('said').textContent = '', true)`)
	}
	// A button that is pressed twice has its label again afterwards.
	button := `document.querySelector('[data-copy-from]')`
	p.await("its label", `!/^copied/.test(`+button+`.textContent)`)
	label := eval[string](p, button+`.textContent`)
	if after := eval[string](p, `new Promise(done => {
		`+button+`.click();
		setTimeout(() => `+button+`.click(), 500);
		setTimeout(() => done(`+button+`.textContent), 3000);
	})`); after != label {
		t.Errorf("a button that was pressed twice says %q, not %q", after, label)
	}
	p.clean()
}

// TestDownloads presses the buttons of a chart of each kind, and looks at the files that the browser has saved.
func TestDownloads(t *testing.T) {
	h := home(t)
	s := serve(t, h)
	for _, kind := range []string{"curves", "forest", "seeds", "parallel"} {
		p := open(t, s.base) // a page may save ten files
		dir := t.TempDir()
		p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow,
				BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID, DownloadPath: dir})
			return err
		}))
		p.look(1280)
		p.visit(sweepPath("tuned"))
		figure := `document.querySelector('figure[data-chart="` + kind + `"]')`
		eval[bool](p, `(document.getElementById('charts').scrollIntoView(), true)`)
		p.await(kind, figure)
		eval[bool](p, `(`+figure+`.scrollIntoView(), true)`)
		p.await(kind+" is drawn", figure+`.querySelector('canvas, svg')`)
		for format, begins := range map[string]string{"SVG": "<?xml", "PNG": "\x89PNG", "CSV": ""} {
			p.do(chromedp.Focus(chromedp.JSPath(`[...`+figure+`.querySelectorAll('button')].find(b => b.textContent.trim() === '`+format+`')`)), chromedp.KeyEvent(kb.Enter))
			data := saved(t, dir, "."+strings.ToLower(format))
			if !bytes.HasPrefix(data, []byte(begins)) || len(data) < 100 {
				t.Errorf("%s as %s: %.60q", kind, format, data)
			}
			if format == "SVG" && (bytes.Contains(data, []byte("<script")) || !bytes.Contains(data, []byte("<path"))) {
				t.Errorf("%s as SVG: a script, or nothing drawn", kind)
			}
			if format == "CSV" && bytes.Count(data, []byte("\n")) < 3 {
				t.Errorf("%s as CSV: %q", kind, data)
			}
		}
		p.clean()
	}
}

// saved waits for a file that the browser saves, takes it away and returns what is in it.
func saved(t *testing.T, dir, ending string) []byte {
	t.Helper()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		found, err := filepath.Glob(filepath.Join(dir, "*"+ending))
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == 1 {
			data, err := os.ReadFile(found[0])
			if err == nil && len(data) == 0 { // the name is taken before the contents are there
				time.Sleep(30 * time.Millisecond)
				continue
			}
			if err == nil {
				err = os.Remove(found[0])
			}
			if err != nil {
				t.Fatal(err)
			}
			return data
		}
		time.Sleep(30 * time.Millisecond)
	}
	t.Errorf("no %s was saved", ending)
	return nil
}

// TestPrint prints pages of the server.
func TestPrint(t *testing.T) {
	h := home(t)
	s := serve(t, h)
	for _, path := range []string{"/", sweepPath("grid"), sweepPath("hostile"), "/trials/" + trials(t, h, "grid")["done"][0].ID} {
		p := open(t, s.base)
		p.look(1000, "print")
		p.visit(path)
		p.expect(path+" printed", p.overflow())
		if pdf := get(p, chromedp.PrintToPDF()); !bytes.HasPrefix(pdf, []byte("%PDF-")) || len(pdf) < 5000 {
			t.Errorf("%s: a PDF of %d bytes", path, len(pdf))
		}
		p.clean()
	}
}
