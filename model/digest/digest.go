// Package digest remembers the digests of files, so that they need not be read again while nothing about them changes.
//
//	Stat      a file's size and times
//	Remember  keeps a digest with the files that it was made from
//	Recall    gives it back while all of them have the same sizes and times
package digest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"harness/internal/atomicfile"
	"harness/model/dataset/parallel"
)

// File is what shows that a file has changed. Links are followed.
type File struct {
	Path           string
	Size, Modified int64 // bytes, nanoseconds since 1970; Size is -1 where there is no such file
	// Changed is when the file itself was last written, replaced or renamed. Unlike Modified it cannot be set: archives give
	// the same Modified to different files, which may well be of the same size, such as two sets of weights.
	Changed int64
}

// Stat reads the size and time of a file. A file that cannot be read counts as missing.
func Stat(path string) File {
	var info unix.Stat_t
	err := unix.Stat(path, &info)
	for errors.Is(err, unix.EINTR) {
		err = unix.Stat(path, &info)
	}
	if err != nil {
		return File{Path: path, Size: -1}
	}
	return File{path, info.Size, info.Mtim.Nano(), info.Ctim.Nano()}
}

const (
	head = "digest 2" // version of the format
	tail = "end"
)

// young is the age below which a file's time does not tell whether it will change again.
const young = 2 * time.Second

// Remember keeps sum in the file at path, whose folder is made where it is missing. The files must have been looked at
// before they were read. Nothing is kept while one of them has just been written: it might change again without a
// change of its time.
func Remember(path, sum string, files []File) error {
	now := time.Now().UnixNano()
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n%s\n", head, sum)
	for _, f := range files {
		if age := now - f.Modified; f.Size >= 0 && age < int64(young) && age > -int64(young) {
			return nil
		}
		fmt.Fprintf(&b, "%d %d %d %s\n", f.Size, f.Modified, f.Changed, strconv.Quote(f.Path))
	}
	b.WriteString(tail + "\n")
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return atomicfile.Write(path, b.Bytes())
}

// Recall returns what Remember kept at path, and false where a file has changed since, or nothing valid was kept.
func Recall(ctx context.Context, path string) (sum string, ok bool) {
	file, err := os.Open(path)
	if err != nil {
		return "", false
	}
	defer file.Close()
	s := bufio.NewScanner(file)
	if !s.Scan() || s.Text() != head || !s.Scan() {
		return "", false
	}
	sum = s.Text()
	var files []File
	for s.Scan() && s.Text() != tail {
		var f File
		fields := strings.SplitN(s.Text(), " ", 4)
		if len(fields) != 4 {
			return "", false
		}
		var errs [4]error
		f.Size, errs[0] = strconv.ParseInt(fields[0], 10, 64)
		f.Modified, errs[1] = strconv.ParseInt(fields[1], 10, 64)
		f.Changed, errs[2] = strconv.ParseInt(fields[2], 10, 64)
		f.Path, errs[3] = strconv.Unquote(fields[3])
		if errors.Join(errs[:]...) != nil {
			return "", false
		}
		files = append(files, f)
	}
	if s.Text() != tail {
		return "", false
	}
	err = parallel.Each(ctx, parallel.Reads(), len(files), nil, func(i int) error {
		if Stat(files[i].Path) != files[i] {
			return errors.New("changed")
		}
		return nil
	})
	return sum, err == nil
}
