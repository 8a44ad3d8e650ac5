package journal_test

import (
	"fmt"
	"os"
	"path/filepath"

	"harness/registry/journal"
)

// An attempt writes its journal; whoever reads it gets each event once, from where the last reading ended.
func Example() {
	home, err := os.MkdirTemp("", "journal")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(home)
	dir := filepath.Join(home, "1") // HOME/trials/ID/1
	if err := os.Mkdir(dir, 0o755); err != nil {
		fmt.Println(err)
		return
	}
	if err := write(dir); err != nil {
		fmt.Println(err)
		return
	}
	_, err = journal.Read(filepath.Join(dir, journal.FileName), journal.Position{}, func(e *journal.Event) error {
		fmt.Println(e.Kind)
		return nil
	})
	fmt.Println(err)
	// Output:
	// start
	// point
	// end
	// <nil>
}

func write(dir string) error {
	w, err := journal.Create(dir)
	if err != nil {
		return err
	}
	defer w.Close()
	if err := w.Start(journal.Start{Trial: "3f9c", Attempt: 1, Purpose: journal.PurposeRun, Spec: []byte(`{}`)}); err != nil {
		return err
	}
	if err := w.Point("loss", 10, 0.5); err != nil {
		return err
	}
	return w.End(journal.End{Outcome: journal.Done})
}
