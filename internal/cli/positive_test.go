package cli

import (
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A number that stands for "not given" is none that a user can give: it would be taken for another.
func TestNothingIsNotZero(t *testing.T) {
	seen := 0
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Value.Type() != "int" || f.DefValue != "0" {
				return
			}
			seen++
			for _, text := range []string{"0", "-1", "1.5", ""} {
				if f.Value.Set(text) == nil {
					t.Errorf("%s: --%s %q is taken", cmd.CommandPath(), f.Name, text)
				}
			}
			if err := f.Value.Set("2"); err != nil || f.Value.String() != "2" {
				t.Errorf("%s: --%s 2: %v, %s", cmd.CommandPath(), f.Name, err, f.Value)
			}
		})
		for _, sub := range cmd.Commands() {
			if !sub.Hidden {
				visit(sub)
			}
		}
	}
	visit(newRootCommand())
	if seen == 0 {
		t.Error("no such flag was found")
	}
}
