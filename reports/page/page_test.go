package page

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestLibrary: what the pages carry of the charting library is what was built, and its licences are beside it.
func TestLibrary(t *testing.T) {
	sums, err := os.ReadFile("library/SHA256SUMS")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for line := range strings.Lines(string(sums)) {
		want, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		a, found := Find(name)
		if !ok || !found {
			t.Fatalf("%q names no asset", line)
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(a.Data)); got != want {
			t.Errorf("%s has the digest %s, built was %s: run make page-library", name, got, want)
		}
		checked++
	}
	if checked != 2 {
		t.Errorf("%d files were checked", checked)
	}
	library, _ := Find("echarts.js")
	licences, _ := Find("echarts.LICENSE.txt")
	if len(library.Data) > 600<<10 {
		t.Errorf("the library has %d bytes: a report with it is to stay small", len(library.Data))
	}
	var wanted struct {
		Dependencies, DevDependencies map[string]string
	}
	manifest, err := os.ReadFile("library/package.json")
	if err == nil {
		err = json.Unmarshal(manifest, &wanted)
	}
	if err != nil {
		t.Fatal(err)
	}
	exact := regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+$`)
	for name, version := range wanted.Dependencies {
		if !exact.MatchString(version) || !strings.Contains(strings.ToLower(string(licences.Data)), name+" "+version) {
			t.Errorf("%s %s: it is no exact version, or the licences do not name it", name, version)
		}
	}
	for _, text := range []string{"Apache License", "Copyright 2017-2026 The Apache Software Foundation", "Baidu", "Mike Bostock", "Microsoft"} {
		if !strings.Contains(string(licences.Data), text) {
			t.Errorf("the licences have no word of %q", text)
		}
	}
	for _, evil := range []string{"eval(", "new Function", "importScripts"} {
		if strings.Contains(string(library.Data), evil) {
			t.Errorf("the library uses %s: the policy of the pages forbids it", evil)
		}
	}
}

// TestScripts: charts.js has all of its parts, can stand inside of a page, and takes no markup out of data.
func TestScripts(t *testing.T) {
	parts, err := fs.ReadDir(files, "assets/charts")
	if err != nil {
		t.Fatal(err)
	}
	if len(parts) != len(chartScripts) {
		t.Errorf("%d parts in the folder, %d in the list", len(parts), len(chartScripts))
	}
	for _, name := range append([]string{ChartStyle}, ChartScripts...) {
		a, ok := Find(name)
		if !ok || a.Type == "" {
			t.Fatalf("%s: no such asset, or of no type", name)
		}
		if _, err := a.Inline(); err != nil {
			t.Error(err)
		}
	}
	charts, _ := Find("charts.js")
	markup := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|setAttribute\('style'|\beval\b`)
	if found := markup.FindString(string(charts.Data)); found != "" {
		t.Errorf("charts.js uses %s", found)
	}
	if a := (Asset{Name: "x.js", Data: []byte("'</SCRIPT>'")}); !fails(a) {
		t.Error("a script that ends its element may stand in a page")
	}
}

func fails(a Asset) bool {
	_, err := a.Inline()
	return err != nil
}
