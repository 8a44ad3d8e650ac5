# bench-metrics times the text metrics on the speed fixture and prints them beside the official programs.
.PHONY: bench-metrics
bench-metrics:
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	for n in 20000 200000; do \
		python3 metrics/testdata/pairs.py testdata/metrics $$n $$folder/hyps-$$n.json $$folder/refs-$$n.json || exit 1; \
	done && \
	HARNESS_PAIRS=$$folder go test ./metrics -run '^TestSpeed$$' -count=1 -v
