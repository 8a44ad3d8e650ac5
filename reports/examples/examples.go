// Package examples shows single test pairs with the answer of every row: the paper's Table 3 (section 4.4).
//
//	Build        plan, results and a Choice -> Examples: reads the answers, chooses pairs by rule
//	Illustrate   adds the two images of each pair, the boxes of the regions that are concerned and the boxes that a row predicted
//	ReadSamples  plan and results -> Samples: all samples of a task, to look through with a Filter; Show makes Examples of some
//	Render       text, Markdown, JSON, LaTeX and HTML; Picture draws one pair as PNG or PDF
//
// Pairs are chosen by a rule and never by hand: the rule, its seed and the number of pairs that it chose from stand in every caption. A
// finding of an answer is right where the reference states it in the same direction, wrong where it does not; what the reference
// states and the answer does not is left out. It is the extraction of the metric diffvqa/f1 (metrics.CountFindings). Nothing here
// reads a data set: who calls Illustrate brings the images.
package examples

import (
	"image"

	"harness/metrics"
)

// Examples are chosen test pairs with all that is printed of them.
type Examples struct {
	Name       string   `json:"name"`
	Handle     string   `json:"-"` // under which the sweep is kept; it names files
	Choice     Choice   `json:"choice"`
	Candidates int      `json:"candidates"` // pairs that the rule chose from
	TrialSeed  int64    `json:"trial_seed"` // of the trials whose answers are shown
	Synthetic  bool     `json:"synthetic"`
	BoxesOf    string   `json:"boxes_of,omitempty"` // the row whose predicted boxes are drawn; none where no row predicts boxes
	Rows       []Row    `json:"rows"`
	Pairs      []Pair   `json:"pairs"`
	Notes      []string `json:"notes"`

	illustrated bool
	boxes       map[string]string // of BoxesOf, by IMAGE_REGION: what it generated
}

// Row is one method of the table.
type Row struct {
	Name   string `json:"name"`
	Trial  string `json:"trial,omitempty"`     // ID; empty where the seed is excluded
	Absent string `json:"no_result,omitempty"` // why it has no answers

	predictions string // path
	answers     map[string]answered
}

// Pair is one test pair: a question about two images.
type Pair struct {
	ID        string   `json:"id"`
	Question  string   `json:"question"`
	Reference string   `json:"reference"`        // the true answer
	Answers   []Answer `json:"answers"`          // of the rows, in their order
	Images    []Image  `json:"images,omitempty"` // reference image, main image; none before Illustrate

	want  metrics.Answer
	files []string // of a program's trial: its images
	owner string   // the trial whose attempt has them
}

// Answer is what one row answered.
type Answer struct {
	Row    string   `json:"row"`
	Absent string   `json:"no_result,omitempty"` // why there is none
	Text   string   `json:"text"`
	Pieces []Piece  `json:"pieces,omitempty"`   // the text, cut where its marks change
	Left   []string `json:"left_out,omitempty"` // what the reference states and the answer does not
	F1     *float64 `json:"f1"`                 // of the findings; null where the reference states none

	Verdict Verdict  `json:"-"` // of the whole answer; of Samples
	IoU     *float64 `json:"-"` // of the answer's box with the reference's; of Samples
}

// Piece is a part of an answer.
type Piece struct {
	Text string `json:"text"`
	Mark Mark   `json:"mark,omitempty"`
}

// Mark judges a finding of an answer.
type Mark string

// The marks.
const (
	Plain Mark = ""      // no finding
	Right Mark = "right" // the reference states it, too
	Wrong Mark = "wrong" // it does not
)

// Image is one image of a pair with the boxes that are drawn on it.
type Image struct {
	ID      string      `json:"id"`
	Role    string      `json:"role"`  // reference or main
	Width   int         `json:"width"` // of the stored image, in whose pixels the boxes are
	Height  int         `json:"height"`
	Regions []Region    `json:"regions"`
	Notes   []string    `json:"notes"` // what is not drawn, and why
	Pixels  image.Image `json:"-"`     // at any size; nil where it cannot be decoded
	Address string      `json:"-"`     // of the image, for a page that has it elsewhere
}

// Region is an anatomical region of an image that a finding of the pair concerns.
type Region struct {
	Name      string       `json:"name"`
	Phrase    string       `json:"phrase"`
	Reference metrics.Box  `json:"reference"`
	Predicted *metrics.Box `json:"predicted"` // null where the row predicted none
	IoU       *float64     `json:"iou"`
}
