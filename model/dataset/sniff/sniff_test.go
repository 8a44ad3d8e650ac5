package sniff

import (
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	for head, want := range map[string]Kind{
		"":                                   Empty,
		"\x00\x00\x00":                       Zeros,
		"\xff\xd8\xff\xe0":                   JPEG,
		"\x89PNG\r\n\x1a\n":                  PNG,
		strings.Repeat("\x00", 128) + "DICM": DICOM,
		"version https://git-lfs.github.com/spec/v1\noid sha256:1\n": LFSPointer,
		"/annex/objects/MD5E-s1--2.jpg":                              AnnexLink,
		" \n<!DOCTYPE HTML><html>":                                   HTML,
		"\ufeff<html>":                                               HTML,
		"<?xml version=\"1.0\"?><Error>":                             XML,
		"\x1f\x8b\x08":                                               Gzip,
		"PK\x03\x04":                                                 Zip,
		"RIFF\x01\x02\x03\x04WEBP":                                   WebP,
		"BM\xff\xfe\x00":                                             BMP,
		"BMI is normal.":                                             Unknown,
		"study_id,subject_id":                                        Unknown,
		"\x00\x01\x02":                                               Unknown,
	} {
		if got := Of([]byte(head)); got != want {
			t.Errorf("%q is %q, want %q", head, got, want)
		}
	}
	for head, want := range map[string]Kind{"": Unknown, "Lungs clear.": Unknown, "a\x00b": "binary data", "<html>": HTML} {
		if got := NotText([]byte(head)); got != want {
			t.Errorf("text %q is %q, want %q", head, got, want)
		}
	}
}

// FuzzOf names any bytes without a panic, and the same with more behind the head.
func FuzzOf(f *testing.F) {
	f.Add([]byte("<html>"))
	f.Add(make([]byte, HeadSize+1))
	f.Fuzz(func(t *testing.T, head []byte) {
		if len(head) > 0 && Of(head) == Empty {
			t.Fatal("not empty")
		}
		if len(head) >= HeadSize && Of(append(head[:HeadSize:HeadSize], "<html>\x00"...)) != Of(head) {
			t.Fatal("what is behind the head counts")
		}
		NotText(head)
	})
}
