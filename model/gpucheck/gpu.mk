# gpu-bundle packs what a machine with a GPU needs to check and measure the xla engine: no Go, no network there.
#   tar xzf gpu-check.tar.gz && gpu-check/run
.PHONY: gpu-bundle gpu-check
gpu-bundle: ## build gpu-check.tar.gz for a machine with a GPU, JAX's CUDA plugin and PyTorch; there: gpu-check/run
	@mkdir -p gpu-check
	go build $(STAMP) -ldflags '-s -w' -o gpu-check/harness .
	go build -ldflags '-s -w' -o gpu-check/gpucheck ./model/gpucheck
	go test -c -ldflags '-s -w' -o gpu-check/xla.test ./model/engine/xla
	cp -r testdata/reference gpu-check/
	cp model/gpucheck/peer.py model/gpucheck/run gpu-check/
	tar czf gpu-check.tar.gz gpu-check
	@du -m gpu-check.tar.gz | awk '{print $$1 " MiB"; if ($$1 > 64) {print "more than 64 MiB"; exit 1}}'

# GPU_PYTHON is a Python with PyTorch.
GPU_PYTHON ?= python3
gpu-check: gpu-bundle ## the same here: on a GPU if there is a plugin for one, else a rehearsal with small sizes on the plugin of xla-check; GPU_PYTHON has PyTorch
	@if gpu-check/harness doctor --engine xla >/dev/null 2>&1; then exec gpu-check/run -python $(GPU_PYTHON); fi; \
	$(MAKE) xla-plugin && gpu-check/run -python $(GPU_PYTHON) -plugin $(XLA_PLUGIN_DIR)/$(XLA_LIBRARY)
