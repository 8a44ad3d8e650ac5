# Why the engine is our own: the same blocks on native, GoMLX's Go backend, Gorgonia and, where it is installed, PyTorch.
# A module of its own; takes a minute on a quiet machine.
.PHONY: bench-engines
bench-engines:
	cd model/engine/bench && go run . -peer torch_peer.py

# The native engine against PyTorch from PyPI as fast as it goes (eager with SDPA and fused AdamW, and compiled), at four widths on one
# and two threads; BENCH_TRAIN=-bf16 in bfloat16, -unlock with AVX-512 in its MKL on processors that are not Intel's, too. HARNESS_BENCH_PYTHON names a Python that has torch; otherwise one is made. About 20 minutes on a quiet machine.
BENCH_PYTHON ?= $(or $(TMPDIR),/tmp)/harness-bench
.PHONY: bench-train
bench-train:
	@if [ -z "$$HARNESS_BENCH_PYTHON" ] && [ ! -x $(BENCH_PYTHON)/bin/python ]; then \
		python3 -m venv $(BENCH_PYTHON) && $(BENCH_PYTHON)/bin/pip install --quiet torch==2.11.0 numpy; fi
	cd model/engine/bench && go run ./train -python $${HARNESS_BENCH_PYTHON:-$(BENCH_PYTHON)/bin/python} $(BENCH_TRAIN)
