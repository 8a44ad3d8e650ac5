.PHONY: golden
golden: ## rewrite the golden files of the tables and the line numbers of docs/paper.md; read the diff before you commit it
	go test . -run Paper -update
	go test ./reports ./reports/examples ./reports/page ./reports/page/document ./reports/plots ./runner/live -update
