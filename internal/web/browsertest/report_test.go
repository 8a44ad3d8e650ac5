package browsertest

import (
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"context"
)

// mostReport is how large a report to send may be.
const mostReport = 2 << 20

// TestReport opens the self-contained report from a file, without any network, looks at it and prints it.
func TestReport(t *testing.T) {
	h := home(t)
	for _, sweep := range []string{"smoke", "grid", "tuned", "published", "hostile"} {
		t.Run(sweep, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file := filepath.Join(dir, "report.html")
			if err := h.Run(t.Context(), "report", sweep, "--format", "html", "--out", file); err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			if info.Size() > mostReport {
				t.Errorf("%d bytes", info.Size())
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
				t.Errorf("more than one file: %v, %v", left, err)
			}
			p := open(t, "file://")
			p.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
				_, err := cdp.Call(ctx, target, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
					MatchedNetworkConditions: []*network.Conditions{{Offline: true, DownloadThroughput: -1, UploadThroughput: -1}}})
				return err
			}))
			p.look(1280)
			p.visit((&url.URL{Scheme: "file", Path: file}).String())
			p.sound()
			p.look(1280, "print")
			p.expect("printed", p.overflow())
			pdf := get(p, chromedp.PrintToPDF())
			if pages := bytes.Count(pdf, []byte("/Type /Page\n")) + bytes.Count(pdf, []byte("/Type /Page ")); pages < 1 || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
				t.Errorf("%d pages in a PDF of %d bytes", pages, len(pdf))
			}
			if asked := eval[int](p, `performance.getEntriesByType('resource').filter(r => !/^(data|blob):/.test(r.name)).length`); asked > 0 {
				t.Errorf("it asks for %d files", asked)
			}
			p.clean()
		})
	}
}
