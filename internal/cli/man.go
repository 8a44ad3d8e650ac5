package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"harness/internal/atomicfile"
	"harness/sweeps/keys"
)

func newManCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "man DIR",
		Short: "Write the manual pages: one a command, and that of the sweep file",
		Long: `Write the manual pages into DIR/man1 and DIR/man5: one a command, and harness-sweepfile(5), which has every key of a sweep file.

  harness man ~/.local/share/man && man harness-sweepfile
  man -M DIR harness-report`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := writeManual(cmd.Root(), args[0])
			if err != nil {
				return err
			}
			return written{files}.print(cmd.OutOrStdout(), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// writeManual writes all pages, and returns their paths.
func writeManual(root *cobra.Command, dir string) ([]string, error) {
	files := []string{}
	write := func(name string, section int, page *roff) error {
		folder := filepath.Join(dir, fmt.Sprintf("man%d", section))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return fmt.Errorf("write manual: %w", err)
		}
		path := filepath.Join(folder, fmt.Sprintf("%s.%d", name, section))
		files = append(files, path)
		if err := atomicfile.Write(path, []byte(page.String())); err != nil {
			return fmt.Errorf("write manual: %w", err)
		}
		return nil
	}
	var walk func(cmd *cobra.Command) error
	walk = func(cmd *cobra.Command) error {
		if cmd.Hidden || cmd.Name() == "help" {
			return nil
		}
		if err := write(pageName(cmd), 1, commandPage(cmd)); err != nil {
			return err
		}
		for _, sub := range cmd.Commands() {
			if err := walk(sub); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(root); err != nil {
		return nil, err
	}
	return files, write("harness-sweepfile", 5, sweepFilePage())
}

// pageName is the name of a command's page: harness-trial-log.
func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// commandPage is the page of a command.
func commandPage(cmd *cobra.Command) *roff {
	p := newRoff(pageName(cmd), 1)
	p.section("NAME")
	p.text(pageName(cmd) + " - " + strings.ToLower(cmd.Short[:1]) + cmd.Short[1:])
	p.section("SYNOPSIS")
	for i, form := range strings.Split(strings.TrimPrefix(cmd.Use, cmd.Name()), " | ") {
		if i > 0 {
			p.request("br")
		}
		form = strings.TrimPrefix(strings.TrimSpace(form), cmd.Name()+" ")
		p.request("B", cmd.CommandPath())
		p.text(strings.TrimSpace(form + " [options]"))
	}
	p.section("DESCRIPTION")
	p.paragraphs(orShort(cmd))
	flags := cmd.NonInheritedFlags()
	if cmd.HasParent() {
		flags.AddFlagSet(cmd.InheritedFlags())
	}
	p.section("OPTIONS")
	flags.VisitAll(p.flag)
	if subs := cmd.Commands(); len(subs) > 0 {
		p.section("COMMANDS")
		for _, sub := range subs {
			if !sub.Hidden && sub.Name() != "help" {
				p.item(pageName(sub)+"(1)", sub.Short)
			}
		}
	}
	if !cmd.HasParent() {
		p.program()
	}
	p.section("SEE ALSO")
	also := "harness(1), harness-sweepfile(5)"
	if cmd.HasParent() && cmd.Parent().HasParent() {
		also = pageName(cmd.Parent()) + "(1), " + also
	}
	p.text(also)
	return p
}

// orShort is what a command says of itself at length, or in a line.
func orShort(cmd *cobra.Command) string {
	if cmd.Long != "" {
		return cmd.Long
	}
	return cmd.Short + "."
}

// program says what holds for all commands.
func (p *roff) program() {
	p.section("EXIT STATUS")
	for _, code := range []struct{ number, meaning string }{
		{strconv.Itoa(exitDone), "done"}, {strconv.Itoa(exitFailed), "failed"}, {strconv.Itoa(exitMisused), "called or configured wrongly"},
		{strconv.Itoa(exitSomeFailed), "some trials failed"}, {strconv.Itoa(exitDisagreed), "a rerun disagrees"}, {strconv.Itoa(exitInterrupted), "interrupted"},
	} {
		p.item(code.number, code.meaning)
	}
	p.section("ENVIRONMENT")
	p.item("HARNESS_HOME", "where runs, data and caches lie, unless --home says it; else the folder runs")
	p.item("NO_COLOR", "where it is set, nothing is coloured")
	p.section("FILES")
	p.item("registry.db", "below the home: what was planned, tried and measured")
	p.item("trials/ID/N", "below the home: the folder of attempt N of a trial")
}

// sweepFilePage is the page of the sweep file.
func sweepFilePage() *roff {
	p := newRoff("harness-sweepfile", 5)
	p.section("NAME")
	p.text("harness-sweepfile - the file that says which trials an ablation has")
	p.section("DESCRIPTION")
	p.paragraphs("A sweep file is YAML. harness sweep plans its trials, runs those that have no result yet, and prints the table; harness new writes a commented file to start from, and harness explain KEY says what stands here.\n\nNames of your own stand in the place of NAME.")
	for _, part := range []struct {
		title string
		of    keys.Tool
	}{{"KEYS", keys.Ours}, {"WORDS OF W&B", keys.WandB}, {"SETTINGS OF THE BUILT-IN TRAINER", keys.Trainer}} {
		p.section(part.title)
		if part.of == keys.Trainer {
			p.text("They stand below base, parameters, ablations and --set, nested or dotted.")
		}
		for _, k := range keys.All() {
			if k.Of == part.of {
				p.key(k)
			}
		}
	}
	p.section("SEE ALSO")
	p.text("harness(1), harness-sweep(1), harness-new(1), harness-explain(1)")
	return p
}

// key is one key with what is known of it.
func (p *roff) key(k keys.Key) {
	p.item(k.Path+" ("+string(k.Type)+")", k.Doc)
	row := func(name, value string) {
		if value != "" {
			p.request("br")
			p.text(name + ": " + value)
		}
	}
	row("One of", strings.Join(k.Choices, ", "))
	row("Unit", k.Unit)
	row("Default", defaultOf(k))
	row("Paper", k.Paper)
	if k.Example != "" && k.Of != keys.Trainer {
		p.request("IP")
		p.block(strings.Split(k.Example, "\n"))
	}
}

// roff writes a manual page with the macros of man(7).
type roff struct{ strings.Builder }

func newRoff(name string, section int) *roff {
	p := &roff{}
	fmt.Fprintf(p, ".TH %s %d %s harness harness\n", strings.ToUpper(escaped(name)), section, builtOn().Format("2006-01-02"))
	return p
}

// builtOn is the day of the code, or of the program.
func builtOn() time.Time {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if at, err := time.Parse(time.RFC3339, s.Value); s.Key == "vcs.time" && err == nil {
				return at.UTC()
			}
		}
	}
	if path, err := os.Executable(); err == nil {
		if info, err := os.Stat(path); err == nil {
			return info.ModTime().UTC()
		}
	}
	return time.Unix(0, 0).UTC()
}

