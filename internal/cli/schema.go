package cli

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"harness/docs"
)

func newSchemaCommand() *cobra.Command {
	var version bool
	cmd := &cobra.Command{
		Use:   "schema [NAME]",
		Short: "Print the JSON Schema of a sweep file, or of what a command prints with --json",
		Long: `Print a JSON Schema; without NAME, the names that there are.

"sweep" is the sweep file, in draft 7, which the YAML language servers of editors know:

  harness schema sweep > sweep.schema.json
  # yaml-language-server: $schema=sweep.schema.json      the first line of a sweep file

The others are what commands print with --json (docs/json.md): "harness schema ls" is that of "harness ls --json". They have one version,
which --version prints: additions raise the second number; what is taken away, renamed or given another type raises the first.`,
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: docs.Schemas(),
		RunE: func(cmd *cobra.Command, args []string) error {
			w := cmd.OutOrStdout()
			switch {
			case version && len(args) > 0:
				return usageError("--version: all schemas have one: want no %s", args[0])
			case version:
				fmt.Fprintln(w, docs.Version)
				return nil
			case len(args) == 0:
				fmt.Fprintln(w, strings.Join(docs.Schemas(), "\n"))
				return nil
			}
			text, err := docs.Schema(args[0])
			if _, missing := err.(*fs.PathError); missing {
				return withNearest(usageError("schema: no schema %q: want %s", args[0], strings.Join(docs.Schemas(), ", ")), args[0], docs.Schemas())
			}
			if err == nil {
				_, err = w.Write(text)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&version, "version", false, "print the version of what commands print with --json")
	return cmd
}
