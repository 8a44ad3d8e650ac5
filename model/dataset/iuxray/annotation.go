package iuxray

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// maxAnnotation bounds annotation.json in bytes (the real one has about 5 MB).
const maxAnnotation = 1 << 30

// Splits are the lists of annotation.json, in their order there.
var Splits = []string{"train", "val", "test"}

// An Entry is one report of annotation.json with its images.
type Entry struct {
	Split   string // one of Splits: the list that holds the entry
	Place   string // "annotation.json:train[3]", counted from 0
	ID      string // "CXR2384_IM-0942"
	Subject string // "CXR2384": what stands before the first underscore
	Report  string
	Images  []string // paths below images/, the first one frontal
}

// An Annotation is what annotation.json lists.
type Annotation struct {
	Entries []Entry
	Bad     []BadEntry
	Raw     []byte // the file
}

// A BadEntry is one that lacks a field, or holds something else than the layout says.
type BadEntry struct{ Place, Cause string }

// ReadAnnotation reads R2Gen's annotation.json. A bad entry is remembered and left out; a file that is no JSON, lacks a list, or
// lists MIMIC-CXR is an error of one line.
func ReadAnnotation(path string) (*Annotation, error) {
	raw, err := readAll(path, maxAnnotation)
	if err != nil {
		return nil, err
	}
	a, err := parseAnnotation(raw)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return a, nil
}

// parseAnnotation keeps each entry apart until it is read, so that one of the wrong types costs no other.
func parseAnnotation(raw []byte) (*Annotation, error) {
	var lists map[string]json.RawMessage
	if err := json.Unmarshal(raw, &lists); err != nil {
		return nil, fmt.Errorf(`%w: want {"train": [...], "val": [...], "test": [...]}`, jsonError(raw, err))
	}
	a := &Annotation{Raw: raw}
	for _, split := range Splits {
		list, ok := lists[split]
		if !ok {
			return nil, fmt.Errorf(`no list %q: want {"train": [...], "val": [...], "test": [...]}`, split)
		}
		var entries []json.RawMessage
		if err := json.Unmarshal(list, &entries); err != nil || entries == nil {
			return nil, fmt.Errorf("%q is no list of reports", split)
		}
		for i, entry := range entries {
			place := fmt.Sprintf("annotation.json:%s[%d]", split, i)
			e, err := parseEntry(entry, split)
			switch {
			case errors.Is(err, errMIMIC):
				return nil, fmt.Errorf("%s[%d]: %w", split, i, err)
			case err != nil:
				a.Bad = append(a.Bad, BadEntry{place, err.Error()})
			default:
				e.Place = place
				a.Entries = append(a.Entries, e)
			}
		}
	}
	return a, nil
}

// errMIMIC says that the file is R2Gen's other one. There the first image of a study need not be frontal.
var errMIMIC = errors.New("the list is of MIMIC-CXR (it has subject_id): name a folder with MIMIC-CXR-JPG itself")

// parseEntry reads one report; the error says why it is bad, without what is particular to it.
func parseEntry(raw json.RawMessage, split string) (Entry, error) {
	var fields struct {
		ID      *string         `json:"id"`
		Report  *string         `json:"report"`
		Images  []string        `json:"image_path"`
		Split   *string         `json:"split"`
		Subject json.RawMessage `json:"subject_id"`
	}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return Entry{}, errors.New("a field that is not of its form")
	}
	switch {
	case fields.Subject != nil:
		return Entry{}, errMIMIC
	case fields.ID == nil || *fields.ID == "" || fields.Report == nil || len(fields.Images) == 0:
		return Entry{}, errors.New("a field is missing")
	case fields.Split != nil && *fields.Split != split:
		return Entry{}, errors.New("the split is not that of the list")
	}
	for _, path := range fields.Images {
		if !filepath.IsLocal(path) || strings.ContainsAny(path, "\\\x00") {
			return Entry{}, errors.New("an image lies outside the folder")
		}
	}
	subject, _, _ := strings.Cut(*fields.ID, "_")
	return Entry{Split: split, ID: *fields.ID, Subject: subject, Report: *fields.Report, Images: fields.Images}, nil
}

// jsonError adds the line and the column to an error of syntax.
func jsonError(raw []byte, err error) error {
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	if !ok {
		return errors.New("no JSON object")
	}
	before := raw[:min(max(syntax.Offset, 0), int64(len(raw)))]
	line := bytes.Count(before, []byte("\n")) + 1
	return fmt.Errorf("line %d, column %d: %w", line, len(before)-bytes.LastIndexByte(before, '\n')-1, err)
}
