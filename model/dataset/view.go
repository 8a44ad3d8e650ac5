package dataset

import "strings"

// blankWords are how programs write a cell without a value.
var blankWords = map[string]bool{"": true, "nan": true, "na": true, "n/a": true, "none": true, "null": true, "<na>": true}

func isBlank(cell string) bool { return blankWords[strings.ToLower(cell)] }

// viewOf returns "AP" or "PA", or "" and what is known of an image that is not frontal; both are "" for an image whose view is blank.
// The position decides; the code only when the position is blank (FACTS 1.7).
func viewOf(position, code string) (view, other string) {
	switch {
	case position == "AP", position == "PA":
		return position, ""
	case !isBlank(position):
		return "", "view " + shortened(position)
	case code == "antero-posterior":
		return "AP", ""
	case code == "postero-anterior":
		return "PA", ""
	case isBlank(code):
		return "", ""
	}
	return "", "view code " + shortened(code)
}

// shortened returns a cell as it may stand in a message.
func shortened(cell string) string { return atMost(40, cell) }

// atMost returns a text of a file cut to about most bytes, as it may stand in a message.
func atMost(most int, cell string) string {
	for i := range cell {
		if i >= most {
			cell = cell[:i] + "..."
			break
		}
	}
	return plain(cell)
}
