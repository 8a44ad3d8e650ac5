package cli

import (
	"embed"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// completions are the programs of the shells, by their names. They pass on what was typed as it is: cobra's own let the shell evaluate it,
// so that a key completes $(rm -r x) by running it.
//
//go:embed shells
var completions embed.FS

var shells = []string{"bash", "zsh", "fish"}

func newCompletionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish",
		Short: "Print what a shell needs to complete commands, names and IDs",
		Long: `Print what a shell needs to complete commands, flags and their choices, names of sweeps, IDs of trials, metrics, tags and keys.

  bash   for this shell       source <(harness completion bash)
         for all to come      harness completion bash > ~/.local/share/bash-completion/completions/harness
                              (without the package bash-completion: add the line above to ~/.bashrc)
  zsh    for this shell       source <(harness completion zsh)
         for all to come      harness completion zsh > ~/.zfunc/_harness
                              with fpath=(~/.zfunc $fpath) before autoload -U compinit && compinit in ~/.zshrc
  fish   for this shell       harness completion fish | source
         for all to come      harness completion fish > ~/.config/fish/completions/harness.fish

"make install" puts all three where the shells of the system look. Names and IDs are read from --home, else $HARNESS_HOME, else runs, as
they stand there; nothing is written.`,
		Args:      cobra.ExactArgs(1),
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(shells, args[0]) {
				return withNearest(usageError("completion %s: want %s", args[0], strings.Join(shells, ", ")), args[0], shells)
			}
			program, err := completions.ReadFile("shells/completion." + args[0])
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(program)
			return err
		},
	}
}
