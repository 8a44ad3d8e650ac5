// Package sniff names what a file is from its first bytes: the page, pointer or archive that lies where data should, because a
// download went wrong or a copy was never filled in. It also tells in which encoding a text is.
package sniff

import (
	"bytes"
	"unicode/utf8"
)

// HeadSize is the number of first bytes that tell all kinds apart.
const HeadSize = 512

// Kind is what a file is, in words that complete "this file is".
type Kind string

// The kinds. Unknown is what no rule takes, plain text included.
const (
	Unknown     Kind = ""
	Empty       Kind = "an empty file"
	Zeros       Kind = "zero bytes only"
	HTML        Kind = "an HTML page"
	XML         Kind = "an XML message"
	LFSPointer  Kind = "a Git LFS pointer"
	AnnexLink   Kind = "a git-annex pointer"
	AppleDouble Kind = "a macOS ._ file"
	JPEG        Kind = "JPEG"
	PNG         Kind = "PNG"
	DICOM       Kind = "DICOM"
	TIFF        Kind = "TIFF"
	GIF         Kind = "GIF"
	BMP         Kind = "BMP"
	WebP        Kind = "WebP"
	JPEG2000    Kind = "JPEG 2000"
	Numpy       Kind = "a NumPy array"
	Gzip        Kind = "gzip"
	Zip         Kind = "a zip archive"
	PDF         Kind = "PDF"
	UTF16       Kind = "UTF-16 text"
)

// A rule gives the kind of files that start with the bytes at the offset.
type rule struct {
	at   int
	head string
	kind Kind
}

var rules = []rule{
	{0, "\xff\xd8\xff", JPEG},
	{0, "\x89PNG\r\n\x1a\n", PNG},
	{128, "DICM", DICOM},
	{0, "version https://git-lfs", LFSPointer},
	{0, "/annex/objects/", AnnexLink},
	{0, "\x00\x05\x16\x07", AppleDouble},
	{0, "II*\x00", TIFF},
	{0, "MM\x00*", TIFF},
	{0, "GIF8", GIF},
	{0, "BM", BMP},
	{8, "WEBP", WebP},
	{4, "jP  \r\n\x87\n", JPEG2000},
	{0, "\xff\x4f\xff\x51", JPEG2000},
	{0, "\x93NUMPY", Numpy},
	{0, "\x1f\x8b", Gzip},
	{0, "PK\x03\x04", Zip},
	{0, "%PDF-", PDF},
	{0, "\xff\xfe", UTF16},
	{0, "\xfe\xff", UTF16},
}

// pages are how a page starts, in lower case, behind white space.
var pages = []struct {
	head string
	kind Kind
}{{"<!doctype html", HTML}, {"<html", HTML}, {"<head", HTML}, {"<!--", HTML}, {"<?xml", XML}}

// Of returns the kind of a file by its first bytes: all of the file, or at least HeadSize bytes, of which it looks at no more.
func Of(head []byte) Kind {
	head = head[:min(len(head), HeadSize)]
	if len(head) == 0 {
		return Empty
	}
	if len(bytes.Trim(head, "\x00")) == 0 {
		return Zeros
	}
	for _, r := range rules {
		if len(head) >= r.at && bytes.HasPrefix(head[r.at:], []byte(r.head)) && !(r.kind == BMP && utf8.Valid(head)) {
			return r.kind
		}
	}
	start := bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n"))
	for _, p := range pages {
		if bytes.HasPrefix(start, []byte(p.head)) {
			return p.kind
		}
	}
	return Unknown
}

// NotText returns the kind of a file that cannot be text, by its first bytes as Of, Unknown for one that may be.
func NotText(head []byte) Kind {
	switch kind := Of(head); kind {
	case Empty:
		return Unknown
	case Unknown:
		if bytes.IndexByte(head[:min(len(head), HeadSize)], 0) >= 0 {
			return "binary data"
		}
		return Unknown
	default:
		return kind
	}
}

// Text returns the text of a file or a line: UTF-8, or where it is none, Latin-1.
func Text(raw []byte) string {
	if utf8.Valid(raw) {
		return string(raw)
	}
	runes := make([]rune, len(raw))
	for i, b := range raw {
		runes[i] = rune(b)
	}
	return string(runes)
}
