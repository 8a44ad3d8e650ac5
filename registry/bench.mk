.PHONY: bench-registry
bench-registry: ## points a second, the registry's share in a trial, rebuilds, second calls, and how fast ls reads
	go test -run xxx -bench . ./registry/... ./runner
