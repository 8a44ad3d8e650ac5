// Package journal keeps the events of one attempt of a trial in a file that only grows.
//
//	Event    one line: "crc32 SP json LF", with a sequence number; Kind lists what there is
//	Writer   appends events: batches of 200 ms, fsync at Sync, end and every 5 s; a superseded attempt stops itself
//	Read     takes whole lines with a right checksum from a byte offset on, so that reading can be taken up again;
//	         kinds of events that it does not know are passed over, since a newer version may have written them
//	Resources  what an attempt used over time: a file of its own beside the journal (resources.go)
//
// The file lies in the attempt's own folder, HOME/trials/ID/N, which one process makes and no other writes to. The
// number N is the fence: once N+1 exists, the writer of N refuses to go on. There is no SQL here; package registry
// turns journals into rows.
package journal

import (
	"encoding/json"
	"slices"

	"harness/internal/jsonfloat"
)

// FileName is the name of the journal in an attempt's folder.
const FileName = "events.jsonl"

// Kind tells which part of an Event is set.
type Kind string

const (
	KindStart    Kind = "start"
	KindPoint    Kind = "point"
	KindProgress Kind = "progress"
	KindNote     Kind = "note"
	KindResume   Kind = "resume" // the attempt goes on where the run before it stood
	KindEnd      Kind = "end"    // the trial's own word
	KindExit     Kind = "exit"   // the word of the one who waited for its process
	KindRung     Kind = "rung"   // what a rule for early stopping said
	KindMeter    Kind = "meter"  // opens a file of resources
	KindUsage    Kind = "usage"  // a line of it
)

// Event is one line of a journal.
type Event struct {
	Seq  int64 `json:"q"` // 1, 2, 3, … without gaps
	Time int64 `json:"t"` // milliseconds since 1970, UTC
	Kind Kind  `json:"k"`

	Metric string          `json:"m,omitempty"` // of a point
	Step   int64           `json:"s,omitempty"`
	Value  jsonfloat.Float `json:"v,omitzero"`

	Start    *Start    `json:"start,omitempty"`
	Progress *Progress `json:"progress,omitempty"`
	Note     *Note     `json:"note,omitempty"`
	Resume   *Resume   `json:"resume,omitempty"`
	End      *End      `json:"end,omitempty"`
	Exit     *Exit     `json:"exit,omitempty"`
	Rung     *Rung     `json:"rung,omitempty"`
	Meter    *Meter    `json:"meter,omitempty"`
	Usage    *Usage    `json:"usage,omitempty"`
}

// Purpose says why an attempt was made.
type Purpose string

const (
	PurposeRun   Purpose = "run"
	PurposeRerun Purpose = "rerun" // to compare with the trial's numbers, which stay as they are
)

// Start opens a journal: what is run, and where.
type Start struct {
	Trial   string `json:"trial"`
	Attempt int    `json:"attempt"`
	// UUID is a version 7 UUID that [Writer.Start] draws, so that journals copied between homes and machines stay
	// apart: trial and number alike, they may still tell of two attempts. Empty in journals older than the field.
	UUID       string          `json:"uuid,omitempty"`
	Purpose    Purpose         `json:"purpose"`
	Spec       json.RawMessage `json:"spec"` // the canonical encoding
	Engine     string          `json:"engine,omitempty"`
	Threads    int             `json:"threads,omitempty"`
	Dir        string          `json:"dir,omitempty"` // the folder that it works in, absolute
	Provenance Provenance      `json:"provenance"`
}

// Provenance says what code ran on what machine. Empty fields could not be found out.
type Provenance struct {
	Commit     string `json:"commit,omitempty"`      // of the working directory's repository, else of the program
	DiffHash   string `json:"diff_hash,omitempty"`   // of the changes that are not committed; empty is clean
	Harness    string `json:"harness,omitempty"`     // version of the harness
	BinaryHash string `json:"binary_hash,omitempty"` // SHA-256 of the program file
	GoVersion  string `json:"go_version,omitempty"`
	Host       string `json:"host,omitempty"`
	CPU        string `json:"cpu,omitempty"`
	Cores      int    `json:"cores,omitempty"`
	GPU        string `json:"gpu,omitempty"`
	Driver     string `json:"driver,omitempty"`
	Code       string `json:"code,omitempty"`    // digest of the snapshot of a program's files: HOME/code/DIGEST.json
	Kernels    string `json:"kernels,omitempty"` // which of the native engine's kernels the machine can run
}

// Progress says how far a stage is. Loss is NaN where there is none.
type Progress struct {
	Stage string          `json:"stage"`
	Step  int             `json:"step"`
	Total int             `json:"total"` // 0 = not known
	Loss  jsonfloat.Float `json:"loss"`
}

// Note is a fact about the trial in words.
type Note struct {
	Key  string `json:"key"`
	Text string `json:"text"`
}

// Resume says that the attempt went on from what the run before it had kept: the points of that run up to Step belong to
// this one, too. Step is -1 where it is not told: then all count that lie before the first step which this attempt
// records of the same metric.
type Resume struct {
	Step int64 `json:"step"`
}

// Outcome is how an attempt ended.
type Outcome string

const (
	Done        Outcome = "done"
	Failed      Outcome = "failed"
	Interrupted Outcome = "interrupted" // it was asked to stop, and the next call goes on
)

// End closes a journal in the words of the trial itself.
type End struct {
	Outcome Outcome `json:"outcome"`
	Error   string  `json:"error,omitempty"`
}

// Class is the class of the reason for which an attempt failed or was stopped.
type Class string

const (
	ClassError       Class = "error"       // the same error would come again
	ClassKilled      Class = "killed"      // by a signal that we did not send
	ClassMemory      Class = "oom"         // out of memory
	ClassDisk        Class = "disk"        // the disk was full
	ClassTimeout     Class = "timeout"     // over resources.timeout
	ClassInterrupted Class = "interrupted" // we were asked to stop
	ClassCanceled    Class = "canceled"    // somebody canceled this trial
	ClassStopped     Class = "stopped"     // a rule for early stopping ended it
)

// A reader keeps its hands off an attempt whose purpose, outcome or class is none of these: a newer version wrote it, and
// what it means is not known here.
var (
	purposes = []Purpose{PurposeRun, PurposeRerun}
	outcomes = []Outcome{Done, Failed, Interrupted}
	classes  = []Class{"", ClassError, ClassKilled, ClassMemory, ClassDisk, ClassTimeout, ClassInterrupted, ClassCanceled,
		ClassStopped}
)

// Known reports whether this version knows the purpose.
func (p Purpose) Known() bool { return slices.Contains(purposes, p) }

// Known reports whether this version knows the outcome.
func (o Outcome) Known() bool { return slices.Contains(outcomes, o) }

// Known reports whether this version knows the class.
func (c Class) Known() bool { return slices.Contains(classes, c) }

// Exit is what the operating system said when the attempt's process ended.
type Exit struct {
	Code       int     `json:"code"`             // -1 when a signal ended it
	Signal     string  `json:"signal,omitempty"` // such as "killed"
	Class      Class   `json:"class,omitempty"`  // empty for a good end
	Error      string  `json:"error,omitempty"`
	PeakMemory int64   `json:"peak_memory,omitempty"` // bytes
	CPUSeconds float64 `json:"cpu_seconds,omitempty"`

	Files map[string]string `json:"files,omitempty"` // SHA-256 of the files that the attempt has left in its folder, by name
}
