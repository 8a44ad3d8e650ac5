package cli

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"harness/internal/atomicfile"
	"harness/model/dataset"
	"harness/model/dataset/contactsheet"
	"harness/model/dataset/synthetic"
)

func newDataCommand() *cobra.Command {
	return newGroup("data", "Write, check and look at data sets",
		newDataSynthCommand(), newDataShowCommand(), newDataCheckCommand())
}

func newDataSynthCommand() *cobra.Command {
	p := synthetic.Default()
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "synth DIR",
		Short: "Write synthetic chest radiographs, reports, regions and questions in the layouts of the real data",
		Long: `Write SynCXR, a stand-in for MIMIC-CXR-JPG, its reports, Chest ImaGenome and Medical-Diff-VQA in exactly their layouts.
The same flags give the same bytes. DIR is replaced if it holds an earlier synthetic set, and left alone if it holds anything else.`,
		Args: oneFolder,
		RunE: func(cmd *cobra.Command, args []string) error {
			chosen, err := withDesign(p, cmd.Flags().Changed)
			if err != nil {
				return usageError("data synth: %w", err)
			}
			return synth(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), args[0], chosen, asJSON)
		},
	}
	f := cmd.Flags()
	f.StringVar((*string)(&p.Design), "design", "", "what the films show: nothing for findings that differ in their looks, place for findings that differ in where they are, with defaults of its own")
	f.Float64Var(&p.PhraseDropout, "phrase-dropout", p.PhraseDropout, "design place: chance that the phrase of a region omits its finding, 0.1 by itself; 1 leaves boxes alone")
	f.BoolVar(&p.SameReport, "same-report", p.SameReport, "design place: phrases state what the report states")
	f.IntVar(&p.Patients, "patients", p.Patients, "subjects, split 80/10/10 into train, val and test; design place: 3000 by itself")
	f.IntVar(&p.Studies, "studies", p.Studies, "studies a patient")
	f.Int64Var(&p.Seed, "seed", p.Seed, "seed of everything drawn")
	f.Float64Var(&p.ReportDropout, "report-dropout", p.ReportDropout, "chance that a report omits a fine finding, half of it for a coarse one; design place: any finding, 0.1 by itself")
	f.BoolVar(&p.StableOrder, "stable-order", p.StableOrder, "name findings in one fixed order; false shuffles, as the original questions do")
	f.Float64Var(&p.Prevalence, "prevalence", p.Prevalence, "chance of each finding")
	f.Float64Var(&p.Redraw, "redraw", p.Redraw, "chance that a finding is drawn anew in the next study")
	f.Float64Var(&p.LevelStep, "level-step", p.LevelStep, "chance that a finding that stays changes its level")
	f.Float64Var(&p.CoarseContrast, "coarse-contrast", p.CoarseContrast, "scale of the brightness of coarse findings, in design place of spots, there 1 by itself")
	f.Float64Var(&p.FineAmplitude, "fine-amplitude", p.FineAmplitude, "strength of fine findings (rms, of full scale)")
	f.Float64Var(&p.Decoys, "decoys", p.Decoys, "chance that a fine finding's texture also lies where it means nothing; design place: that a spot does, at each place where it may, 0.6 by itself")
	f.Float64Var(&p.Noise, "noise", p.Noise, "noise of the films (standard deviation, of full scale)")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// ofOneDesign are the flags that do nothing in the other design.
var ofOneDesign = []struct {
	flag   string
	design synthetic.Design
	why    string
}{
	{"phrase-dropout", synthetic.Place, "it is of --design place alone"},
	{"same-report", synthetic.Place, "it is of --design place alone"},
	{"fine-amplitude", synthetic.Look, "--design place has no fine findings"},
	{"level-step", synthetic.Look, "--design place has no levels"},
}

