package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"harness/internal/jsonfloat"
)

const (
	flushEvery    = 200 * time.Millisecond // one write a batch
	syncEvery     = 5 * time.Second        // what a power cut may take
	progressEvery = 500 * time.Millisecond // progress in between is dropped
	flushSize     = 64 << 10               // a batch is written at once when it is this long
)

// ErrSuperseded stops the writer of an attempt when a newer attempt of the same trial exists.
var ErrSuperseded = errors.New("a newer attempt of this trial has taken over")

// Writer appends events to an attempt's journal. It may be used from several goroutines. Its first error stays: every
// later call returns it, so that a full disk stops the trial at the next point with one clear error.
type Writer struct {
	mu       sync.Mutex
	file     *os.File
	next     string // folder of the next attempt; its existence supersedes this one; "" = not fenced
	seq      int64
	buffer   []byte
	names    map[string][]byte // metric names as JSON strings
	progress *Progress         // not yet in the buffer
	last     time.Time         // when progress was written
	unsynced bool
	synced   time.Time
	err      error
	stop     chan struct{}
	stopped  sync.WaitGroup
}

// Create makes the journal of the attempt whose folder is dir. The file must not exist: two attempts never share one.
func Create(dir string) (*Writer, error) {
	file, err := os.OpenFile(filepath.Join(dir, FileName), os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("create journal: %w", err)
	}
	return newWriter(file, dir, 0), nil
}

// Continue opens an existing journal to append to it; the caller makes sure that its earlier writer is gone. What a
// killed writer left of a line is cut off: it was never acknowledged.
func Continue(dir string) (*Writer, error) {
	path := filepath.Join(dir, FileName)
	at, err := Read(path, Position{}, func(*Event) error { return nil })
	if err != nil {
		return nil, fmt.Errorf("continue journal: %w", err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, fmt.Errorf("continue journal: %w", err)
	}
	if err := file.Truncate(at.Offset); err != nil {
		file.Close()
		return nil, fmt.Errorf("continue journal: %w", err)
	}
	return newWriter(file, dir, at.Seq), nil
}

func newWriter(file *os.File, dir string, seq int64) *Writer {
	w := &Writer{
		file: file, seq: seq, names: map[string][]byte{}, stop: make(chan struct{}), synced: time.Now(),
	}
	if n, err := strconv.Atoi(filepath.Base(dir)); err == nil {
		w.next = filepath.Join(filepath.Dir(dir), strconv.Itoa(n+1))
	}
	w.stopped.Add(1)
	go w.tick()
	return w
}

// tick flushes batches until Close.
func (w *Writer) tick() {
	defer w.stopped.Done()
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	for {
		select {
		case <-w.stop:
			return
		case <-ticker.C:
			w.mu.Lock()
			w.flush()
			if w.unsynced && time.Since(w.synced) >= syncEvery {
				w.sync()
			}
			w.mu.Unlock()
		}
	}
}

// Point records a metric at a step.
func (w *Writer) Point(metric string, step int, value float64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	name, ok := w.names[metric]
	if !ok {
		name, _ = json.Marshal(metric) // a string can always be encoded
		w.names[metric] = name
	}
	start := w.begin(KindPoint) // by hand: a tenth of the time of encoding/json
	w.buffer = append(append(w.buffer, `,"m":`...), name...)
	w.buffer = strconv.AppendInt(append(w.buffer, `,"s":`...), int64(step), 10)
	w.buffer = jsonfloat.Append(append(w.buffer, `,"v":`...), value)
	w.finish(start)
	return w.err
}

// Progress notes how far a stage is. It is written with the next batch, at most twice a second.
func (w *Writer) Progress(stage string, step, total int, loss float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.progress = &Progress{Stage: stage, Step: step, Total: total, Loss: jsonfloat.Float(loss)}
}

// Note records a fact in words.
func (w *Writer) Note(key, text string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.add(KindNote, "note", Note{Key: key, Text: text})
	return w.err
}

// Resume records that the attempt goes on from what the run before it had kept, after step; -1 = not known.
func (w *Writer) Resume(step int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.add(KindResume, "resume", Resume{Step: step})
	return w.err
}

// Rung records what a rule for early stopping said.
func (w *Writer) Rung(r Rung) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.add(KindRung, "rung", r)
	return w.err
}

