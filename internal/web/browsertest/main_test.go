package browsertest

import (
	"context"
	"flag"
	"os"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

var (
	chromium = flag.String("chromium", "chromium", "the browser")
	axe      = flag.String("axe", "", "path of axe-core's axe.min.js")
	harness  = flag.String("harness", "", "path of the program")
)

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	stop()
	os.RemoveAll(theHome.dir)
	os.Exit(code)
}

// evalSource runs a long script without returning its value.
func evalSource(source string) func(context.Context, *chromedp.Target) error {
	return func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, runtime.Evaluate, runtime.EvaluateParams{Expression: source + "\n;undefined"})
		return err
	}
}
