package wandbfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// file puts records together as W&B does.
func file(records ...[]byte) []byte {
	out := bytes.Clone(fileHeader)
	part := func(kind byte, data []byte) {
		body := append([]byte{kind}, data...)
		out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(body))
		out = binary.LittleEndian.AppendUint16(out, uint16(len(data)))
		out = append(out, body...)
	}
	for _, r := range records {
		for first := true; ; first = false {
			room := blockSize - len(out)%blockSize
			if room < headerSize {
				out = append(out, make([]byte, room)...)
				room = blockSize
			}
			n := min(len(r), room-headerSize)
			last := n == len(r)
			switch {
			case first && last:
				part(partFull, r)
			case first:
				part(partFirst, r[:n])
			case last:
				part(partLast, r)
			default:
				part(partMiddle, r[:n])
			}
			if r = r[n:]; last {
				break
			}
		}
	}
	return out
}

func field(message []byte, number protowire.Number, data []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(message, number, protowire.BytesType), data)
}

// history is a record of what was logged at a step.
func history(step int, key, value string) []byte {
	item := field(field(nil, 1, []byte(key)), 16, []byte(value))
	at := field(field(nil, 1, []byte("_step")), 16, fmt.Append(nil, step))
	return field(nil, 2, field(field(nil, 1, item), 1, at))
}

func write(t testing.TB, data []byte) *Reader {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run-abc.wandb")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return &Reader{Path: path}
}

// TestParts reads records that are longer than a block, and those that stand at the end of one.
func TestParts(t *testing.T) {
	var records [][]byte
	for i, n := range []int{10, 40_000, 100_000, 32_700, 1} {
		records = append(records, history(i, string(bytes.Repeat([]byte("k"), n)), "0.5"))
	}
	data := file(records...)
	r := write(t, nil)
	var keys, steps []int
	for n := 0; ; n += 997 { // it grows
		n = min(n, len(data))
		if err := os.WriteFile(r.Path, data[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		err := r.Read(func(r *Record) error {
			keys, steps = append(keys, len(r.History.Items[0].Key)), append(steps, int(r.History.Step))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if n == len(data) {
			break
		}
	}
	if fmt.Sprint(keys, steps) != "[10 40000 100000 32700 1] [0 1 2 3 4]" {
		t.Errorf("%v at %v", keys, steps)
	}
}

// TestHole waits where a file shows zeros in the place of what was written.
func TestHole(t *testing.T) {
	data := file(history(0, "loss", "1"))
	r := write(t, append(data, make([]byte, 40_000)...))
	n := 0
	if err := r.Read(func(*Record) error { n++; return nil }); err != nil || n != 1 || r.Offset != int64(len(data)) {
		t.Errorf("%v, %d records, up to %d", err, n, r.Offset)
	}
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]float64{"1": 1, "-2.5e3": -2500, "NaN": math.NaN(), `"NaN"`: math.NaN(), "Infinity": math.Inf(1), `"-Infinity"`: math.Inf(-1)} {
		if got, ok := (Item{JSON: []byte(text)}).Number(); !ok || got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("%s is %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", `"1"`, "true", "null", "{}", "[1]", "0x10", "inf", "1_0"} {
		if got, ok := (Item{JSON: []byte(text)}).Number(); ok {
			t.Errorf("%s is the number %v", text, got)
		}
	}
}

func TestDamage(t *testing.T) {
	data := file(history(0, "loss", "1"), history(1, "loss", "2"))
	for i := range data {
		damaged := bytes.Clone(data)
		damaged[i] ^= 0x40
		n := 0
		err := write(t, damaged).Read(func(*Record) error { n++; return nil })
		var corrupt *CorruptError
		torn := err == nil && n < 2 // a length that is greater than what is there
		if !errors.As(err, &corrupt) && !torn {
			t.Fatalf("byte %d: %v, %d records", i, err, n)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(file(history(0, "loss", "1")))
	f.Fuzz(func(t *testing.T, data []byte) {
		var corrupt *CorruptError
		err := write(t, data).Read(func(*Record) error { return nil })
		if err != nil && !errors.As(err, &corrupt) {
			t.Error(err)
		}
		var r Record
		r.decode(data)
	})
}
