// Package dataset reads MIMIC-CXR-JPG, the MIMIC-CXR reports, Chest ImaGenome and Medical-Diff-VQA in their own layouts under
// one root, and synthetic sets written in the same layouts; or one of two open sets in theirs, IU X-Ray and NIH ChestX-ray14.
//
// The flow: Open finds the four sets (locate.go), streams their tables (metadata.go, questions.go; package csvfile), reads every
// image header (image.go; imagefiles.go finds the files; package radiograph), report (report.go; package reporttext) and scene graph (scene.go; package scenegraph),
// assigns splits by subject (split.go) and returns a Set of usable images, difference pairs and other questions that point into
// the images. Boxes are given in pixels of the files, whatever the size of the copy (frame.go). Faults of the data are counted by
// cause (faults.go, tally.go) and never stop it; a data set or CSV file that is not there does. OpenPixels
// turns the images into a memory-mapped cache of square gray images (pixels.go). Check is Open with every image decoded, for a
// report to the user (check.go).
//
// An open set fills in the same tables (openlayout.go), and has no more than its files say: docs/datasets.md.
//
// What counts as what is settled in FACTS 1.7. The package does not tokenise, sample or batch.
package dataset

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"harness/metrics"
	"harness/model/dataset/radiograph"
)

// Options choose how a root is read. The zero value is the default.
type Options struct {
	Splits             Splits // BySubject unless set
	KeepPriorSentences bool   // keep sentences that refer to an earlier study in captions and phrases
	AllBoxes           bool   // also return the usable boxes of regions without a phrase
	ListIDs            bool   // remember the ids behind each count of Faults
}

// Splits says how subjects are divided.
type Splits string

const (
	// BySubject gives each subject one split, decided by Medical-Diff-VQA, for all data: no subject leaks (FACTS 1.6).
	BySubject Splits = "subject"
	// Official uses each set's own split, as published; subjects leak from test into pretraining.
	Official Splits = "official"
)

// Split is the part of the data that something belongs to.
type Split uint8

// The splits. None is for images that an official split file does not name.
const (
	Train Split = iota
	Val
	Test
	None
)

// String returns train, val, test or none.
func (s Split) String() string {
	switch s {
	case Train:
		return "train"
	case Val:
		return "val"
	case Test:
		return "test"
	}
	return "none"
}

// Image is one usable frontal image, or one of which an open set does not say what it is, in the order of the metadata.
type Image struct {
	ID, Subject, Study string
	Path               string
	Width, Height      int    // stored orientation
	View               string // "AP" or "PA"; "frontal" or "unknown" in open sets that say no more
	Split              Split
	RegionSplit        Split // differs from Split only under Official, where ImaGenome has a split of its own
	Date               int   // YYYYMMDD of the study, shifted by the source; 0 if unknown
	Caption            string
	Regions            []Region // in the order of RegionNames, of an open set in the table's; nil for gold patients and images without regions

	file radiograph.Info
}

// Region is one anatomical region of an image.
type Region struct {
	Name   string
	Box    metrics.Box // pixels of the image's file, clamped to it
	Phrase string      // cleaned; "" only under Options.AllBoxes
}

// Pair is a question: about two images of one subject (Set.Pairs) or about one image (Set.Questions).
type Pair struct {
	ID        string // STUDY_REFERENCE_LINE, LINE being that of mimic_pair_questions.csv
	Ref, Main int    // indices into Set.Images, reference and main; Ref is -1 in Questions whose reference has no image
	Type      string // "difference", or the type of the question
	Question  string
	Answer    string // without white space around it
	Split     Split
	LevelOnly bool // the question asks for one area, and the answer states only a level
}

// Set is a data set ready for use. Images, Pairs and Questions hold usable entries only; Faults counts the rest.
type Set struct {
	Root      string
	Synthetic string // first line of SYNTHETIC.txt; "" for real data
	Splits    Splits
	Images    []Image
	Pairs     []Pair // difference questions
	Questions []Pair // the other six types
	Faults    Faults
	Notes     []string // what is unusual about the root as a whole, one line each

	hash      string
	open      string              // name of the open set, "" for the four
	questions string              // path of mimic_pair_questions.csv, "" for an open set
	findings  map[string][]string // of an open set
}

