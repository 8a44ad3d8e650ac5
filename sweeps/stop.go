package sweeps

import "harness/metrics"

// Stop says when trials are ended before they are finished. Steps are those that trials report.
type Stop struct {
	Rule   string       `json:"rule"` // median or asha
	Metric string       `json:"metric"`
	Goal   metrics.Goal `json:"goal"`            // maximize or minimize
	First  int          `json:"first,omitzero"`  // the first step at which trials are compared; 0 where Rungs lists them
	Factor int          `json:"factor,omitzero"` // of asha: each rung is Factor times the one before, and one in Factor goes on
	Rungs  []int        `json:"rungs,omitzero"`  // the steps at which trials are compared, where the file lists them
	Least  int          `json:"least,omitzero"`  // of median: how many trials must have a value at the step
}
