package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"harness/sweeps/keys"
)

// Every command has its page, and the sweep file one with every key; mandoc and groff have nothing to say of them where they are installed.
func TestManual(t *testing.T) {
	dir := t.TempDir()
	files, err := writeManual(newRootCommand(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.Hidden || cmd.Name() == "help" {
			return
		}
		page, err := os.ReadFile(filepath.Join(dir, "man1", pageName(cmd)+".1"))
		if err != nil || !strings.Contains(string(page), ".B "+escaped(cmd.CommandPath())+"\n") {
			t.Errorf("%s: %v", cmd.CommandPath(), err)
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(newRootCommand())
	page, err := os.ReadFile(filepath.Join(dir, "man5", "harness-sweepfile.5"))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys.All() {
		if !strings.Contains(string(page), ".B \""+escaped(k.Path+" ("+string(k.Type)+")")+"\"\n") {
			t.Errorf("harness-sweepfile(5) has no %s", k.Path)
		}
	}
	for _, check := range [][]string{{"mandoc", "-T", "lint", "-W", "warning"}, {"groff", "-ww", "-z", "-man", "-Tutf8"}} {
		if _, err := exec.LookPath(check[0]); err != nil {
			continue
		}
		if out, err := exec.Command(check[0], append(check[1:], files...)...).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v: %.2000s", check[0], err, out)
		}
	}
}

// Text comes out of roff as it is: requests, quotes, dashes and other letters are none of its own.
func TestRoffText(t *testing.T) {
	if _, err := exec.LookPath("groff"); err != nil {
		t.Skip("there is no groff here")
	}
	text := `.nf 'SH "a" --b \n \(em ~ ^ ± café $x {y}`
	p := newRoff("x", 1)
	p.section("S")
	p.text(text)
	p.example([]string{text, "'TH y", `  \&`})
	c := exec.Command("groff", "-ww", "-man", "-Tutf8", "-P-cbou", "-rLL=200n")
	c.Stdin = strings.NewReader(p.String())
	out, err := c.CombinedOutput()
	if err != nil || strings.Count(string(out), text) != 2 || !strings.Contains(string(out), "'TH y") || !strings.Contains(string(out), `  \&`) {
		t.Errorf("%v\n%s", err, out)
	}
}
