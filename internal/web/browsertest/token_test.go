package browsertest

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestTokenPage opens a server that needs a token: without it, with a wrong one, and as its reader does.
func TestTokenPage(t *testing.T) {
	h := home(t)
	file := filepath.Join(t.TempDir(), "token")
	s := serve(t, h, "--addr", "127.0.0.1:0", "--token-file", file)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	token := strings.TrimSpace(string(data))
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the token's file: %v, %v", info.Mode(), err)
	}
	p := open(t, s.base)
	p.allowed[http.StatusUnauthorized] = true
	p.visit(sweepPath("grid"))
	if got := p.statusOf(); got != http.StatusUnauthorized {
		t.Fatalf("status %d", got)
	}
	if text := eval[string](p, `document.body.innerText`); strings.Contains(text, "grid") || strings.Contains(text, h.Path) {
		t.Errorf("the page tells what is there: %q", text)
	}
	p.sound()
	p.expect("keyboard", p.keyboard())
	enter := func(text string) {
		t.Helper()
		p.do(chromedp.Focus(chromedp.CSS("input[type=password]")), chromedp.KeyEvent(text+kb.Enter))
	}
	enter(strings.Repeat("x", len(token)))
	p.await("it is told", `/not the token/.test(document.body.innerText)`)
	enter(token)
	p.await("it opens", `document.querySelector('h1').innerText === 'Sweeps'`)
	p.clean()

	p = open(t, s.base)
	p.visit("/?token=" + token)
	if address := eval[string](p, `location.href`); strings.Contains(address, token) {
		t.Errorf("the token stays in the address: %s", address)
	}
	p.visit(sweepPath("grid")) // the cookie is enough
	if got := p.statusOf(); got != http.StatusOK {
		t.Errorf("status %d", got)
	}
	p.clean()
	if strings.Contains(s.log.String(), token) {
		t.Error("the token is in the log")
	}
}

// TestNeedsToken holds that an address which others can reach is refused without a token.
func TestNeedsToken(t *testing.T) {
	h := home(t)
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0"} {
		out, err := h.Command(t.Context(), "serve", "--addr", addr).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "token") || strings.Contains(string(out), "serving") {
			t.Errorf("%s: %v: %s", addr, err, out)
		}
	}
}
