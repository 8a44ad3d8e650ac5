package cli

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"harness/internal/escape"
	"harness/registry"
	"harness/registry/homes"
)

// unbundleOptions are the flags of unbundle.
type unbundleOptions struct {
	home   string
	expect string
	list   bool
	json   bool
	limits limitOptions
}

func newUnbundleCommand() *cobra.Command {
	var o unbundleOptions
	cmd := &cobra.Command{
		Use:   "unbundle FILE",
		Short: "Take a bundle into a home",
		Long: `Take a bundle into a home, where report, show, plot, examples and trial rerun work as on the machine that it comes from.

A bundle in which anything was touched is refused, with the entry. Trials that are here already must be the same: one that is another
under the same id is refused, and nothing comes in. --expect NAME makes sure that it is the bundle whose name was published.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.home = homeOf(cmd)
			if o.list {
				return listBundle(cmd.Context(), cmd.OutOrStdout(), args[0], o)
			}
			return unbundle(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), args[0], o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.expect, "expect", "", "the bundle's name, or at least 8 digits that it begins with")
	f.BoolVar(&o.list, "list", false, "list what is in it, and unpack nothing")
	f.BoolVar(&o.json, "json", false, "print JSON")
	o.limits.flags(cmd)
	return cmd
}

// check refuses an impossible name.
func (o unbundleOptions) check() (homes.UnpackOptions, error) {
	limits, err := o.limits.limits()
	if err != nil {
		return homes.UnpackOptions{}, err
	}
	if o.expect != "" {
		digits := strings.ToLower(o.expect)
		if _, err := hex.DecodeString(digits + strings.Repeat("0", len(digits)%2)); err != nil || len(digits) < 8 || len(digits) > 64 {
			return homes.UnpackOptions{}, usageError("--expect %s: want 8 to 64 hex digits, as harness bundle prints them", escape.Line(o.expect))
		}
	}
	return homes.UnpackOptions{Limits: limits, Expect: o.expect}, nil
}

func unbundle(ctx context.Context, w, log io.Writer, file string, o unbundleOptions) error {
	options, err := o.check()
	if err != nil {
		return err
	}
	if _, _, err := homes.Check(ctx, file, options.Limits); err != nil { // before a home is made for it
		return bundleError(err)
	}
	db, err := openRegistry(ctx, log, o.home)
	if err != nil {
		return err
	}
	defer db.Close()
	got, err := homes.Unpack(ctx, db, file, options)
	sayRebuilt(log, db)
	if conflict := (*registry.ConflictError)(nil); errors.As(err, &conflict) {
		return withHint(fmt.Errorf("unbundle: %w: nothing was taken in", err), "unpack it into a home of its own: harness --home DIR unbundle FILE")
	}
	if busy := (*registry.BusyError)(nil); errors.As(err, &busy) {
		return withHint(fmt.Errorf("unbundle: %w", err), "or unpack it into a home of its own: harness --home DIR unbundle FILE")
	}
	if err != nil {
		return bundleError(err)
	}
	b := bundled{File: file, Name: got.Name, Sweeps: append([]string{}, got.Record.Sweeps...), Trials: len(got.Record.Trials), Files: got.Files,
		Bytes: got.Bytes, Fresh: &got.Fresh, LeftOut: got.Record.LeftOut}
	if o.json {
		return printJSON(w, b)
	}
	if err := b.print(w, false); err != nil {
		return err
	}
	if planned := b.Trials - got.Run; planned > 0 {
		fmt.Fprintf(w, "%s of it had not run\n", counted(planned, "trial"))
	}
	if old := got.Run - got.Fresh; old > 0 {
		fmt.Fprintf(w, "%s here before, the same\n", counted(old, "trial"))
	}
	for _, handle := range b.Sweeps {
		fmt.Fprintf(w, "harness report %s prints its table\n", escape.Line(handle))
	}
	return nil
}

// listBundle lists the entries of a bundle, which is looked through whole.
func listBundle(ctx context.Context, w io.Writer, file string, o unbundleOptions) error {
	options, err := o.check()
	if err != nil {
		return err
	}
	m, _, err := homes.Check(ctx, file, options.Limits)
	if err != nil {
		return bundleError(err)
	}
	if o.json {
		return printJSON(w, m.Entries)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, e := range m.Entries {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", e.Mode, sizeText(e.Size), e.SHA256[:16], escape.Line(e.Path))
	}
	return t.Flush()
}
