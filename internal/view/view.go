// Package view is what people look at, as values: what the commands print and the page shows.
//
//	Choose      trials and their numbers by a Query, in the language of "when" and "exclude"
//	ReadRecord  all that is known of a trial: settings, attempts, provenance, numbers, resources
//	Compare     in what two trials differ
//	Running     how the sweeps stand that run now, here and at schedulers
//	Live        the same with estimates of their ends, what trials use, their main metric, and failures
//	Plan, Table the stored plan of a sweep, and its table
//	Staleness   which results come from other code or data than is there now
//
// Nothing here prints, reads a command line, or writes.
package view