// escaped is text as roff prints it.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\\':
			b.WriteString(`\e`)
		case r == '-':
			b.WriteString(`\-`)
		case r == '\'':
			b.WriteString(`\(aq`)
		case r == '`':
			b.WriteString(`\(ga`)
		case r == '^':
			b.WriteString(`\(ha`)
		case r == '~':
			b.WriteString(`\(ti`)
		case r > 126:
			fmt.Fprintf(&b, `\[u%04X]`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// line is a line of text, whatever it begins with.
func (p *roff) line(text string) {
	text = escaped(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	p.WriteString(text + "\n")
}

func (p *roff) request(name string, words ...string) {
	p.WriteString("." + name)
	for _, word := range words {
		p.WriteString(" " + escaped(word))
	}
	p.WriteString("\n")
}

func (p *roff) section(title string) { p.WriteString(".SH \"" + escaped(title) + "\"\n") }

func (p *roff) text(text string) { p.line(strings.Join(strings.Fields(text), " ")) }

// item is a term and what is said of it.
func (p *roff) item(term, text string) {
	p.request("TP")
	p.WriteString(".B \"" + strings.ReplaceAll(escaped(term), `"`, `\(dq`) + "\"\n")
	p.text(text)
}

// block is text that keeps its lines.
func (p *roff) block(lines []string) {
	p.request("nf")
	for _, line := range lines {
		p.line(line)
	}
	p.request("fi")
}

// example is a block that stands in from its paragraph.
func (p *roff) example(lines []string) {
	p.request("PP")
	p.request("RS", "4")
	p.block(lines)
	p.request("RE")
}

// paragraphs writes a command's help: paragraphs, and blocks of lines that begin with two blanks.
func (p *roff) paragraphs(text string) {
	for i, part := range strings.Split(strings.TrimSpace(text), "\n\n") {
		var block []string
		flush := func() {
			if block != nil {
				p.example(block)
				block = nil
			}
		}
		if i > 0 && !strings.HasPrefix(part, "  ") {
			p.request("PP")
		}
		for line := range strings.SplitSeq(strings.Trim(part, "\n"), "\n") {
			if strings.HasPrefix(line, "  ") {
				block = append(block, strings.TrimPrefix(line, "  "))
				continue
			}
			if block != nil {
				flush()
				p.request("PP")
			}
			p.text(line)
		}
		flush()
	}
}

// flag is an option of a command.
func (p *roff) flag(f *pflag.Flag) {
	if f.Hidden {
		return
	}
	name, usage := pflag.UnquoteUsage(f)
	term := "--" + f.Name
	if f.Shorthand != "" {
		term = "-" + f.Shorthand + ", " + term
	}
	if name != "" {
		term += " " + name
	}
	if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "[]" && f.DefValue != "0s" {
		usage += " (default " + f.DefValue + ")"
	}
	p.item(term, usage)
}
