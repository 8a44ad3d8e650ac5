.PHONY: bench-registry rebuild-test
bench-registry: ## points a second, the registry's share in a trial, rebuilds, second calls, and how fast ls reads
	go test -run xxx -bench . ./registry/... ./runner

rebuild-test: ## 20 kills while a home of 2,000 trials is rebuilt, under the eyes of two readers and a writer
	REGISTRY_TEST_TRIALS=2000 REGISTRY_TEST_KILLS=20 go test -count 1 -run TestKilledRebuilds -v ./registry
