.PHONY: golden
golden: ## rewrite the golden files of the tables; read the diff before you commit it
	go test ./reports ./reports/examples ./reports/plots -update
