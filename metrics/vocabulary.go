package metrics

import (
	"slices"
	"strings"
)

// findingNames are the 30 official names of the difference questions (FACTS 1.4), in the order of the data set's own list.
var findingNames = []string{
	"pleural effusion", "atelectasis", "cardiomegaly", "enlargement of the cardiac silhouette", "edema", "hernia",
	"vascular congestion", "hilar congestion", "pneumothorax", "heart failure", "lung opacity", "pneumonia",
	"tortuosity of the descending aorta", "scoliosis", "gastric distention", "hypoxemia", "hypertensive heart disease",
	"hematoma", "tortuosity of the thoracic aorta", "contusion", "emphysema", "granuloma", "calcification",
	"pleural thickening", "thymoma", "blunting of the costophrenic angle", "consolidation", "fracture",
	"pneumomediastinum", "air collection",
}

// levelNames are the level phrases that the generator of the answers can write (FACTS 1.4).
var levelNames = []string{
	"moderately", "moderate", "acute", "mildly", "mild", "small", "severe", "moderate to large", "moderate to severe",
	"mild to moderate", "minimal", "subtle", "massive", "minimally", "increasing", "decreasing", "minor",
}

var (
	knownFindings = setOf(findingNames)
	knownLevels   = setOf(levelNames)

	longestFinding = longest(findingNames)
)

// KnownFinding reports whether name, in lower case, is one of the 30 official names.
func KnownFinding(name string) bool { return knownFindings[name] }

// FindingNames returns the 30 official names in the data set's order.
func FindingNames() []string { return slices.Clone(findingNames) }

func setOf(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
}

// longest returns the number of words of the longest name.
func longest(names []string) int {
	n := 0
	for _, name := range names {
		n = max(n, len(strings.Fields(name)))
	}
	return n
}
