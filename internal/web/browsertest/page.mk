# The page in Debian's chromium, driven by chromedp: a module of its own. axe-core (MPL-2.0) comes from npm's registry, this version with this hash, and stays
# outside of the repository.
AXE_VERSION := 4.14.1
AXE_SHA512 := 1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5
AXE_DIR := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/harness/axe-core-$(AXE_VERSION)

.PHONY: page-check has-chromium axe-core
axe-core: $(AXE_DIR)/axe.min.js

page-check: harness has-chromium $(AXE_DIR)/axe.min.js ## every view of the page in chromium: errors, keyboard, width, schemes, accessibility, hostile texts (about 2 minutes)
	cd internal/web/browsertest && go vet . && go test -count=1 -timeout 10m . -harness $(CURDIR)/harness -axe $(AXE_DIR)/axe.min.js $(PAGE)

has-chromium:
	@command -v chromium >/dev/null || { echo 'the page is looked at in chromium, which is not here: apt-get install chromium' >&2; exit 1; }

$(AXE_DIR)/axe.min.js:
	@command -v curl >/dev/null || { echo "axe-core is fetched from npm's registry with curl, which is not here: apt-get install curl" >&2; exit 1; }
	@mkdir -p $(AXE_DIR)
	cd $(AXE_DIR) && curl -fsSLO --retry 3 https://registry.npmjs.org/axe-core/-/axe-core-$(AXE_VERSION).tgz
	@cd $(AXE_DIR) && echo '$(AXE_SHA512)  axe-core-$(AXE_VERSION).tgz' | sha512sum -c --quiet || \
		{ echo 'axe-core-$(AXE_VERSION).tgz from npm is not the file that was looked at: its hash differs' >&2; rm -rf $(AXE_DIR); exit 1; }
	@cd $(AXE_DIR) && tar xzf axe-core-$(AXE_VERSION).tgz --strip-components=1 package/axe.min.js package/LICENSE && rm axe-core-$(AXE_VERSION).tgz && touch axe.min.js

# The homes stay below TMPDIR: making them takes about five minutes and 5 GB.
BENCH_SERVE := $(or $(TMPDIR),/tmp)/harness-bench-serve
.PHONY: bench-serve
bench-serve: harness has-chromium ## the page on 10,000 runs and 20 million points: server, browser, memory, and whether a sweep is slowed
	@cd internal/web/browsertest && go test -count=1 -timeout 60m -v -run 'TestBenchServe$$' . -harness $(CURDIR)/harness -bench-homes $(BENCH_SERVE)

# The three pictures of the README, of a home in which the sweeps ablation and difference have run: make page-pictures PICTURES_HOME=DIR
.PHONY: page-pictures
page-pictures: harness has-chromium ## docs/page-*.png, from PICTURES_HOME
	@test -d '$(PICTURES_HOME)' || { echo 'which home? harness sweep ablation --home DIR, and harness sweep difference, then make page-pictures PICTURES_HOME=DIR' >&2; exit 1; }
	cd internal/web/browsertest && go test -count=1 -run 'TestPictures$$' . -harness $(CURDIR)/harness -pictures $(CURDIR)/docs -pictures-home $(abspath $(PICTURES_HOME))
