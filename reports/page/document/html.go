package document

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"harness/internal/escape"
	"harness/reports"
	"harness/reports/page"
	"harness/sweeps"
)

//go:embed document.html
var markup string

//go:embed document.css
var style string

//go:embed document.js
var script string

var layout = template.Must(template.New("document").Parse(markup))

// Step is a command with what it does.
type Step struct{ What, Command string }

// sheet is what the layout shows.
type sheet struct {
	Policy   string
	Style    template.CSS
	Scripts  []template.JS
	Licence  string // of the charting library; "" where there is no chart
	Title    string
	About    string
	Harness  string
	Data     string
	Table    template.HTML
	Claims   template.HTML // what became of the hypotheses; "" where there are none
	Marks    []mark
	Copies   []copied
	Figures  []figure
	Remarks  []string // what was left out
	Settings settings
	Facts    []Setting // of the plan
	File     File
	States   string
	Trials   []trialLine
	Failures []failure
	Reruns   bool
	Pairs    []pair
	Caption  []string
	Missing  string // why there are no pairs
	Ran      []fact
	Costs    []Setting
	Efforts  []effort
	Steps    []Step
}

// copied is a table as text.
type copied struct{ Format, Text string }

// effort is what the training of a row saw.
type effort struct{ Row, Images, Sequences, FLOPs string }

// room is how many bytes figures leave to images.
const room = 400_000

// Written says what became of a file.
type Written struct {
	Bytes   int
	Remarks []string // what was left out or shrunk to stay under Limit
}

// Write writes the file. It shrinks images, then leaves out figures; tables and settings are always whole, at any size.
func (c Contents) Write(w io.Writer, steps []Step) (Written, error) {
	s, err := c.sheet(steps)
	if err != nil {
		return Written{}, err
	}
	var bare bytes.Buffer
	if err := layout.Execute(&bare, s); err != nil {
		return Written{}, fmt.Errorf("write report %s: %w", c.Plan.Name, err)
	}
	all, err := c.figures()
	if err != nil {
		return Written{}, err
	}
	kept, left := keep(all, Limit-bare.Len()-room)
	spent := bare.Len()
	for _, f := range kept {
		spent += f.size()
	}
	pairs, remark, err := c.pairs(Limit - spent - room/8)
	if err != nil {
		return Written{}, err
	}
	s.Figures, s.Pairs = kept, pairs
	if len(left) > 0 {
		s.Remarks = append(s.Remarks, fmt.Sprintf("Figures that are left out, so that the file stays under %s: %s. \"harness plot\" draws them.", bytesText(Limit), strings.Join(left, "; ")))
	}
	if remark != "" {
		s.Remarks = append(s.Remarks, remark)
	}
	var out bytes.Buffer
	if err := layout.Execute(&out, s); err != nil {
		return Written{}, fmt.Errorf("write report %s: %w", c.Plan.Name, err)
	}
	_, err = w.Write(out.Bytes())
	return Written{Bytes: out.Len(), Remarks: s.Remarks}, err
}

// sheet is all but figures and test pairs.
func (c Contents) sheet(steps []Step) (*sheet, error) {
	s := &sheet{Title: escape.Line(c.Plan.Name), About: lines(c.Plan.Description),
		Harness: escape.Line(c.Harness), Marks: marksOf(c.Table), File: c.File, States: c.Record.states(), Trials: c.Record.trialLines(), Failures: c.Record.failures(),
		Ran: c.Record.facts(), Costs: c.Record.costs(), Efforts: efforts(c.Table), Missing: escape.Line(c.Remark)}
	s.File.Name, s.File.Text, s.File.Absent = escape.Line(c.File.Name), lines(c.File.Text), escape.Line(c.File.Absent)
	switch {
	case c.Table.Synthetic:
		s.Data = "Synthetic data."
	case !c.Table.Command: // what data a program reads is its own affair
		s.Data = "Data: those that the settings name."
	}
	for _, step := range steps {
		s.Steps = append(s.Steps, Step{step.What, escape.Line(step.Command)})
	}
	for _, t := range s.Trials {
		s.Reruns = s.Reruns || t.Reruns > 0
	}
	if c.Examples != nil {
		for _, sentence := range c.Examples.Caption() {
			s.Caption = append(s.Caption, escape.Line(sentence))
		}
	}
	s.Facts = factsOf(c.Plan)
	var err error
	if s.Settings, err = c.settingsOf(); err != nil {
		return nil, err
	}
	if err := s.dress(len(c.Charts) > 0); err != nil {
		return nil, err
	}
	var table bytes.Buffer
	if err := c.Table.HTMLAs(&table, reports.HTMLOptions{Classes: true, Explain: true}); err != nil {
		return nil, err
	}
	s.Table = template.HTML(table.String())
	table.Reset()
	if err := c.Table.HypothesesHTML(&table, reports.HTMLOptions{Classes: true}); err != nil {
		return nil, err
	}
	s.Claims = template.HTML(table.String())
	s.Copies, err = copies(c.Table)
	return s, err
}

