package cli

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"harness/internal/escape"
	"harness/registry/homes"
)

// gcOptions are the flags of gc.
type gcOptions struct {
	home       string
	older      string
	keepStages bool
	delete     bool
	yes        bool
	json       bool
}

func newGCCommand() *cobra.Command {
	var o gcOptions
	cmd := &cobra.Command{
		Use:   "gc",
		Short: "List what can go from the home, and with --delete remove it",
		Long: `List what can go from the home, with its size and why: stages of training that no trial shares, files of attempts whose numbers do not
count and of reruns, folders that were put aside when trials were run anew, what killed processes left, snapshots of code that no attempt
refers to, caches and synthetic data, which are made again. Nothing is removed without --delete or --yes.

Plans, journals, logs and answers are never in the list, nor anything that something which runs may use.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.home = homeOf(cmd)
			return collect(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.older, "older", "", "only what was not changed for so long: 30d, 12h")
	f.BoolVar(&o.keepStages, "keep-stages", false, "leave stages of training out")
	f.BoolVar(&o.delete, "delete", false, "remove what is listed; asks first")
	f.BoolVar(&o.yes, "yes", false, "remove what is listed, and do not ask")
	f.BoolVar(&o.json, "json", false, "print JSON")
	return cmd
}

// parseAge reads 30d, 12h, 90m.
func parseAge(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		if err == nil && n >= 0 && n < 36500 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	} else if age, err := time.ParseDuration(text); err == nil && age >= 0 {
		return age, nil
	}
	return 0, fmt.Errorf("%q: want an age such as 30d or 12h", text)
}

// garbage is what gc prints as JSON.
type garbage struct {
	Waste   []waste  `json:"waste"`
	Bytes   int64    `json:"bytes"` // of all
	Kept    []string `json:"kept"`  // kinds that were not looked for, and why
	Removed *removed `json:"removed,omitempty"`
}

type waste struct {
	Kind     homes.Kind `json:"kind"`
	Path     string     `json:"path"`
	Bytes    int64      `json:"bytes"`
	Why      string     `json:"why"`
	Modified time.Time  `json:"modified"`
}

type removed struct {
	Count   int      `json:"count"`
	Bytes   int64    `json:"bytes"`
	Skipped []string `json:"skipped"`
}

// collect lists waste, and removes it where the user wants it.
func collect(ctx context.Context, w, log io.Writer, o gcOptions) error {
	older, err := parseAge(o.older)
	if err != nil {
		return usageError("--older %w", err)
	}
	db, err := openExisting(ctx, log, o.home)
	if err != nil {
		return err
	}
	defer db.Close()
	c, err := homes.FindWaste(ctx, db, homes.WasteOptions{Older: older, KeepStages: o.keepStages})
	if err != nil {
		return err
	}
	found := newGarbage(c)
	if !o.json {
		if err := found.print(w); err != nil {
			return err
		}
	}
	if (o.delete || o.yes) && len(c.Waste) > 0 {
		if err := confirm(log, o.yes, fmt.Sprintf("remove these %d, %s", len(c.Waste), sizeText(found.Bytes))); err != nil {
			return err
		}
		got, err := homes.RemoveWaste(ctx, db, c.Waste)
		if err != nil {
			return err
		}
		found.Removed = &removed{got.Count, got.Bytes, append([]string{}, got.Skipped...)}
	}
	switch {
	case o.json:
		return printJSON(w, found)
	case found.Removed != nil:
		for _, text := range found.Removed.Skipped {
			fmt.Fprintf(w, "stays: %s\n", escape.Line(text))
		}
		fmt.Fprintf(w, "removed %d, %s\n", found.Removed.Count, sizeText(found.Removed.Bytes))
	case len(c.Waste) > 0:
		fmt.Fprintln(w, "nothing was removed: --delete removes these")
	}
	return nil
}

func newGarbage(c *homes.Collection) garbage {
	found := garbage{Waste: []waste{}, Kept: append([]string{}, c.Kept...)}
	for _, one := range c.Waste {
		found.Waste = append(found.Waste, waste{one.Kind, one.Path, one.Bytes, one.Why, one.Modified.UTC()})
		found.Bytes += one.Bytes
	}
	return found
}

func (c garbage) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, one := range c.Waste {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", one.Kind, sizeText(one.Bytes), escape.Line(one.Path), one.Why)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, kept := range c.Kept {
		fmt.Fprintf(w, "not looked for: %s\n", escape.Line(kept))
	}
	n := len(c.Waste)
	if n == 0 {
		_, err := fmt.Fprintln(w, "nothing can go")
		return err
	}
	_, err := fmt.Fprintf(w, "%d can go, %s\n", n, sizeText(c.Bytes))
	return err
}
