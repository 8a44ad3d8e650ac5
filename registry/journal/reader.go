package journal

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync"
)

const (
	sumLength = 9        // eight hex digits and a space
	maxLine   = 16 << 20 // longer lines are no events
)

// Position says up to where a journal was read: the byte after the last event and its sequence number.
type Position struct {
	Offset int64
	Seq    int64
}

// BadLineError reports a complete line that is no event. A reader that polls a network file system tries again later:
// such a file may show holes for a moment.
type BadLineError struct {
	Path   string
	Offset int64 // where the line starts
	Reason string
}

func (e *BadLineError) Error() string {
	return fmt.Sprintf("%s: byte %d: %s", e.Path, e.Offset, e.Reason)
}

// Read calls fn with every event of the journal at path after the position from, and returns the position after the
// last one that fn took. Events of kinds that this version does not know are passed over. An unfinished last line is left for the next call without an error; a complete line that is
// not a valid event stops the reading with a *BadLineError. The event is valid during the call only.
func Read(path string, from Position, fn func(*Event) error) (Position, error) {
	file, err := os.Open(path)
	if err != nil {
		return from, err
	}
	defer file.Close()
	if _, err := file.Seek(from.Offset, io.SeekStart); err != nil {
		return from, fmt.Errorf("%s: %w", path, err)
	}
	r := readers.Get().(*bufio.Reader)
	defer readers.Put(r)
	r.Reset(file)
	return readFrom(r, path, from, fn)
}

// readers keeps buffers: most reads find a few lines.
var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 256<<10) }}

func readFrom(r *bufio.Reader, path string, at Position, fn func(*Event) error) (Position, error) {
	var event Event
	var long []byte
	names := map[string]string{} // metric names, each kept once
	for {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			if long = append(long, line...); len(long) > maxLine {
				return at, &BadLineError{path, at.Offset, "the line is too long"}
			}
			continue
		}
		if err == io.EOF {
			return at, nil // an unfinished line, or the end
		}
		if err != nil {
			return at, fmt.Errorf("%s: %w", path, err)
		}
		if long != nil {
			line = append(long, line...)
			long = nil
		}
		event = Event{}
		if reason := decode(line[:len(line)-1], &event, names); reason != "" {
			return at, &BadLineError{path, at.Offset, reason}
		}
		if event.Seq != at.Seq+1 {
			return at, &BadLineError{path, at.Offset, fmt.Sprintf("event %d follows event %d", event.Seq, at.Seq)}
		}
		if event.Kind.known() {
			if err := fn(&event); err != nil {
				return at, err
			}
		}
		at = Position{at.Offset + int64(len(line)), event.Seq}
	}
}

// decode reads a line without its LF into e and returns what is wrong with it, or "".
func decode(line []byte, e *Event, names map[string]string) string {
	if len(line) < sumLength+2 || line[sumLength-1] != ' ' {
		return "not a line of a journal"
	}
	var sum [4]byte
	if _, err := hex.Decode(sum[:], line[:sumLength-1]); err != nil {
		return "not a line of a journal"
	}
	body := line[sumLength:]
	if crc32.ChecksumIEEE(body) != uint32(sum[0])<<24|uint32(sum[1])<<16|uint32(sum[2])<<8|uint32(sum[3]) {
		return "the checksum is wrong"
	}
	if decodePoint(body, e, names) {
		return ""
	}
	*e = Event{}
	if err := json.Unmarshal(body, e); err != nil {
		return decodeHead(body, e, err)
	}
	return e.check()
}

// decodeHead reads a line that is no event that we know: where its kind is a newer one, the number is all that counts.
func decodeHead(body []byte, e *Event, cause error) string {
	var head struct {
		Seq  int64 `json:"q"`
		Kind Kind  `json:"k"`
	}
	if err := json.Unmarshal(body, &head); err != nil || head.Kind == "" || head.Kind.known() {
		return cause.Error()
	}
	*e = Event{Seq: head.Seq, Kind: head.Kind}
	return ""
}

func (k Kind) known() bool {
	switch k {
	case KindStart, KindPoint, KindProgress, KindNote, KindResume, KindEnd, KindExit, KindRung, KindMeter, KindUsage:
		return true
	}
	return false
}

// check says what an event lacks, or "".
func (e *Event) check() string {
	ok := true
	switch e.Kind {
	case "":
		return "an event without a kind"
	case KindStart:
		ok = e.Start != nil
	case KindProgress:
		ok = e.Progress != nil
	case KindNote:
		ok = e.Note != nil
	case KindResume:
		ok = e.Resume != nil
	case KindEnd:
		ok = e.End != nil
	case KindExit:
		ok = e.Exit != nil
	case KindRung:
		ok = e.Rung != nil
	case KindMeter:
		ok = e.Meter != nil
	case KindUsage:
		ok = e.Usage != nil
	}
	if !ok {
		return fmt.Sprintf("an event %q without its content", e.Kind)
	}
	return ""
}

const hexDigits = "0123456789abcdef"

// putSum writes a checksum as eight hex digits.
func putSum(dst []byte, sum uint32) {
	for i := range 8 {
		dst[i] = hexDigits[sum>>(28-4*i)&15]
	}
}
