// Package metrics scores generated text and boxes the way the official programs do, and tests whether two systems differ.
//
// The map:
//
//	answer.go finding.go   the grammar of difference answers, and the finding-level extraction
//	box.go                 boxes in generated text, IoU, Acc@0.5
//	ptb                    the Penn Treebank tokeniser of the official caption pipeline
//	bleu.go rouge.go cider.go, meteor
//	                       the caption metrics; all of them read the interned tokens of corpus.go
//	sacrebleu.go chrf.go ter.go, rougescore.go
//	                       what sacrebleu and rouge_score compute, from the text as given
//	bertscore.go           BERTScore's matching over the vectors of an Embedder
//	baseline.go            the baseline files that rescale it
//	label.go, reportlabel  label F1: observations that reports state, by rules
//	score.go names.go choose.go
//	                       Score, the one entry point, the table of metrics, and which of them are asked for
//	resample.go bootstrap.go randomization.go hierarchical.go signflip.go
//	                       significance, from the sufficient statistics that Score keeps (docs/statistics.md)
//
// Data flow: Sample -> tokens -> sufficient statistics of each sample -> corpus values. A corpus value is always computed
// from summed statistics, so a resampled corpus costs a sum and not a second scoring. Nothing here reads a checkpoint or a
// data set, and no result depends on the number of threads.
package metrics
