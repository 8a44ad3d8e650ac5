package browsertest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a page may take for anything, on a machine that does other things, too.
const patience = 30 * time.Second

// shared is the one browser of all tests; each page has cookies and storage of its own.
var shared struct {
	once   sync.Once
	ctx    context.Context
	cancel []context.CancelFunc
	err    error
}

// start starts the browser. It knows no address but this machine's.
func start() error {
	shared.once.Do(func() {
		options := append(chromedp.DefaultExecAllocatorOptions[:],
			chromedp.ExecPath(*chromium),
			chromedp.WindowSize(1280, 900),
			chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
			chromedp.Flag("lang", "en-GB"),
			chromedp.Flag("font-render-hinting", "none"))
		if os.Geteuid() == 0 {
			options = append(options, chromedp.NoSandbox) // it refuses to run as root
		}
		ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
		shared.cancel = append(shared.cancel, cancel)
		shared.ctx, cancel = chromedp.NewContext(ctx, chromedp.WithErrorf(func(string, ...any) {}))
		shared.cancel = append(shared.cancel, cancel)
		shared.err = chromedp.Do(shared.ctx)
	})
	return shared.err
}

func stop() {
	for _, cancel := range slices.Backward(shared.cancel) {
		cancel()
	}
}

// tab is a page of the browser, with all that went wrong in it.
type tab struct {
	t    testing.TB
	ctx  context.Context
	base string // the only address that it may ask

	mu       sync.Mutex
	problems []string
	dialogs  int
	status   map[string]int64 // of answers, by URL
	allowed  map[int64]bool   // statuses above 399 that are no problem
}

// open is an empty page, closed at the end of the test. It may ask base only.
func open(t testing.TB, base string) *tab {
	t.Helper()
	if err := start(); err != nil {
		t.Fatalf("start %s: %v", *chromium, err)
	}
	ctx, cancel := chromedp.NewContext(shared.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	p := &tab{t: t, ctx: ctx, base: base, status: map[string]int64{}, allowed: map[int64]bool{}}
	p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		for _, enable := range []func() error{
			func() error { _, err := cdp.Call(ctx, target, audits.Enable, cdp.Empty{}); return err },
			func() error { _, err := cdp.Call(ctx, target, network.Enable, network.EnableParams{}); return err },
			func() error { _, err := cdp.Call(ctx, target, log.Enable, cdp.Empty{}); return err },
		} {
			if err := enable(); err != nil {
				return err
			}
		}
		return nil
	}))
	if err := chromedp.Listen(ctx, p.hear); err != nil {
		t.Fatal(err)
	}
	return p
}

// do runs steps, and fails the test where one fails or takes too long.
func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx); err != nil { // opens the page, without a limit: it would be that of the page's life
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("%v; so far: %q", err, p.found())
	}
}

// get runs an action and returns its value.
func get[T any](p *tab, a chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		p.t.Fatalf("%v; so far: %q", err, p.found())
	}
	return v
}

// eval is the value of an expression or promise of JavaScript.
func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	return get(p, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// visit opens an address of the server, and waits until what the page asks for at once is there.
func (p *tab) visit(path string) {
	p.t.Helper()
	address := path
	if !strings.Contains(path, "://") {
		address = p.base + path
	}
	p.do(chromedp.Navigate(address))
	p.settle()
}

// settle waits until nothing but a stream of events is on its way, and all was drawn.
func (p *tab) settle() {
	p.t.Helper()
	eval[bool](p, `new Promise(done => {
		let known = -1, quiet = 0;
		const look = () => {
			const n = performance.getEntriesByType('resource').length;
			quiet = n === known && !document.querySelector('[aria-busy="true"]') ? quiet + 1 : 0;
			known = n;
			if (quiet >= 3) { requestAnimationFrame(() => requestAnimationFrame(() => done(true))); } else { setTimeout(look, 30); }
		};
		look();
	})`)
}

// await waits until an expression is true, on this page or on one that takes its place.
func (p *tab) await(what, expression string) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		ctx, cancel := context.WithTimeout(p.ctx, patience)
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		cancel()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("%s: %s did not come true: %v; so far: %q", what, expression, err, p.found())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// look sets the width of the window and what the user prefers: "dark", "reduce" (motion), "print".
func (p *tab) look(width int64, prefers ...string) {
	p.t.Helper()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "light"}}}
	for _, word := range prefers {
		switch word {
		case "dark":
			media.Features[0].Value = "dark"
		case "reduce":
			media.Features = append(media.Features, &emulation.MediaFeature{Name: "prefers-reduced-motion", Value: "reduce"})
		case "print":
			media.Media = "print"
		default:
			p.t.Fatalf("look: %s", word)
		}
	}
	p.do(chromedp.EmulateViewport(width, 900), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, media)
		return err
	}))
	p.settle()
}

// hear notes what goes wrong. It must not call the browser.
func (p *tab) hear(event any) {
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			p.note("console: %s", textOf(e.Args))
		}
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		p.note("exception: %s", text)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork { // of the network, the status says more
			p.note("%s: %s", e.Entry.Source, e.Entry.Text)
		}
	case *audits.EventIssueAdded:
		if e.Issue.Code == audits.InspectorIssueCodeContentSecurityPolicyIssue {
			p.note("content security policy: %s", e.Issue.Details.ContentSecurityPolicyIssueDetails.ViolatedDirective)
		}
	case *network.EventRequestWillBeSent:
		if address, err := url.Parse(e.Request.URL); err != nil || !p.mayAsk(address) {
			p.note("asks %s", e.Request.URL)
		}
	case *network.EventResponseReceived:
		p.mu.Lock()
		p.status[e.Response.URL] = int64(e.Response.Status)
		allowed := p.allowed[int64(e.Response.Status)]
		p.mu.Unlock()
		if e.Response.Status >= 400 && !allowed {
			p.note("status %d: %s", int64(e.Response.Status), e.Response.URL)
		}
	case *network.EventLoadingFailed:
		if !e.Canceled && e.Type != network.ResourceTypeEventSource { // a stream that the server closes is opened again
			p.note("failed: %s %s %s", e.Type, e.ErrorText, e.BlockedReason)
		}
	case *page.EventJavascriptDialogOpening:
		p.mu.Lock()
		p.dialogs++
		p.mu.Unlock()
		p.note("dialog: %s", e.Message)
		go chromedp.Do(p.ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := cdp.Call(ctx, target, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{})
			return err
		}))
	}
}

// mayAsk reports whether an address is the page's own, or is none.
func (p *tab) mayAsk(address *url.URL) bool {
	switch address.Scheme {
	case "data", "blob", "about":
		return true
	case "file":
		return strings.HasPrefix(p.base, "file:")
	}
	return address.Scheme+"://"+address.Host == p.base
}

func textOf(args []*runtime.RemoteObject) string {
	var words []string
	for _, a := range args {
		if a.Description != "" {
			words = append(words, a.Description)
		} else {
			words = append(words, string(a.Value))
		}
	}
	return strings.Join(words, " ")
}

func (p *tab) note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.problems = append(p.problems, fmt.Sprintf(format, args...))
}

// found are the problems so far.
func (p *tab) found() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.problems)
}

// clean fails the test where anything went wrong since it was called last.
func (p *tab) clean() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, problem := range p.problems {
		p.t.Error(problem)
	}
	p.problems = nil
}
