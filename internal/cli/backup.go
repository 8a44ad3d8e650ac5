package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"harness/internal/atomicfile"
	"harness/model"
	"harness/registry"
	"harness/registry/bundle"
	"harness/registry/homes"
)

// backupOptions are the flags of backup.
type backupOptions struct {
	stages bool
	check  bool
	json   bool
	limits limitOptions
}

func newBackupCommand() *cobra.Command {
	var o backupOptions
	cmd := &cobra.Command{
		Use:   "backup DIR | backup FILE.tar.zst | backup --check DIR|FILE",
		Short: "Copy the home, also while sweeps run in it",
		Long: `Copy the home, also while sweeps run in it: plans, journals up to their last whole line, answers, logs and code; with --stages also
finished stages of training and the files that programs keep. registry.db is made again from these.

Into a folder, only what is new since the backup before is copied; nothing is removed there. A folder is restored by copying it, or by using
it as --home; a file with "harness --home DIR unbundle FILE". --check compares every file of a backup with its checksum.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, w := cmd.Context(), cmd.OutOrStdout()
			if o.check {
				return checkBackup(ctx, w, args[0], o)
			}
			db, err := openForReading(cmd)
			if err != nil {
				return err
			}
			defer db.Close()
			if strings.HasSuffix(args[0], ".tar.zst") {
				return backupFile(ctx, w, db, args[0], o)
			}
			return backupFolder(ctx, w, db, args[0], o)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.stages, "stages", false, "with finished stages of training, and the files that programs keep")
	f.BoolVar(&o.check, "check", false, "compare a backup with its checksums")
	f.BoolVar(&o.json, "json", false, "print JSON")
	o.limits.flags(cmd)
	return cmd
}

// backed is what backup prints as JSON.
type backed struct {
	Path   string `json:"path"`
	Files  int    `json:"files"`
	Bytes  int64  `json:"bytes"`
	Copied int    `json:"copied"`
	Gone   int    `json:"gone"` // that the home does not have any more
	Name   string `json:"name,omitempty"`
}

func backupFolder(ctx context.Context, w io.Writer, db *registry.DB, dir string, o backupOptions) error {
	b, err := homes.BackupTo(ctx, db, dir, o.stages)
	if err != nil {
		return err
	}
	return backed{dir, b.Files, b.Bytes, b.Copied, b.Gone, ""}.print(w, o.json)
}

// backupTries is how often a backup is begun anew because something was removed while it was made.
const backupTries = 5

func backupFile(ctx context.Context, w io.Writer, db *registry.DB, path string, o backupOptions) error {
	for try := 1; ; try++ {
		m, err := writeBackup(ctx, db, path, o)
		if err == nil {
			return backed{path, len(m.Entries), m.Total(), len(m.Entries), 0, m.Name()}.print(w, o.json)
		}
		if try == backupTries || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, bundle.ErrChanged) {
			return err
		}
	}
}

func writeBackup(ctx context.Context, db *registry.DB, path string, o backupOptions) (*bundle.Manifest, error) {
	file, err := atomicfile.Create(path)
	if err != nil {
		return nil, usageError("backup: %w", err)
	}
	defer file.Abort()
	packing, err := homes.PackHome(ctx, db, o.stages)
	if err != nil {
		return nil, err
	}
	m, err := bundle.Write(file, packing.Sources)
	if err != nil {
		return nil, err
	}
	return m, file.Commit()
}

func (b backed) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(w, b)
	}
	text := fmt.Sprintf("%s: %s, %s", b.Path, counted(b.Files, "file"), sizeText(b.Bytes))
	if b.Copied < b.Files {
		text += fmt.Sprintf(", %d new or changed", b.Copied)
	}
	if b.Gone > 0 {
		text += fmt.Sprintf("; %d are not in the home any more, and stay", b.Gone)
	}
	_, err := fmt.Fprintln(w, text)
	return err
}

func checkBackup(ctx context.Context, w io.Writer, path string, o backupOptions) error {
	info, err := os.Stat(path)
	if err != nil {
		return usageError("check backup: %w", err)
	}
	if !info.IsDir() {
		return checkBundle(ctx, w, path, o.limits, o.json)
	}
	v, err := homes.CheckBackup(ctx, path, model.CheckStage)
	if err != nil {
		return err
	}
	return judgeVerified(w, v, o.json)
}
