package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"harness/experiments"
	"harness/internal/view"
	"harness/model/spec"
	"harness/registry"
	"harness/reports"
	"harness/reports/examples"
	"harness/reports/page/document"
	"harness/reports/plots"
	"harness/runner"
	"harness/sweeps"
)

// documentFormat is the self-contained page, which takes more than a table.
const documentFormat reports.Format = "html"

// reportFormats are the formats of report.
var reportFormats = append([]reports.Format{documentFormat}, reports.Formats...)

// documentPairs is how many test pairs a page shows where the experiment does not say.
const documentPairs = 4

// reportDocument writes the self-contained page of one experiment.
func reportDocument(ctx context.Context, w, log io.Writer, db *registry.DB, plan *sweeps.Plan, table *reports.Table, out string) (err error) {
	c := document.Contents{Plan: plan, Table: table, SettingsOf: settingsOf, File: fileOf(db.Home, plan), Harness: readVersion().Harness}
	if c.Record, err = document.Read(ctx, db, plan); err != nil {
		return err
	}
	if c.Curves, err = chosenCurves(ctx, db, plan, table, nil, &plots.Options{}); err != nil {
		return err
	}
	if c.Charts, err = document.ReadCharts(ctx, db, plan, table, c.Curves); err != nil {
		return err
	}
	if err := addExamples(ctx, db, &c); err != nil {
		return err
	}
	var page bytes.Buffer
	written, err := c.Write(&page, stepsOf(plan, c.File))
	if err != nil {
		return err
	}
	for _, remark := range written.Remarks {
		fmt.Fprintf(log, "report %s: %s\n", plan.Handle, remark)
	}
	if written.Bytes > document.Limit {
		fmt.Fprintf(log, "warning: the page has %d bytes, more than %d: tables and settings are never left out\n", written.Bytes, document.Limit)
	}
	if out == "" {
		_, err := w.Write(page.Bytes())
		return err
	}
	return writeFile(w, "report", out, page.Bytes())
}

// addExamples chooses test pairs by chance, or says why there are none.
func addExamples(ctx context.Context, db *registry.DB, c *document.Contents) error {
	results, err := reports.Load(ctx, db, c.Plan)
	if err != nil {
		return err
	}
	choice := examples.Choice{Rule: examples.Random, Seed: new(int64), N: documentPairs}
	if c.Plan.Report.Cases > 0 {
		choice.N = c.Plan.Report.Cases
	}
	e, err := examples.Build(c.Plan, results, examples.Options{Choice: choice})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		c.Remark = "There are no examples: " + err.Error() + "."
		return nil
	}
	c.Examples = e
	err = illustrate(ctx, db, c.Plan, results, e)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		c.Remark = "There are no images: " + err.Error() + "."
	}
	return nil
}

// settingsOf lists the settings of a trial; the seed stands elsewhere.
func settingsOf(t spec.Trial) ([]document.Setting, error) {
	fields, err := view.Settings(t)
	if err != nil {
		return nil, err
	}
	var list []document.Setting
	for _, f := range fields {
		if f.Name != "seed" {
			list = append(list, document.Setting{Path: f.Name, Value: f.Value})
		}
	}
	return list, nil
}

// fileOf is the experiment file of a plan, if it is still as it was planned.
func fileOf(home string, plan *sweeps.Plan) document.File {
	f := document.File{Name: filepath.Base(plan.File), Own: plan.File == ""}
	if plan.FileDigest == "" {
		return document.File{Absent: "The plan was made by a version that did not record its file."}
	}
	var data []byte
	var err error
	if f.Own {
		f.Name = plan.Name
		data, err = experiments.Read(plan.Name)
	} else {
		data, err = os.ReadFile(inHome(home, plan.File))
	}
	sum := sha256.Sum256(data)
	switch {
	case err != nil:
		f.Absent = fmt.Sprintf("%s, from which the sweep was planned, is no longer where it was. The plan itself is kept: the settings above are those of its trials.", f.Name)
	case hex.EncodeToString(sum[:8]) != plan.FileDigest:
		f.Absent = fmt.Sprintf("%s has changed since the sweep was planned, so its text is left out. The plan itself is kept: the settings above are those of its trials.", f.Name)
	default:
		f.Text = string(data)
	}
	return f
}

// stepsOf are the commands that make the results again.
func stepsOf(plan *sweeps.Plan, file document.File) []document.Step {
	quoted := runner.ShellQuote
	handle := quoted(plan.Handle)
	archive := quoted(fileWord(plan.Handle) + ".tar.zst")
	sweep := "harness sweep " + quoted(file.Name)
	for _, option := range plan.Options {
		flag, value, _ := strings.Cut(option, " ")
		sweep += " " + flag + " " + quoted(value)
	}
	train := "Train all trials anew, with the experiment file above saved under its name; results that a home has are not made again."
	if file.Own {
		train = "Train all trials anew; the experiment is built in. Results that a home has are not made again."
	}
	steps := []document.Step{
		{What: "Take the authors' results into a home of yours, where they have published a bundle (\"harness bundle\", below).",
			Command: fmt.Sprintf("harness unbundle %s --home results", archive)},
		{What: "Print the same table from it, and this page.",
			Command: fmt.Sprintf("harness report %s --home results\nharness report %s --home results --format html -o %s", handle, handle, quoted(fileWord(plan.Handle)+".html"))},
		{What: "Train one trial again from nothing and compare every number with the one in the table.",
			Command: "harness trial rerun " + plan.Trials[0].ID + " --home results"},
	}
	if file.Name != "" {
		steps = append(steps, document.Step{What: train, Command: sweep})
	}
	return append(steps, document.Step{What: "For authors: put plan, settings, numbers, answers, logs and code into one file for reviewers.",
		Command: fmt.Sprintf("harness bundle %s -o %s", handle, archive)})
}
