.PHONY: check-peers
# PEERS is where the Python of the peers is made, outside of the repository; HARNESS_PEERS_PYTHON names one that is there.
PEERS ?= $(or $(TMPDIR),/tmp)/harness-peers
check-peers: ## transformers, torch and bert_score from PyPI: forward, beam search, models in and out; prints the table of docs/peers.md (5 minutes)
	@if [ -z "$$HARNESS_PEERS_PYTHON" ] && [ ! -x $(PEERS)/bin/python ]; then \
		python3 -m venv $(PEERS) && $(PEERS)/bin/pip install --quiet torch 'transformers>=4.57' bert_score safetensors; fi
	HARNESS_PEERS_PYTHON=$${HARNESS_PEERS_PYTHON:-$(PEERS)/bin/python} go test ./model -run '^TestPeers$$' -count=1 -v -timeout 30m
