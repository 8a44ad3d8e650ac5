package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"harness/sweeps/keys"
)

func newSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema sweep",
		Short: "Print the JSON Schema of a sweep file, for editors",
		Long: `Print the JSON Schema of a sweep file, in draft 7, which the YAML language servers of editors know:

  harness schema sweep > sweep.schema.json
  # yaml-language-server: $schema=sweep.schema.json      the first line of a sweep file`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] != "sweep" {
				return usageError("schema: no schema %q: want sweep", args[0])
			}
			_, err := fmt.Fprint(cmd.OutOrStdout(), string(keys.Schema()))
			return err
		},
	}
}
