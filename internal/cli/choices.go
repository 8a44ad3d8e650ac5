package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"harness/metrics"
	"harness/metrics/fileformat"
	"harness/model/dataset"
	"harness/model/spec"
	"harness/registry"
	"harness/registry/trackers"
	"harness/reports"
	"harness/reports/examples"
	"harness/reports/plots"
	"harness/sweeps/keys"
)

// choicesOf are the values of a flag that has few: of one command's ("report format"), or of all commands' flags of that name. Lists of a
// choice, with commas, count for each word.
func choicesOf(cmd *cobra.Command, flag string) []string {
	if list, ok := flagChoices[cmd.Name()+" "+flag]; ok {
		return list
	}
	return flagChoices[flag]
}

var flagChoices = map[string][]string{
	"preset":          textsOf(spec.Presets[:]),
	"state":           textsOf(registry.States[:]),
	"on":              {onThisMachine, onSlurm},
	"splits":          {string(dataset.BySubject), string(dataset.Official)},
	"style":           textsOf(reports.Styles),
	"align":           textsOf(reports.Aligns),
	"env":             textsOf(reports.Envs),
	"spread":          textsOf(reports.Spreads),
	"engine":          {"native", "go", "xla", "native,bf16", "go,bf16", "xla,bf16"},
	"report engine":   textsOf(reports.Engines),
	"examples engine": textsOf(reports.Engines),
	"rerun engine":    {"xla"},
	"report format":   textsOf(reportFormats),
	"examples format": textsOf(examples.Formats),
	"examples choose": {string(examples.Random), string(examples.Disagreement), "finding="},
	"report show":     keys.Choices("report.show"),
	"plot format":     plots.Formats[:],
	"plot kind":       plots.KindNames(),
	"plot log":        {"auto", "none", "x", "y", "xy"},
	"plot band":       {"std", "minmax", "none"},
	"new kind":        draftKinds,
	"score format":    textsOf(fileformat.Formats),
	"score metrics":   metrics.Groups(),
	"score tokenize":  {metrics.TokenizePTB, metrics.TokenizeNone},
	"export to":       textsOf(trackers.WrittenFormats[:]),
	"color":           {"auto", "always", "never"},
	"sweep redo":      {"failed", "stopped", "stale", "all"},
}

// namesOf completes the values of a flag that are names which a home has: of one command's, or of all commands' flags of that name.
func namesOf(cmd *cobra.Command, flag string) completer {
	if of, ok := flagNames[cmd.Name()+" "+flag]; ok {
		return of
	}
	return flagNames[flag]
}

var flagNames = map[string]completer{
	"set": settingNames, "slurm": slurmNames, "sweep": sweepNames, "metric": metricNames, "metrics": metricNames, "maximize": metricNames,
	"minimize": metricNames, "add": tagNames, "remove": tagNames, "sort": falling(listedNames), "columns": listedNames, "filter": within(listedNames),
	"report columns": paramNames, "report rows": paramNames, "report group": paramNames,
}

// wordsOf lists the words of a flag's value; nil where nothing is known of them.
func wordsOf(cmd *cobra.Command, flag string) completer {
	if list := choicesOf(cmd, flag); list != nil {
		return choices(list...)
	}
	return namesOf(cmd, flag)
}

// completerOf lists the values of a flag; nil where nothing is known of them, and the shell offers files.
func completerOf(cmd *cobra.Command, f *pflag.Flag) completer {
	of := wordsOf(cmd, f.Name)
	if of != nil && f.Value.Type() == "stringSlice" { // words with commas
		return several(of)
	}
	return of
}
