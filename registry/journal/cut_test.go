package journal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCut(t *testing.T) {
	exit := Exit{Code: -1, Class: ClassInterrupted, Error: "superseded by attempt 2"}
	read := func(dir string) (kinds string) {
		t.Helper()
		_, err := Read(filepath.Join(dir, FileName), Position{}, func(e *Event) error {
			kinds += string(e.Kind) + " "
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		return strings.TrimSpace(kinds)
	}
	if err := Cut(t.TempDir(), exit); err != nil {
		t.Errorf("no journal: %v", err)
	}
	dir := t.TempDir()
	w, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Start(Start{Trial: "x", Attempt: 1, Purpose: PurposeRun, Spec: []byte(`{}`)}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, FileName)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString("00000000 half a li"); err != nil { // what a killed writer leaves
		t.Fatal(err)
	}
	if err := Cut(dir, exit); err != nil {
		t.Fatal(err)
	}
	if got := read(dir); got != "start exit" {
		t.Errorf("%s", got)
	}
	before, _ := os.ReadFile(path)
	if err := Cut(dir, exit); err != nil {
		t.Error(err)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("a journal that is closed was changed")
	}
	if err := w.Point("acc", 1, 1); err != nil { // it does not know
		t.Error(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if got := read(dir); got != "start exit" {
		t.Errorf("after the writer went on: %s", got)
	}
	if rest, _ := filepath.Glob(filepath.Join(dir, ".*")); len(rest) > 0 {
		t.Errorf("left behind: %v", rest)
	}
}
