package cli

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"text/tabwriter"

	"github.com/mattn/go-sqlite3"
	"github.com/spf13/cobra"

	"harness/docs"
	"harness/model/engine/native"
	"harness/registry/provenance"
)

// version is what this program was built from.
type version struct {
	Harness  string          `json:"harness"`
	Commit   string          `json:"commit"` // "" is not known
	Modified bool            `json:"modified"`
	Go       string          `json:"go"`
	Platform string          `json:"platform"`
	Engines  []versionEngine `json:"engines"`
	SQLite   string          `json:"sqlite"`
	Schemas  string          `json:"schemas"` // the version of what --json prints
}

// versionEngine is a value of --engine and what computes behind it.
type versionEngine struct {
	Name    string `json:"name"`
	Kernels string `json:"kernels,omitempty"` // of native, chosen by this machine's processor
	Library string `json:"library,omitempty"`
}

func newVersionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print what this program was built from, and its engines",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError("version: unexpected argument %q", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			v := readVersion()
			if asJSON {
				return printJSON(cmd.OutOrStdout(), v)
			}
			return v.write(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func readVersion() version {
	v := version{Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	v.Commit, v.Modified = provenance.Build()
	v.SQLite, _, _ = sqlite3.Version()
	v.Schemas = docs.Version
	modules := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		v.Harness = info.Main.Version
		for _, m := range info.Deps {
			modules[m.Path] = m.Version
		}
	}
	v.Engines = []versionEngine{
		{Name: "native", Kernels: nativeKernels()},
		{Name: "go", Library: strings.TrimSpace("GoMLX " + modules["github.com/gomlx/gomlx"])},
		{Name: "xla:PATH", Library: strings.TrimSpace("go-xla " + modules["github.com/gomlx/go-xla"])},
	}
	return v
}

// nativeKernels names the kernels that the native engine chooses on this machine: avx512, avx2 or plain.
func nativeKernels() string {
	kernels, _, _ := strings.Cut(native.New(1).Device(), ",") // "cpu avx512"
	return strings.TrimPrefix(kernels, "cpu ")
}

func (v version) write(w io.Writer) error {
	commit := v.Commit
	switch {
	case commit == "":
		commit = "not known: built without version control"
	case v.Modified:
		commit += " with changes"
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "harness\t%s\ncommit\t%s\ngo\t%s %s\n", v.Harness, commit, v.Go, v.Platform)
	for i, e := range v.Engines {
		label := ""
		if i == 0 {
			label = "engines"
		}
		what := e.Library
		if e.Kernels != "" {
			what = e.Kernels + " kernels"
		}
		fmt.Fprintf(t, "%s\t%s: %s\n", label, e.Name, what)
	}
	fmt.Fprintf(t, "sqlite\t%s\n", v.SQLite)
	return t.Flush()
}
