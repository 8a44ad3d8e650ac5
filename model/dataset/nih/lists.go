package nih

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"harness/model/dataset/csvfile"
)

// A List is one of the two lists of images, train_val_list.txt and test_list.txt.
type List struct {
	csvfile.Source
	Images []string
}

// ReadList reads a list with the name of one image a line.
func ReadList(path string) (*List, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	l, err := parseList(f)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	l.Path = path
	return l, nil
}

func parseList(r io.Reader) (*List, error) {
	l := &List{}
	h := sha256.New()
	s := bufio.NewScanner(io.TeeReader(r, h))
	for line := 1; s.Scan(); line++ {
		image := strings.TrimSpace(strings.TrimPrefix(s.Text(), "\ufeff"))
		switch {
		case image == "":
		case isImage(image):
			l.Images = append(l.Images, image)
		default:
			l.Bad = append(l.Bad, csvfile.Rejected{Line: line, Cause: badImage})
		}
	}
	if err := s.Err(); err != nil {
		return nil, err
	}
	if len(l.Images) == 0 {
		return nil, errors.New("it names no image: want one a line, such as 00000013_004.png")
	}
	l.Digest = string(h.Sum(nil))
	return l, nil
}