// copies are the table in the formats that people paste.
func copies(t *reports.Table) ([]copied, error) {
	var list []copied
	for _, f := range []struct {
		name   string
		format reports.Format
	}{{"LaTeX", reports.LatexFormat}, {"Markdown", reports.MarkdownFormat}, {"CSV", reports.CSVFormat}} {
		var text bytes.Buffer
		if err := t.Render(&text, f.format, reports.LatexOptions{}); err != nil {
			return nil, err
		}
		list = append(list, copied{f.name, text.String()})
	}
	return list, nil
}

// factsOf are the settings of the sweep that are not those of a trial.
func factsOf(p *sweeps.Plan) []Setting {
	seeds := strings.Trim(fmt.Sprint(p.Seeds), "[]")
	list := []Setting{{"kept as", escape.Line(p.Handle)}, {"seeds", seeds}, {"rows", fmt.Sprint(len(p.Rows))}, {"trials", fmt.Sprint(len(p.Trials))}}
	for _, a := range p.Axes {
		var options []string
		for _, o := range a.Options {
			options = append(options, o.Text)
		}
		list = append(list, Setting{"varied: " + escape.Line(a.Label), escape.Line(strings.Join(options, "; "))})
	}
	if len(p.Options) > 0 {
		list = append(list, Setting{"options of the command line", escape.Line(strings.Join(p.Options, " "))})
	}
	if p.FileDigest != "" {
		list = append(list, Setting{"digest of the file (SHA-256, its first 8 bytes)", escape.Line(p.FileDigest)})
	}
	if p.Harness != "" {
		list = append(list, Setting{"planned by harness", escape.Line(p.Harness)})
	}
	return list
}

// efforts are what the training of each row saw, where that was recorded.
func efforts(t *reports.Table) []effort {
	var list []effort
	for _, r := range t.Rows {
		if r.Effort == nil {
			continue
		}
		flops := ""
		if r.Effort.FLOPs > 0 {
			flops = fmt.Sprintf("%.2g", r.Effort.FLOPs)
		}
		list = append(list, effort{escape.Line(r.Name), fmt.Sprintf("%.0f", r.Effort.Images), fmt.Sprintf("%.0f", r.Effort.Sequences), flops})
	}
	return list
}

// dress adds style sheet and scripts, and the policy that allows these and nothing else.
func (s *sheet) dress(charts bool) error {
	styles, scripts := style, []string{script}
	if charts {
		look, err := inline(page.ChartStyle)
		if err != nil {
			return err
		}
		styles = look + style
		for _, name := range page.ChartScripts {
			text, err := inline(name)
			if err != nil {
				return err
			}
			scripts = append(scripts, text)
		}
		if s.Licence, err = inline("echarts.LICENSE.txt"); err != nil {
			return err
		}
	}
	s.Style = template.CSS(styles)
	var allowed []string
	for _, text := range scripts {
		s.Scripts = append(s.Scripts, template.JS(text))
		allowed = append(allowed, "'"+digest(text)+"'")
	}
	s.Policy = fmt.Sprintf("default-src 'none'; style-src '%s'; script-src %s; img-src data: blob:; base-uri 'none'; form-action 'none'", digest(styles), strings.Join(allowed, " "))
	return nil
}

// inline is an asset of package page as it may stand in an element.
func inline(name string) (string, error) {
	asset, ok := page.Find(name)
	if !ok {
		return "", fmt.Errorf("there is no asset %s", name)
	}
	return asset.Inline()
}

// digest names an embedded text as a policy does.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