// Hash returns the data hash, 64 hex digits, by which trials name their data. It covers the contents of the tables, of the reports
// and of the scene graphs that were read, and of every frontal image the id, the size and the contents: all of them up to 256 KiB,
// above that 16 blocks of 4 KiB from the first to the last. It does not depend on the place of the root, the
// version in a folder's name, compression of tables, times or the Options. What this version of the reader makes of the files counts
// where another version makes something else of them (readingRule). See Digest, which remembers it.
func (s *Set) Hash() string { return s.hash }

// Open reads everything but pixels: an image counts as usable when it is frontal and its header is whole. See OpenPixels and
// Check for images that break later. The error is one line; a missing set says which and where it was looked for.
func Open(ctx context.Context, root string, o Options) (*Set, error) {
	p, err := locate(root)
	if err != nil {
		return nil, err
	}
	defer p.close()
	return load(ctx, root, &loader{parts: p, opts: o})
}

// load runs the loader l, whose parts, options and decode are set.
func load(ctx context.Context, root string, l *loader) (*Set, error) {
	o := &l.opts
	switch o.Splits {
	case "":
		o.Splits = BySubject
	case BySubject, Official:
	default:
		return nil, fmt.Errorf("splits %q: choose %q or %q", o.Splits, BySubject, Official)
	}
	place := filepath.Join(root, "SYNTHETIC.txt")
	l.look(place)
	var err error
	if l.synthetic, err = firstLine(place); err != nil {
		return nil, fmt.Errorf("data set %s: %w", root, err)
	}
	steps := []func(context.Context) error{
		l.readTables, l.readImages, l.readReports, l.readScenes, l.assignSplits, l.resolveQuestions,
	}
	if l.parts.open != nil {
		steps = l.openSteps()
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("data set %s: %w", root, err)
		}
	}
	set := &Set{
		Root: root, Synthetic: l.synthetic, Splits: o.Splits,
		Images: l.images, Pairs: l.pairs, Questions: l.questions,
		Faults: l.faults, Notes: l.notes, hash: l.hash(), questions: l.parts.questions, findings: l.listed.findings,
	}
	if l.parts.open != nil {
		set.open = l.parts.open.name()
	}
	return set, nil
}

// loader carries the state between the steps of Open; each step fills what the comment names.
type loader struct {
	parts    *parts
	opts     Options
	decode   bool // decode every frontal image wholly
	progress func(done, total int)

	synthetic string // first line of SYNTHETIC.txt

	tables tables // readTables
	listed listed // readOpenLayout

	images  []Image        // readImages: usable ones
	frames  []frame        // of images
	boxes   int            // readScenes: usable ones of the 29 regions, with a phrase or not
	imageAt map[string]int // by image id

	withFindings, withImpression int // readReports, for Check: reports with such a section

	digests  digests
	splitOf  map[string]Split // assignSplits: by subject
	subjects []string         // those of splitOf in the order in which they were met

	pairs, questions []Pair // resolveQuestions

	faults Faults
	notes  []string

	looked *lookedAt // what was looked at, nil where nobody asks
}

// Without returns a copy of the set without the given images (indices): they keep their places, but lose caption
// and regions, and each question about one moves to another image of the same study or is left out.
func (s *Set) Without(images []int) *Set {
	if len(images) == 0 {
		return s
	}
	out := *s
	out.Images = append([]Image(nil), s.Images...)
	gone := make(map[int]bool, len(images))
	for _, i := range images {
		gone[i] = true
		out.Images[i].Caption, out.Images[i].Regions = "", nil
		out.Images[i].Split, out.Images[i].RegionSplit = None, None
	}
	other := map[string]int{} // study -> first image that is left
	for i := range out.Images {
		if _, known := other[out.Images[i].Study]; !known && !gone[i] {
			other[out.Images[i].Study] = i
		}
	}
	instead := func(i int) int {
		if i < 0 || !gone[i] {
			return i
		}
		if j, ok := other[out.Images[i].Study]; ok {
			return j
		}
		return -1
	}
	move := func(pairs []Pair, needRef bool) []Pair {
		var kept []Pair
		for _, p := range pairs {
			p.Ref, p.Main = instead(p.Ref), instead(p.Main)
			if p.Main >= 0 && (p.Ref >= 0 || !needRef) {
				kept = append(kept, p)
			}
		}
		return kept
	}
	out.Pairs, out.Questions = move(s.Pairs, true), move(s.Questions, false)
	return &out
}

// firstLine returns the first line of a file, "" when there is no such file.
func firstLine(path string) (string, error) {
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Scan()
	return strings.TrimSpace(s.Text()), s.Err()
}
