package nih

import (
	"slices"
	"strings"

	"harness/metrics"
)

// noFinding is the label of an image that shows none of the 14.
const noFinding = "No Finding"

// findingOf gives the 14 labels the names that the findings have in Medical-Diff-VQA; the four that it does not know (fibrosis,
// infiltration, mass, nodule) keep their own. BBox_List_2017.csv writes Infiltrate.
var findingOf = map[string]string{
	"Atelectasis":        "atelectasis",
	"Cardiomegaly":       "cardiomegaly",
	"Consolidation":      "consolidation",
	"Edema":              "edema",
	"Effusion":           "pleural effusion",
	"Emphysema":          "emphysema",
	"Fibrosis":           "fibrosis",
	"Hernia":             "hernia",
	"Infiltrate":         "infiltration",
	"Infiltration":       "infiltration",
	"Mass":               "mass",
	"Nodule":             "nodule",
	"Pleural_Thickening": "pleural thickening",
	"Pneumonia":          "pneumonia",
	"Pneumothorax":       "pneumothorax",
}

// Finding returns the name of a label's finding, and false for a label that is none of the 14.
func Finding(label string) (name string, ok bool) {
	name, ok = findingOf[label]
	return name, ok
}

// findings reads "A|B" as the findings of A and B in their order, each once; "No Finding" as none. unknown is the first label
// that is none of the 14, and ok is false where the cell says nothing, or both that there is a finding and that there is none.
func findings(cell string) (names []string, unknown string, ok bool) {
	none := false
	for label := range strings.SplitSeq(cell, "|") {
		label = strings.TrimSpace(label)
		name, known := Finding(label)
		switch {
		case label == noFinding:
			none = true
		case !known:
			return nil, label, false
		case !slices.Contains(names, name):
			names = append(names, name)
		}
	}
	return names, "", none != (len(names) > 0)
}

// Question is what every difference pair asks (FACTS 1.4, Q1).
const Question = "what has changed compared to the reference image?"

// Answer states how the findings of the main image differ from those of the reference image, in the grammar of Medical-Diff-VQA
// (FACTS 1.4). Labels have no levels, so there is no sentence on levels.
func Answer(reference, main []string) string {
	return metrics.Answer{Added: without(main, reference), Missing: without(reference, main)}.String()
}

// without lists the names that other does not hold.
func without(names, other []string) []string {
	var left []string
	for _, name := range names {
		if !slices.Contains(other, name) {
			left = append(left, name)
		}
	}
	return left
}

// Phrase is the text on a box: the finding's name as a sentence, since the set says nothing else about it.
func Phrase(finding string) string { return strings.ToUpper(finding[:1]) + finding[1:] + "." }
