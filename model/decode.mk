.PHONY: bench-decode
# DECODE_PYTHON is where the Python of the peer is made, outside of the repository; HARNESS_BENCH_PYTHON names one that is there.
DECODE_PYTHON ?= $(or $(TMPDIR),/tmp)/harness-bench-decode
bench-decode: ## beam search of the native engine beside Hugging Face generate: the same answers, median seconds (10 minutes)
	@if [ -z "$$HARNESS_BENCH_PYTHON" ] && [ ! -x $(DECODE_PYTHON)/bin/python ]; then \
		python3 -m venv $(DECODE_PYTHON) && $(DECODE_PYTHON)/bin/pip install --quiet torch==2.11.0 transformers==5.24.0 safetensors; fi
	HARNESS_BENCH_PYTHON=$${HARNESS_BENCH_PYTHON:-$(DECODE_PYTHON)/bin/python} go test ./model -run '^TestBenchDecode$$' -count=1 -v -timeout 60m
