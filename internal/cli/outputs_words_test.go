package cli

import (
	"flag"

	"harness/model/census"
	"harness/model/dataset"
)

var updateSchemas = flag.Bool("update-schemas", false, "write docs/schemas")

// checkedData is what data check prints, whose counts are written by name.
type checkedData struct {
	dataset.Faults
	Root      string            `json:"root"`
	Synthetic string            `json:"synthetic,omitempty"`
	Splits    string            `json:"splits"`
	Notes     []string          `json:"notes,omitempty"`
	Contents  []dataset.Content `json:"contents,omitempty"` // what the four sets hold, and what is published of it
	Census    census.Census     `json:"census,omitempty"`   // what is usable, by split, with lengths and the scores of baselines that need no model
	Unusable  []string          `json:"unusable"`
	Causes    []checkedCause    `json:"causes"`
	IDs       map[string]any    `json:"ids,omitempty"`
}

// checkedCause is a reason why something of a data set is not usable.
type checkedCause struct {
	Group  string `json:"group"`
	Kind   string `json:"kind"`
	Cause  string `json:"cause"`
	Count  int    `json:"count"`
	First  string `json:"first"`            // file, or FILE:LINE
	Detail string `json:"detail,omitempty"` // what is particular to the first: what lies there instead, or two sizes
}

// orNull is a number, or null where it does not exist.
type orNull struct{}

// scoredFiles is what score prints: the numbers of one file stand at the top, those of several in systems.
type scoredFiles struct {
	scoredSystem
	Systems []scoredSystem `json:"systems,omitempty"` // where several files were scored; then nothing of one stands beside it
	Tests   []scoredTest   `json:"tests,omitempty"`   // of --test
}

type scoredSystem struct {
	System       string            `json:"system,omitempty"` // the file of the hypotheses
	N            int               `json:"n,omitempty"`      // how many samples were scored
	Corpus       map[string]orNull `json:"corpus,omitempty"` // by metric
	Labels       map[string]string `json:"labels,omitempty"` // the metrics as a paper names them
	Blank        map[string]string `json:"blank,omitempty"`  // metrics that could not be computed, and why
	Regions      []scoredRegion    `json:"regions,omitempty"`
	Observations []map[string]any  `json:"observations,omitempty"` // of a report: precision, recall and F1 of each
	Notes        []string          `json:"notes,omitempty"`
}

type scoredRegion struct {
	Region string `json:"region"`
	N      int    `json:"n"`
	Acc50  orNull `json:"acc50"`
	Acc75  orNull `json:"acc75"`
	IoU    orNull `json:"iou"`
}

type scoredTest struct {
	Test       string `json:"test"` // bootstrap or randomization
	System     string `json:"system"`
	Metric     string `json:"metric"`
	Score      orNull `json:"score"`
	Difference orNull `json:"difference"`
	Mean       orNull `json:"mean,omitempty"`
	Half       orNull `json:"half,omitempty"`
	Low        orNull `json:"low,omitempty"`
	High       orNull `json:"high,omitempty"`
	P          orNull `json:"p"`
	Adjusted   orNull `json:"p_holm"`
}

