.PHONY: check-trackers
check-peers: check-trackers
# TRACKERS is where the Python of the trackers is made, outside of the repository; HARNESS_TRACKERS_PYTHON names one that is there.
TRACKERS ?= $(or $(TMPDIR),/tmp)/harness-trackers
check-trackers: ## MLflow, TensorBoard, pyarrow, W&B, Lightning's logger and transformers from PyPI: programs swept unchanged, folders out and in (2 minutes)
	@if [ -z "$$HARNESS_TRACKERS_PYTHON" ] && [ ! -x $(TRACKERS)/bin/python ]; then \
		python3 -m venv $(TRACKERS) && $(TRACKERS)/bin/pip install --quiet -r testdata/trackers/requirements.txt && \
		$(TRACKERS)/bin/pip install --quiet --no-deps lightning-fabric; fi
	HARNESS_TRACKERS_PYTHON=$${HARNESS_TRACKERS_PYTHON:-$(TRACKERS)/bin/python} go test ./internal/cli -run '^TestTrackers$$' -count=1 -v -timeout 20m
