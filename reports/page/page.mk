.PHONY: page-library
page-library: ## make the charting library of the pages from npm again, and say whether the same bytes come out
	@rm -rf $(LIBRARY_OUT) && mkdir -p $(LIBRARY_OUT)
	cd reports/page/library && npm ci --ignore-scripts --no-audit --no-fund && node build.mjs $(abspath $(LIBRARY_OUT))
	@cd $(LIBRARY_OUT) && sha256sum -c $(abspath reports/page/library/SHA256SUMS)
	@cd $(LIBRARY_OUT) && for f in *; do cmp $$f $(abspath reports/page/assets)/$$f || exit 1; done && echo "the same bytes as reports/page/assets"

LIBRARY_OUT := dist/page-library
