.PHONY: docs-check kill-test stress rebuild-test bench-runner bench-plot bench-trial
# docs-check wants a Python with torch, such as PYTHON=venv/bin/python; without one it skips the tutorial and says so.
docs-check: ## every command of every document, in order, with exit codes and output (4 minutes with torch)
	go test -count=1 -run '^TestDocumentCommands$$|^TestDocumentsName' -v -timeout 30m ./internal/cli -documents-python $(or $(PYTHON),python3)

kill-test: ## more than 200 kills at random moments: sweeps, trials, workers, guardians, reruns; stages damaged (4 minutes); unbundle, gc, backup
	go test -count=1 -run 'TestKills$$' -v -timeout 15m ./internal/cli -kill-smoke
	go test -count=1 -run 'TestKilledBundles$$' -v ./internal/cli -bundle-kills 30

stress: ## sweeps, readers, reruns, backups and gc on one home under random kills: HARNESS_STRESS=10m make stress; 45 s without
	HARNESS_STRESS=$(or $(HARNESS_STRESS),45s) go test -count=1 -run 'TestStress$$' -v -timeout 40m ./internal/cli

rebuild-test: ## 20 kills while a home of 2,000 trials is rebuilt, under the eyes of two readers: the registry, and the command
	REGISTRY_TEST_TRIALS=2000 REGISTRY_TEST_KILLS=20 go test -count 1 -run TestKilledRebuilds -v ./registry
	go test -count=1 -run TestKilledRebuilds -v ./internal/cli -rebuild-trials 2000 -rebuild-kills 20

bench-runner: harness ## what the harness adds to programs, and how fast ls and a second call are, with targets
	@go test -count=1 -run TestBenchRunner -timeout 30m -v ./internal/cli -bench-harness $(CURDIR)/harness

bench-plot: harness ## the curves of 20 million points, with targets; making them takes some minutes and 3 GB below TMPDIR
	@go test -count=1 -run TestBenchPlot -timeout 60m -v ./internal/cli -bench-plot $(CURDIR)/harness

# HARNESS_BENCH_OLD is the program to compare with, built from another commit; BENCH_TRIAL more flags: -bench-rounds, -bench-steps, -bench-threads.
bench-trial: harness ## a nano trial of the demo, this build and another in turns: wall and CPU time of each stage, with targets
	@go test -count=1 -run TestBenchTrial -timeout 10h -v ./internal/cli -bench-trial $(CURDIR)/harness -bench-old '$(HARNESS_BENCH_OLD)' $(BENCH_TRIAL)
