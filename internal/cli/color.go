package cli

import (
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"harness/runner/live"
)

// colorMode says when texts are coloured.
type colorMode string

const (
	colorAuto   colorMode = "auto" // on a terminal, unless $NO_COLOR is set
	colorAlways colorMode = "always"
	colorNever  colorMode = "never"
)

// String, Set and Type make it a flag.
func (m *colorMode) String() string { return string(*m) }
func (m *colorMode) Type() string   { return "when" }
func (m *colorMode) Set(text string) error {
	switch mode := colorMode(text); mode {
	case colorAuto, colorAlways, colorNever:
		*m = mode
		return nil
	}
	return usageError("want auto, always or never")
}

// addColorFlag adds --color to a command and those below it.
func addColorFlag(root *cobra.Command) {
	mode := colorAuto
	root.PersistentFlags().Var(&mode, "color", "colour states: auto (on a terminal, unless $NO_COLOR is set), always, never")
	_ = root.RegisterFlagCompletionFunc("color", cobra.FixedCompletions([]cobra.Completion{string(colorAuto), string(colorAlways), string(colorNever)},
		cobra.ShellCompDirectiveNoFileComp))
}

// paintOf colours what a command prints to w, or not.
func paintOf(cmd *cobra.Command, w io.Writer) live.Paint {
	mode := colorAuto
	if f := cmd.Flag("color"); f != nil {
		mode = colorMode(f.Value.String())
	}
	switch mode {
	case colorAlways:
		return live.Paint{On: true}
	case colorNever:
		return live.Paint{}
	}
	return live.Paint{On: os.Getenv("NO_COLOR") == "" && interactive(w)}
}

// isTerminal reports whether w is a terminal.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// interactive reports whether what is printed to w may be drawn over: it is a terminal that can do that, and somebody looks at it.
func interactive(w io.Writer) bool {
	return isTerminal(w) && os.Getenv("TERM") != "dumb" && os.Getenv("CI") == ""
}
