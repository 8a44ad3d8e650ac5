.PHONY: bench-registry
bench-registry: ## points a second, trials a second, and how fast ls reads
	go test -run xxx -bench . ./registry/... ./runner