// withDesign is p where a flag was given, and what the design takes elsewhere.
func withDesign(p synthetic.Params, given func(flag string) bool) (synthetic.Params, error) {
	if _, err := synthetic.ParseDesign(string(p.Design)); err != nil {
		return p, fmt.Errorf("--design: %w", err)
	}
	for _, of := range ofOneDesign {
		if given(of.flag) && of.design != p.Design {
			return p, fmt.Errorf("--%s changes nothing here: %s", of.flag, of.why)
		}
	}
	if given("phrase-dropout") && p.SameReport {
		return p, errors.New("--phrase-dropout changes nothing here: with --same-report phrases state what the report states")
	}
	d := p.Design.Default()
	for flag, value := range map[string]struct{ to, from *float64 }{
		"report-dropout": {&p.ReportDropout, &d.ReportDropout}, "phrase-dropout": {&p.PhraseDropout, &d.PhraseDropout},
		"coarse-contrast": {&p.CoarseContrast, &d.CoarseContrast}, "decoys": {&p.Decoys, &d.Decoys},
	} {
		if !given(flag) {
			*value.to = *value.from
		}
	}
	p.Laterals, p.BoxFaults = d.Laterals, d.BoxFaults
	if !given("patients") {
		p.Patients = d.Patients
	}
	return p, nil
}

// madeData is a synthetic data set that was written.
type madeData struct {
	Dir      string `json:"dir"`
	Patients int    `json:"patients"`
	Studies  int    `json:"studies"` // an image each
	Seed     int64  `json:"seed"`
}

// synth writes the data set of p to dir, shows progress on a terminal, and says what it wrote.
func synth(ctx context.Context, w, log io.Writer, dir string, p synthetic.Params, asJSON bool) error {
	if err := p.Validate(); err != nil {
		return usageError("data synth: %w", err)
	}
	start := time.Now()
	if err := synthetic.Write(ctx, dir, p, newProgressLine(log, "patients").report); err != nil {
		return err
	}
	images := p.Patients * p.Studies
	if asJSON {
		return printJSON(w, madeData{filepath.Clean(dir), p.Patients, images, p.Seed})
	}
	fmt.Fprintf(w, "%s: %d patients, %d studies, seed %d, synthetic, in %.1f s\n",
		filepath.Clean(dir), p.Patients, images, p.Seed, time.Since(start).Seconds())
	return nil
}

// dataShowOptions are the flags of data show.
type dataShowOptions struct {
	json bool
	contactsheet.Options
	out string
}

func newDataShowCommand() *cobra.Command {
	var o dataShowOptions
	cmd := &cobra.Command{
		Use:   "show DIR",
		Short: "Draw a contact sheet of samples as PNG: images, boxes, phrases, findings, changes",
		Args:  oneFolder,
		RunE: func(cmd *cobra.Command, args []string) error {
			return showData(cmd.Context(), cmd.OutOrStdout(), args[0], o)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&o.out, "out", "o", "page.png", "PNG file to write")
	f.IntVarP(&o.Count, "n", "n", 12, "how many images")
	f.IntVar(&o.Size, "size", 448, "pixels a side that the model sees, shown as they are")
	f.Int64Var(&o.Seed, "seed", 1, "which images and regions")
	f.BoolVar(&o.json, "json", false, "print JSON")
	return cmd
}

// showData draws the contact sheet of the data set at root and writes it beside its place, renamed when whole.
func showData(ctx context.Context, w io.Writer, root string, o dataShowOptions) error {
	if o.Count < 1 || o.Size < 16 || o.Size > 1024 {
		return usageError("data show: --n %d --size %d: want at least 1 image, 16 to 1024 pixels", o.Count, o.Size)
	}
	set, err := dataset.Open(ctx, root, dataset.Options{})
	if err != nil {
		return err
	}
	picture, err := contactsheet.Draw(ctx, set, o.Options)
	if err != nil {
		return err
	}
	if err := writePNG(o.out, picture); err != nil {
		return fmt.Errorf("write %s: %w", o.out, err)
	}
	if o.json {
		return written{[]string{o.out}}.print(w, true)
	}
	fmt.Fprintf(w, "%s: %d of %d images at %d pixels\n", o.out, min(o.Count, len(set.Images)), len(set.Images), o.Size)
	return nil
}

func writePNG(path string, picture image.Image) error {
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	if err := png.Encode(f, picture); err != nil {
		return err
	}
	return f.Commit()
}

// oneFolder accepts exactly one argument, the folder of a data set.
func oneFolder(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError("%s: want one folder, got %d arguments", cmd.CommandPath(), len(args))
	}
	return nil
}
