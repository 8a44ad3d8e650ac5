package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// sumKey is the metadata that holds the SHA-256 of a file whose checksum is written as zeros.
const sumKey = "sha256"

var (
	sumStart = []byte(`"` + sumKey + `":"`)
	noSum    = strings.Repeat("0", 2*sha256.Size)
)

// ErrDamaged means that a file is not as it was written.
var ErrDamaged = errors.New("the contents do not match their checksum")

// SaveSummed is Save with a checksum of the whole file in its metadata, under the key "sha256".
func SaveSummed(path string, tensors []Named, meta map[string]string) error {
	all := map[string]string{sumKey: noSum}
	for key, value := range meta {
		if key == sumKey {
			return fmt.Errorf("save %s: metadata %q is taken", path, key)
		}
		all[key] = value
	}
	head, order, err := encodeHeader(tensors, all)
	if err != nil {
		return fmt.Errorf("save %s: %w", path, err)
	}
	h := sha256.New()
	err = replaceFile(path, func(w io.Writer) error {
		return writeFile(io.MultiWriter(w, h), head, tensors, order)
	}, func(file io.WriterAt) error {
		at := lengthSize + bytes.Index(head, sumStart) + len(sumStart)
		_, err := file.WriteAt([]byte(hex.EncodeToString(h.Sum(nil))), int64(at))
		return err
	})
	if err != nil {
		return fmt.Errorf("save %s: %w", path, err)
	}
	return nil
}

// CheckSum reads a file that SaveSummed wrote. It returns ErrDamaged where the contents do not match, and summed false
// for a file without a checksum, of which nothing else is known.
func CheckSum(path string) (summed bool, err error) {
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return false, err
	}
	var length [lengthSize]byte
	if _, err := io.ReadFull(file, length[:]); err != nil {
		return false, readError(path, err)
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader || int64(n) > info.Size()-lengthSize {
		return false, fmt.Errorf("%s: %w", path, ErrDamaged)
	}
	head := make([]byte, n)
	if _, err := io.ReadFull(file, head); err != nil {
		return false, readError(path, err)
	}
	at := bytes.Index(head, sumStart)
	if at < 0 {
		return false, nil
	}
	at += len(sumStart)
	if at+len(noSum) > len(head) {
		return true, fmt.Errorf("%s: %w", path, ErrDamaged)
	}
	want := string(head[at : at+len(noSum)])
	copy(head[at:], noSum)
	h := sha256.New()
	h.Write(length[:])
	h.Write(head)
	if _, err := io.Copy(h, file); err != nil {
		return true, fmt.Errorf("read %s: %w", path, err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		return true, fmt.Errorf("%s: %w", path, ErrDamaged)
	}
	return true, nil
}

// readError is ErrDamaged for a file that ends too early.
func readError(path string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = ErrDamaged
	}
	return fmt.Errorf("%s: %w", path, err)
}
