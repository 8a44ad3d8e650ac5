package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"harness/internal/atomicfile"
	"harness/internal/escape"
	"harness/model/spec"
	"harness/registry"
	"harness/registry/bundle"
	"harness/registry/homes"
)

// bundleOptions are the flags of bundle.
type bundleOptions struct {
	out     string
	check   string
	weights bool
	data    bool
	json    bool
	limits  limitOptions
}

func newBundleCommand() *cobra.Command {
	var o bundleOptions
	cmd := &cobra.Command{
		Use:   "bundle NAME|ID... -o FILE.tar.zst | bundle --check FILE",
		Short: "Put sweeps and trials into one file for reviewers",
		Long: `Put sweeps and trials into one file for reviewers: plans, settings, journals with every number, answers, logs, provenance and the
code of programs, with the SHA-256 of every file. On another machine "harness unbundle" takes the file into a home, where report prints
the same bytes and trial rerun runs again. The bundle has a name, the hash of its manifest: publish it, and nobody can pass off another
one. The same contents always give the same file.

Data sets and weights are not in it, nor data files of programs' folders (--data takes those along that are known by their contents: up to
4 MiB each); what is left out is listed with its digest. Answers may quote the data set. The bundle is not anonymous: it names hosts and
folders.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, w, log := cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr()
			switch {
			case o.check != "" && (len(args) > 0 || o.out != ""):
				return usageError("--check: it looks at a file, and takes neither names nor -o")
			case o.check != "":
				return checkBundle(ctx, w, o.check, o.limits, o.json)
			case len(args) == 0:
				return usageError("want sweeps as harness ls --sweeps prints them, or trial ids")
			case o.out == "":
				return withHint(usageError("want a file to write"), "-o "+fileWord(args[0])+".tar.zst")
			}
			db, err := openFrozen(cmd)
			if err != nil {
				return err
			}
			defer db.Close()
			return makeBundle(ctx, w, log, db, args, o)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&o.out, "out", "o", "", "the file to write")
	f.StringVar(&o.check, "check", "", "look through this bundle instead, without unpacking it")
	f.BoolVar(&o.weights, "weights", false, "with stages of training, checkpoints, and the files that programs kept")
	f.BoolVar(&o.data, "data", false, "with data files of programs' folders")
	f.BoolVar(&o.json, "json", false, "print JSON")
	o.limits.flags(cmd)
	return cmd
}

// fileWord is a name as part of a file's name.
func fileWord(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '/' || r <= ' ' {
			return '-'
		}
		return r
	}, name)
}

// limitOptions are the flags that bound what a bundle may unpack to.
type limitOptions struct {
	size  string
	ratio int64
}

func (o *limitOptions) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.size, "max-size", "64GiB", "refuse a bundle that unpacks to more")
	cmd.Flags().Int64Var(&o.ratio, "max-ratio", bundle.DefaultRatio, "refuse a bundle that unpacks to more than so many times its size")
}

func (o *limitOptions) limits() (bundle.Limits, error) {
	size, err := parseSize(o.size)
	if err != nil {
		return bundle.Limits{}, usageError("--max-size %w", err)
	}
	if o.ratio < 1 {
		return bundle.Limits{}, usageError("--max-ratio %d: want at least 1", o.ratio)
	}
	return bundle.Limits{Total: size, Ratio: o.ratio}, nil
}

// bundled is what bundle and its like print as JSON.
type bundled struct {
	File    string          `json:"file"`
	Name    string          `json:"name"` // the SHA-256 of the manifest
	Sweeps  []string        `json:"sweeps"`
	Trials  int             `json:"trials"`
	Files   int             `json:"files"`
	Bytes   int64           `json:"bytes"` // unpacked
	Fresh   *int            `json:"new_trials,omitempty"`
	LeftOut []homes.LeftOut `json:"left_out"`
}

// makeBundle writes a bundle of what the names stand for.
func makeBundle(ctx context.Context, w, log io.Writer, db *registry.DB, names []string, o bundleOptions) error {
	choice, err := chooseNamed(ctx, db, names)
	if err != nil {
		return err
	}
	packed := homes.Choice{Sweeps: choice.Sweeps, Trials: choice.Trials, Weights: o.weights, Data: o.data}
	if packed.Stale, err = staleOf(ctx, db, choice); err != nil {
		return err
	}
	packing, err := homes.Pack(ctx, db, packed)
	if err != nil {
		return err
	}
	file, err := atomicfile.Create(o.out)
	if err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	defer file.Abort()
	m, err := bundle.Write(file, packing.Sources)
	if err != nil {
		return err
	}
	if err := file.Commit(); err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	sayLeftOut(log, packing.Record.LeftOut)
	if err := sayQuoted(ctx, log, db, packing.Record); err != nil {
		return err
	}
	return newBundled(o.out, m, &packing.Record).print(w, o.json)
}

func newBundled(file string, m *bundle.Manifest, r *homes.Record) bundled {
	return bundled{File: file, Name: m.Name(), Sweeps: append([]string{}, r.Sweeps...), Trials: len(r.Trials), Files: len(m.Entries),
		Bytes: m.Total(), LeftOut: append([]homes.LeftOut{}, r.LeftOut...)}
}

func (b bundled) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(w, b)
	}
	of := ""
	if len(b.Sweeps) > 0 {
		of = " of " + escape.Line(strings.Join(b.Sweeps, ", "))
	}
	fmt.Fprintf(w, "%s: %s%s, %s, %s unpacked\n", b.File, counted(b.Trials, "trial"), of, counted(b.Files, "file"), sizeText(b.Bytes))
	_, err := fmt.Fprintf(w, "name %s\n", b.Name)
	return err
}

// mostLeftOut is how many of the things that are not in a bundle are named.
const mostLeftOut = 10

func sayLeftOut(log io.Writer, left []homes.LeftOut) {
	for i, l := range left {
		if i == mostLeftOut {
			fmt.Fprintf(log, "and %d more not in the bundle: bundle --json lists them\n", len(left)-i)
			break
		}
		fmt.Fprintf(log, "not in the bundle: %s\n", leftOutText(l))
	}
}

// leftOutText names what a bundle lacks by all that is known of it.
func leftOutText(l homes.LeftOut) string {
	text := fmt.Sprintf("%s %s", l.Kind, l.Key)
	if l.Path != "" {
		text += " " + l.Path
	}
	var more []string
	if l.Size > 0 {
		more = append(more, sizeText(l.Size))
	}
	if l.Digest != "" {
		more = append(more, "digest "+l.Digest)
	}
	if l.Why != "" {
		more = append(more, l.Why)
	}
	if len(more) > 0 {
		text += " (" + strings.Join(more, ", ") + ")"
	}
	return escape.Line(text)
}

// sayQuoted warns of answers to questions of a data set that needs credentials.
func sayQuoted(ctx context.Context, log io.Writer, db *registry.DB, r homes.Record) error {
	ids := make([]string, len(r.Trials))
	for i, t := range r.Trials {
		ids[i] = t.ID
	}
	trials, err := db.Trials(ctx, registry.Query{IDs: ids, All: true})
	if err != nil {
		return err
	}
	n := 0
	for _, t := range trials {
		if t.Spec.Command == "" && t.Spec.Data.Source == spec.SourceFiles {
			n++
		}
	}
	if n > 0 {
		fmt.Fprintf(log, "warning: the answers of %s quote the data below data.root: give the bundle only to those who may read these\n", counted(n, "trial"))
	}
	return nil
}

// named are sweeps and trials.
type named struct {
	Sweeps, Trials []string
}

// chooseNamed finds what each name stands for: a sweep, or a trial by the beginning of its id.
func chooseNamed(ctx context.Context, db *registry.DB, names []string) (named, error) {
	var n named
	for _, name := range names {
		handle, err := sweepNamed(ctx, db, name)
		if err == nil {
			n.Sweeps = append(n.Sweeps, handle)
			continue
		}
		id, errFind := db.Find(ctx, name)
		if ambiguous := (*registry.AmbiguousError)(nil); errors.As(errFind, &ambiguous) {
			return n, usageError("%w", errFind)
		}
		if errFind != nil {
			return n, withHint(usageError("%s: neither a sweep nor a trial of this home", escape.Line(name)), "harness ls --sweeps and harness ls list them")
		}
		n.Trials = append(n.Trials, id)
	}
	return n, nil
}

// ids are the trials, those of the sweeps too.
func (n named) ids(ctx context.Context, db *registry.DB) ([]string, error) {
	ids := slices.Clone(n.Trials)
	for _, handle := range n.Sweeps {
		s, err := db.Sweep(ctx, handle)
		if err != nil {
			return nil, err
		}
		for _, m := range s.Members {
			ids = append(ids, m.ID)
		}
	}
	return ids, nil
}

// staleOf is what a table says of results that come from other code or data than is there now.
func staleOf(ctx context.Context, db *registry.DB, n named) (map[string]string, error) {
	ids, err := n.ids(ctx, db)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	trials, err := db.Trials(ctx, registry.Query{IDs: ids, All: true})
	if err != nil {
		return nil, err
	}
	return newStaleness(ctx, db).Of(ctx, trials)
}

// checkBundle looks through a bundle without unpacking it.
func checkBundle(ctx context.Context, w io.Writer, file string, l limitOptions, asJSON bool) error {
	limits, err := l.limits()
	if err != nil {
		return err
	}
	m, r, err := homes.Check(ctx, file, limits)
	if err != nil {
		return bundleError(err)
	}
	return newBundled(file, m, r).print(w, asJSON)
}

// bundleError says what to do about a bundle that cannot be read.
func bundleError(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return usageError("read bundle: %w", err)
	}
	if damage := (*bundle.Damage)(nil); errors.As(err, &damage) {
		return withHint(fmt.Errorf("the bundle is refused: %w", err), "get it once more from where it was published")
	}
	return fmt.Errorf("read bundle: %w", err)
}