// meanings are what keys mean whose fields have no comment, of one type or of all.
var meanings = map[string]string{
	"agree":                     "whether the two numbers are the same, within the tolerance",
	"original":                  "the number of the first run",
	"rerun":                     "the number of the second run",
	"row":                       "the row of the table",
	"text":                      "what it says",
	"gpu":                       "the name of the GPU",
	"why":                       "the reason",
	"binary_hash":               "digest of the program file of the harness",
	"class":                     "of a failure: error, killed, oom, disk or timeout",
	"code":                      "digest of the snapshot of the program's folder",
	"commit":                    "of the code that ran",
	"cores":                     "how many there are",
	"counts":                    "whether these numbers are the trial's",
	"SweepStatus.counts":        "how many trials are in each state",
	"listedSweep.counts":        "how many trials are in each state",
	"cpu":                       "the processor",
	"data_hash":                 "digest of the data that was read",
	"diff_hash":                 "digest of what was not committed",
	"dir":                       "a folder, as a path",
	"driver":                    "the version of the GPU's driver",
	"ended":                     "when it ended",
	"engine":                    "what computed it",
	"error":                     "why it did not end well",
	"exit_code":                 "of the process",
	"go_version":                "of the compiler of the harness",
	"harness":                   "the version of the harness",
	"host":                      "the machine",
	"kernels":                   "which kernels the native engine chose",
	"metrics":                   "numbers by the name of the metric: the last value of each",
	"Difference.metrics":        "all metrics of both, side by side",
	"comparison.metrics":        "each metric of both runs",
	"importedRuns.metrics":      "the names of the metrics",
	"number":                    "counts from 1",
	"purpose":                   "run, or rerun",
	"signal":                    "that ended the process",
	"started":                   "when it started",
	"state":                     "how it stands",
	"threads":                   "how many it computes with",
	"uuid":                      "tells it apart everywhere",
	"count":                     "how many there are",
	"kind":                      "what sort it is",
	"path":                      "where it lies",
	"finding":                   "the finding, where the rule needs one",
	"rule":                      "by which pairs are chosen: random, disagreement or finding",
	"files":                     "what is in it, or was written",
	"backed.files":              "how many files the backup has",
	"bundled.files":             "how many files the bundle has",
	"memory":                    "bytes",
	"mig":                       "whether the GPU is divided into instances",
	"name":                      "what it is called",
	"temperature":               "degrees Celsius",
	"ids":                       "the IDs of the two trials",
	"checkedData.ids":           "the IDs behind each count, by its names",
	"params":                    "settings that the sweep varies, by their paths",
	"Difference.params":         "settings in which the two differ",
	"provenance":                "facts of code and machine in which the two differ",
	"removed":                   "what was taken away",
	"Edit.removed":              "whether the line is of the first version, and not of the second",
	"mode":                      "permissions, as a number",
	"sha256":                    "digest of the content",
	"size":                      "bytes",
	"choice":                    "how the pairs were chosen",
	"notes":                     "facts in words",
	"pairs":                     "the test pairs, or their counts",
	"rows":                      "the rows of the table",
	"synthetic":                 "where the data is generated: by what",
	"Examples.synthetic":        "whether the data is generated",
	"leaking_subjects_official": "test subjects that the official splits train on",
	"other":                     "counts of other kinds",
	"a":                         "of the first",
	"b":                         "of the second",
	"height":                    "pixels",
	"id":                        "the ID of the trial",
	"Image.id":                  "the ID of the image",
	"Pair.id":                   "the ID of the pair",
	"Image.regions":             "the regions with a box",
	"bad_rows":                  "rows that cannot be used",
	"blank_view":                "not known to be frontal or lateral",
	"missing":                   "is not there",
	"engineState.missing":       "why it cannot be used",
	"homeState.missing":         "why it cannot be used",
	"pluginState.missing":       "why it cannot be used",
	"not_frontal":               "not a frontal image",
	"other_aspect":              "in another proportion than the metadata state",
	"unreadable":                "cannot be read",
	"usable":                    "can be used",
	"max":                       "the greatest finite value",
	"min":                       "the least finite value",
	"mean":                      "the mean",
	"Level.mean":                "the mean over time",
	"Level.max":                 "the most at any time",
	"attempts":                  "how many there were",
	"control":                   "which control it is; of a model nothing",
	"label":                     "for people: row and seed",
	"note":                      "what was noted on the trial",
	"seed":                      "of everything that is drawn",
	"sweep":                     "the name of the sweep",
	"tags":                      "of the trial",
	"last":                      "the value of the last step",
	"step":                      "the number of the step",
	"points":                    "how many values were recorded",
	"key":                       "the name of it",
	"question":                  "as it was asked",
	"bad_answer":                "not in the grammar, or blank",
	"no_image":                  "the image is not there",
	"reference_later":           "the reference image is later than the main image",
	"mark":                      "right, wrong or left_out; plain text has none",
	"history":                   "all attempts, the oldest first",
	"predictions":               "the file of generated texts",
	"spec":                      "all settings of the trial, nested by the keys that harness explain tells; it grows with the program",
	"summaries":                 "of each metric: its last value, least and greatest",
	"sweeps":                    "the names of the sweeps",
	"iou":                       "the mean overlap of boxes: intersection over union",
	"phrase":                    "the words on the region",
	"reference":                 "the true one",
	"bad_box":                   "a box that is none",
	"no_box":                    "without a box",
	"unknown_name":              "a region outside the 29",
	"empty":                     "nothing is left after cleaning",
	"test":                      "of the test split, or which test",
	"train":                     "of the training split",
	"val":                       "of the validation split",
	"jobs":                      "the numbers that the scheduler gave",
	"pid":                       "the number of the process",
	"running":                   "the trials that are running",
	"running_at_scheduler":      "tasks that run",
	"waiting":                   "tasks that wait",
	"attempt":                   "the number of the attempt",
	"loss":                      "the newest value",
	"stage":                     "what it is doing",
	"read":                      "bytes that were read",
	"to":                        "the end, in seconds since the start",
	"gpus":                      "the GPUs",
	"memory_kind":               "which memory is measured",
	"reason":                    "why",
	"bytes":                     "the size of all",
	"copied":                    "files that had to be copied",
	"file":                      "the path of the file",
	"left_out":                  "what is not in it, and why",
	"new_trials":                "trials that the home did not have",
	"trials":                    "how many there are",
	"importedRuns.trials":       "the runs as trials",
	"group":                     "which counts it belongs to",
	"causes":                    "why something cannot be used, with the first place where it was met",
	"root":                      "the folder of the data",
	"splits":                    "how subjects are divided",
	"unusable":                  "sets of which nothing can be used",
	"cause":                     "what is wrong",
	"seconds":                   "how long it will still take",
	"eta_seconds":               "how long it will still take; missing where that is not known",
	"gpu_percent":               "how busy the GPUs are",
	"value":                     "the newest",
	"engines":                   "what models can be computed with",
	"home":                      "where runs lie",
	"machine":                   "the hardware",
	"plugins":                   "of engine xla",
	"pythons":                   "the Python programs that were found",
	"gflops":                    "billions of operations a second",
	"ready":                     "whether it can be used",
	"choices":                   "the only values that it may have",
	"default":                   "what holds where it is not given, in words",
	"doc":                       "what it is for",
	"example":                   "lines of a file with it",
	"explainedKey.key":          "its path",
	"least":                     "the least value",
	"of":                        "whose key it is: file, wandb or trainer",
	"paper":                     "the section of arXiv 2603.04950",
	"presets":                   "what each preset gives",
	"required":                  "whether it must be there",
	"type":                      "what its value is, in words",
	"unit":                      "of its value",
	"waste":                     "what can go",
	"index":                     "the number of the GPU",
	"instances":                 "parts of the GPU",
	"exists":                    "whether it is there",
	"file_system":               "the kind of file system that it lies on",
	"dry_run":                   "whether nothing was imported",
	"planned":                   "when it was planned",
	"handle":                    "the name of the sweep",
	"former":                    "how many trials a plan before this one wanted",
	"options":                   "of the command line",
	"device":                    "what the plugin computes on",
	"platform":                  "the system, or the plugin's platform",
	"patients":                  "how many there are",
	"equal":                     "what counts as a sample: images or sequences",
	"sequences":                 "how many texts pretraining predicts or compares; missing where that is not known",
	"package":                   "the Python package that it came with",
	"version":                   "of the package",
	"skipped":                   "what was left where it was, and why",
	"acc50":                     "the share of boxes that overlap by half or more",
	"acc75":                     "the share of boxes that overlap by three quarters or more",
	"n":                         "how many there are",
	"region":                    "the name of the region",
	"regions":                   "numbers of each region",
	"difference":                "of the scores",
	"half":                      "half the width of the interval",
	"high":                      "the upper end of the interval",
	"low":                       "the lower end of the interval",
	"metric":                    "the name of the metric",
	"p":                         "of the test",
	"p_holm":                    "of the test, by Holm's correction",
	"score":                     "of the first of the two",
	"system":                    "the file of the hypotheses",
	"right":                     "how many files are as they were written",
	"wrong":                     "files that are not as they were written",
	"verified.bytes":            "the size of what was compared",
	"go":                        "the version of the compiler",
	"modified":                  "whether the code had changes that were not committed; of waste, when it was changed last",
	"sqlite":                    "the version of SQLite",
	"library":                   "what computes, with its version",
	"caption":                   "sentences",
	"width":                     "pixels",
}
