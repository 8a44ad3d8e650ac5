.PHONY: xla-check xla-check-engine xla-check-models xla-plugin cuda-check cuda-plugin
# XLA_PLUGIN_DIR is where the PJRT plugin for the CPU is kept, outside of the repository. It comes from PyPI and is Apache-2.0: an unmodified build of
# XLA by zml/pjrt-artifacts.
XLA_PLUGIN_DIR ?= $(or $(TMPDIR),/tmp)/harness-xla
XLA_WHEEL := fastatomstruct-xla-cpu==2026.6.23
XLA_WHEEL_SHA256 := 88b1c430b341b4bea40a37420311c9c75db6e22b46d2ff95b6986577bee6afe9
XLA_LIBRARY := fastatomstruct_xla_cpu/libpjrt_cpu.so
XLA_LIBRARY_SHA256 := 0a0fe56ca17be9efc7b942e89e534e5e0ad4a0f1e369b66d27b62184509015b9

# Two halves run side by side, since neither keeps two cores busy: the engine with all it must do, random programs, and the memory of programs of the
# paper's size; every model, loss and method beside the native engine, and whole trials.
xla-check: xla-plugin ## XLA's own compiler on the CPU: all of engine xla, every method against native, whole sweeps; 10 minutes on two cores
	$(MAKE) -j2 xla-check-engine xla-check-models

xla-check-engine xla-check-models: export HARNESS_XLA_PLUGIN = $(XLA_PLUGIN_DIR)/$(XLA_LIBRARY)
xla-check-engine:
	go test ./model/engine/xla/... -count=1 -timeout 30m
xla-check-models:
	go test ./internal/cli -count=1 -timeout 30m -run 'TestScripts/xla_plugin$$'
	go test ./model/nn ./model/method ./model -count=1 -timeout 30m -p 1 \
		-run 'TestReferenceGo|TestQFormer|TestResidual|TestTwins|TestTrialOnBothEngines|TestJoint|TestLongitudinal|TestAnswer|TestRepresent|TestChunks'

# xla-plugin fetches the plugin once, and holds wheel and library to their hashes. Without pip or a network it fails: what was not checked is not passed.
xla-plugin:
	@mkdir -p $(XLA_PLUGIN_DIR); cd $(XLA_PLUGIN_DIR) && if ! echo '$(XLA_LIBRARY_SHA256)  $(XLA_LIBRARY)' | sha256sum --check --status 2>/dev/null; then \
		echo '$(XLA_WHEEL) --hash=sha256:$(XLA_WHEEL_SHA256)' >requirements.txt && \
		python3 -m pip download --quiet --no-deps --require-hashes --only-binary :all: --dest . -r requirements.txt && \
		python3 -m zipfile -e fastatomstruct_xla_cpu-*.whl . && \
		echo '$(XLA_LIBRARY_SHA256)  $(XLA_LIBRARY)' | sha256sum --check --quiet; \
	fi || { echo "xla-check: the plugin $(XLA_WHEEL) could not be fetched from PyPI, or is another: nothing was checked" >&2; exit 1; }

# CUDA_PLUGIN_DIR is where JAX's CUDA plugin is kept with the parts of NVIDIA's compiler that it asks for, from PyPI (Apache-2.0; the CUDA Toolkit's licence).
# It compiles for a GPU that is only described.
CUDA_PLUGIN_DIR ?= $(or $(TMPDIR),/tmp)/harness-cuda
CUDA_LIBRARY := jax_plugins/xla_cuda13/xla_cuda_plugin.so
define CUDA_WHEELS
jax-cuda13-pjrt==0.11.2 --hash=sha256:e5ff589d43064913bb74027682d89639c7ea48f9f81c2bae6fc75117e913f93e
nvidia-cuda-nvcc==13.5.37 --hash=sha256:f5c4f7ead5d964fb4af42bbf1e6d3ec3c1e6e9d83b53749f691d387e7fcaa3a7
nvidia-nvvm==13.5.37 --hash=sha256:c41bfa362e407405163f103c2229f0765f8cc2ed7d148b754dc77f228bf7e070
endef
export CUDA_WHEELS

cuda-check: cuda-plugin ## XLA's compiler for CUDA, without a GPU: memory, kernels and bytes of the paper's steps on an H100; 2 minutes, 256 MB from PyPI
	HARNESS_CUDA_PLUGIN=$(CUDA_PLUGIN_DIR)/$(CUDA_LIBRARY) go test ./model/engine/xla -count=1 -timeout 30m -run 'TestCUDA$$'

cuda-plugin:
	@mkdir -p $(CUDA_PLUGIN_DIR); cd $(CUDA_PLUGIN_DIR) && if ! echo "$$CUDA_WHEELS" | cmp --silent requirements.txt - || ! test -e whole; then \
		rm -rf whole *.whl && echo "$$CUDA_WHEELS" >requirements.txt && \
		python3 -m pip download --quiet --no-deps --require-hashes --only-binary :all: --python-version 3.12 --dest . -r requirements.txt && \
		for wheel in *.whl; do python3 -m zipfile -e $$wheel . || exit 1; done && chmod +x nvidia/cu13/bin/* && rm *.whl && touch whole; \
	fi || { echo "cuda-check: JAX's CUDA plugin could not be fetched from PyPI, or is another: nothing was checked" >&2; exit 1; }
