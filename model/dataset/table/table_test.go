package table

import (
	"strings"
	"testing"
)

// FuzzTable reads any bytes as a table: it never panics, gives rows of the header's width only, and counts every other line.
func FuzzTable(f *testing.F) {
	f.Add("a,b\n1,2\n")
	f.Add("\ufeffa,b\r\n\"x,\"\"y\",2\r\n1\n\n\"open,2\n3,4")
	f.Fuzz(func(t *testing.T, text string) {
		tab, err := newReader(strings.NewReader(text), "t.csv", []string{"a", "missing?"})
		if err != nil {
			return
		}
		rows := 0
		for tab.Next() {
			rows++
			tab.Cell(0)
			if tab.Cell(1) != "" {
				t.Fatal("an absent column has a value")
			}
			tab.ID(0)
		}
		if tab.Err() != nil {
			t.Fatal(tab.Err())
		}
		lines := 0
		for line := range strings.Lines(text) {
			if strings.TrimRight(line, "\r\n") != "" {
				lines++
			}
		}
		if rows+len(tab.bad)+1 != lines {
			t.Fatalf("%d rows and %d bad ones of %d lines", rows, len(tab.bad), lines)
		}
	})
}
