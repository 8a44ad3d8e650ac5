.PHONY: kill-test
kill-test: ## kill sweeps and trials of the built-in trainer at random moments, too (minutes)
	go test -count=1 -run TestKills -v ./internal/cli -kill-smoke
