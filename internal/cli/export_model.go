package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"harness/internal/atomicfile"
	"harness/internal/view"
	"harness/model"
	"harness/model/checkpoint/hub"
	"harness/model/spec"
	"harness/registry"
)

func newExportModelCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "export-model ID DIR",
		Short: "Write a trained model for transformers: encoder, LM with tokenizer, adapter",
		Long: `Write what a finished trial has trained into the new folder DIR, as transformers loads it:

  encoder/               SiglipVisionModel, with config and image processor; also good as encoder.weights of another trial
  lm/                    GPT2LMHeadModel that writes the answers, with its GPT2Tokenizer
  adapter.safetensors    what lies between the two
  pretrain.safetensors   what else pretraining trained, such as the text decoder
  README.md              what is what, how to put it together, the data and the numbers

Nothing is trained, and the trial stays as it is.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			db, err := openForReading(cmd)
			if err != nil {
				return err
			}
			defer db.Close()
			return exportModel(cmd.Context(), cmd.OutOrStdout(), db, args[0], args[1], asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// exportModel writes the model of the trial that prefix names. The folder appears whole or not at all.
func exportModel(ctx context.Context, w io.Writer, db *registry.DB, prefix, dir string, asJSON bool) error {
	r, err := readRecord(ctx, db, prefix)
	if err != nil {
		return err
	}
	switch {
	case r.Spec.Command != "":
		return usageError("trial %s is a program: its weights are where it has put them, its own folder is %s", r.ID, r.Files)
	case r.State == registry.Stopped:
		return usageError("trial %s was %s: only a finished trial has a model", r.ID, r.Error)
	case r.State != registry.Done:
		return withHint(usageError("trial %s is %s: only a finished trial has a model", r.ID, r.State), "harness sweep finishes it")
	}
	if err := checkNew("export model", dir); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp(filepath.Dir(filepath.Clean(dir)), atomicfile.Prefix+"*")
	if err != nil {
		return fmt.Errorf("export model: %w", err)
	}
	defer os.RemoveAll(scratch)
	answers := r.Spec.Until != spec.UntilRegions && !slices.ContainsFunc(r.Notes, func(n view.Note) bool { return n.Key == "diffvqa/blank" })
	parts, err := model.Export(ctx, db.Home, openHub(hub.CacheOnly, nil), r.Spec, answers, scratch)
	if errors.Is(err, fs.ErrNotExist) {
		return withHint(fmt.Errorf("export model of %s: %w", r.ID, err), fmt.Sprintf("harness sweep %s --redo 'id == \"%s\"' trains it again", r.Sweep, r.ID))
	} else if err != nil {
		return fmt.Errorf("export model of %s: %w", r.ID, err)
	}
	if err := atomicfile.Write(filepath.Join(scratch, "README.md"), modelCard(r, parts)); err != nil {
		return err
	}
	if err := os.Chmod(scratch, 0o755); err != nil {
		return err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) { // it is empty
		return fmt.Errorf("export model: %w", err)
	}
	if err := os.Rename(scratch, dir); err != nil {
		return fmt.Errorf("export model: %w", err)
	}
	return written{[]string{dir}}.print(w, asJSON)
}

// checkNew refuses a folder that has something in it.
func checkNew(verb, dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return usageError("%s: %w", verb, err)
	case len(entries) > 0:
		return usageError("%s: %s is not empty: name a new folder", verb, dir)
	}
	return nil
}
