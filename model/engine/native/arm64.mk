.PHONY: check-arm64
ARM64_CC ?= aarch64-linux-gnu-gcc
ARM64_RUN ?= qemu-aarch64 -L /usr/aarch64-linux-gnu
ARM64_TEST = GOOS=linux GOARCH=arm64 CGO_ENABLED=1 CC=$(ARM64_CC) go test -vet=off -count=1 -timeout 20m -exec '$(ARM64_RUN)'
check-arm64: ## the kernels on arm64 use NEON's multiply-add; they and a smoke trial run under qemu (needs gcc-aarch64-linux-gnu and qemu-user)
	@command -v $(ARM64_CC) >/dev/null && command -v $(firstword $(ARM64_RUN)) >/dev/null || \
		{ echo 'check-arm64: install gcc-aarch64-linux-gnu, libc6-dev-arm64-cross and qemu-user' >&2; exit 1; }
	@n=$$($(ARM64_CC) -std=gnu17 -O3 -S -o - model/engine/native/kernels_plain.c | grep -c 'fmla.*v[0-9]*\.4s'); \
		echo "kernels_plain.c on arm64: $$n multiply-adds of four floats"; test $$n -ge 100
	$(ARM64_TEST) ./model/engine/native -run '^(TestGEMM|TestPanelsGEMM|TestAttention|TestGELU|TestDropout|TestNewWith)$$'
	$(ARM64_TEST) ./model -run '^TestEveryMethodRuns$$/^location-aware$$'
