package nih

import (
	"slices"
	"strconv"
	"strings"

	"harness/model/dataset/csvfile"
)

// An Entry is one image.
type Entry struct {
	Line     int    // of the table
	Image    string // "00000013_004.png"
	Patient  string // "13": decimal, without zeros before it
	FollowUp int
	View     string   // "AP" or "PA"
	Findings []string // in the order of the labels
}

// ID is the name of the image without its ending.
func (e *Entry) ID() string { return strings.TrimSuffix(e.Image, ".png") }

// Entries are the rows of Data_Entry_2017.csv or its revision of 2020.
type Entries struct {
	csvfile.Source
	Rows    []Entry  // each image once
	Unknown []string // labels that are none of the 14, each once; their rows are bad
}

// ReadEntries reads Data_Entry_2017.csv, plain or gzipped.
func ReadEntries(path string) (*Entries, error) {
	e := &Entries{}
	var err error
	seen := map[string]bool{}
	columns := []string{"Image Index", "Finding Labels", "Follow-up #", "Patient ID", "View Position"}
	e.Source, err = csvfile.Read(path, columns, func(row *csvfile.Reader) string {
		names, unknown, ok := findings(row.Cell(1))
		if unknown != "" && !slices.Contains(e.Unknown, unknown) {
			e.Unknown = append(e.Unknown, unknown)
		}
		followUp, ok2 := number(row.Cell(2))
		patient, ok3 := number(row.Cell(3))
		image := row.Cell(0)
		switch {
		case !isImage(image):
			return badImage
		case unknown != "":
			return "a label that is none of the 14"
		case !ok:
			return "labels that say nothing, or that there is a finding and none"
		case !ok2:
			return "Follow-up # is not a number"
		case !ok3:
			return "Patient ID is not a number"
		}
		if !seen[image] {
			seen[image] = true
			e.Rows = append(e.Rows, Entry{
				Line: row.Line(), Image: strings.Clone(image), Patient: strconv.Itoa(patient), FollowUp: followUp,
				View: strings.Clone(row.Cell(4)), Findings: names,
			})
		}
		return ""
	})
	return e, err
}

// badImage is the cause of a row whose image cannot be looked for.
const badImage = "not the name of an image, such as 00000013_004.png"

// number reads a whole number of at most nine digits, also as "13.0", as pandas may write it.
func number(cell string) (int, bool) {
	cell = strings.TrimSuffix(cell, ".0")
	if cell == "" || len(cell) > 9 || strings.Trim(cell, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(cell)
	return n, err == nil
}

// isImage reports whether a cell names an image, and nothing outside its folder.
func isImage(name string) bool {
	stem, png := strings.CutSuffix(name, ".png")
	if !png || stem == "" || len(stem) > 64 {
		return false
	}
	for _, c := range []byte(stem) {
		letter := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