// Start records what is run, under a UUID of its own in place of s.UUID. It is in the file on return, and durable within
// 5 s: nobody is told of an attempt that has only begun.
func (w *Writer) Start(s Start) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("name attempt: %w", err)
	}
	s.UUID = id.String()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.add(KindStart, "start", s)
	w.flush()
	return w.err
}

// End records how the attempt ended; it is durable on return.
func (w *Writer) End(e End) error { return w.durable(KindEnd, "end", e) }

// Exit records how the attempt's process ended; it is durable on return.
func (w *Writer) Exit(e Exit) error { return w.durable(KindExit, "exit", e) }

// Finish records how the attempt ended, where end is not nil, and how its process did, and closes the journal. Both are
// durable on return. sync does what os.File.Sync does, perhaps for several journals at once; nil is that.
func (w *Writer) Finish(end *End, exit Exit, sync func(*os.File) error) error {
	w.mu.Lock()
	w.flushProgress(true)
	if end != nil {
		w.add(KindEnd, "end", *end)
	}
	w.add(KindExit, "exit", exit)
	w.flush()
	if sync != nil && w.err == nil {
		if err := sync(w.file); err != nil {
			w.fail(fmt.Errorf("sync journal: %w", err))
		}
		w.unsynced = false
	}
	w.sync()
	w.mu.Unlock()
	return w.Close()
}

func (w *Writer) durable(kind Kind, key string, payload any) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flushProgress(true)
	w.add(kind, key, payload)
	w.flush()
	w.sync()
	return w.err
}

// Sync makes durable what was recorded.
func (w *Writer) Sync() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flushProgress(true)
	w.flush()
	w.sync()
	return w.err
}

// Close writes what is left and closes the file. It returns the writer's first error.
func (w *Writer) Close() error {
	close(w.stop)
	w.stopped.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flushProgress(true)
	w.flush()
	if err := w.file.Close(); err != nil && w.err == nil {
		w.err = fmt.Errorf("close journal: %w", err)
	}
	return w.err
}

// begin starts a line in the buffer, leaving room for its checksum, and returns where it starts.
func (w *Writer) begin(kind Kind) int {
	start := len(w.buffer)
	w.seq++
	w.buffer = append(w.buffer, "00000000 {\"q\":"...)
	w.buffer = strconv.AppendInt(w.buffer, w.seq, 10)
	w.buffer = strconv.AppendInt(append(w.buffer, `,"t":`...), time.Now().UnixMilli(), 10)
	w.buffer = append(append(append(w.buffer, `,"k":"`...), kind...), '"')
	return start
}

// finish closes the line that starts at start and fills in its checksum.
func (w *Writer) finish(start int) {
	w.buffer = append(w.buffer, '}')
	putSum(w.buffer[start:], crc32.ChecksumIEEE(w.buffer[start+sumLength:]))
	w.buffer = append(w.buffer, '\n')
	if len(w.buffer) >= flushSize {
		w.flush()
	}
}

func (w *Writer) add(kind Kind, key string, payload any) {
	encoded, err := json.Marshal(payload)
	if err != nil {
		w.fail(fmt.Errorf("encode %s: %w", kind, err))
		return
	}
	start := w.begin(kind)
	w.buffer = append(append(append(w.buffer, `,"`...), key...), `":`...)
	w.buffer = append(w.buffer, encoded...)
	w.finish(start)
}

func (w *Writer) flushProgress(now bool) {
	if w.progress == nil || !now && time.Since(w.last) < progressEvery {
		return
	}
	p := *w.progress
	w.progress, w.last = nil, time.Now()
	w.add(KindProgress, "progress", p)
}

// flush writes the batch with one call, unless the attempt was superseded.
func (w *Writer) flush() {
	w.flushProgress(false)
	if w.err != nil {
		w.buffer = w.buffer[:0]
		return
	}
	if w.next != "" {
		if _, err := os.Stat(w.next); err == nil {
			w.fail(ErrSuperseded)
			return
		}
	}
	if len(w.buffer) == 0 {
		return
	}
	if _, err := w.file.Write(w.buffer); err != nil {
		w.fail(fmt.Errorf("write journal: %w", err))
		return
	}
	w.buffer = w.buffer[:0]
	w.unsynced = true
}

func (w *Writer) sync() {
	if w.err != nil || !w.unsynced {
		return
	}
	if err := w.file.Sync(); err != nil {
		w.fail(fmt.Errorf("sync journal: %w", err))
		return
	}
	w.unsynced, w.synced = false, time.Now()
}

func (w *Writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
	w.buffer = w.buffer[:0]
}
