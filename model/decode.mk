.PHONY: bench-decode
# BENCH_PYTHON is where the Python of the peer is made, outside of the repository; HARNESS_BENCH_PYTHON names one that is there.
BENCH_PYTHON ?= $(or $(TMPDIR),/tmp)/harness-bench
bench-decode: ## beam search of the native engine beside Hugging Face generate: the same answers, median seconds (10 minutes)
	@if [ -z "$$HARNESS_BENCH_PYTHON" ] && [ ! -x $(BENCH_PYTHON)/bin/python ]; then \
		python3 -m venv $(BENCH_PYTHON) && $(BENCH_PYTHON)/bin/pip install --quiet torch 'transformers>=4.57' safetensors; fi
	HARNESS_BENCH_PYTHON=$${HARNESS_BENCH_PYTHON:-$(BENCH_PYTHON)/bin/python} go test ./model -run '^TestBenchDecode$$' -count=1 -v -timeout 60m
