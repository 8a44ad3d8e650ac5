# The harness. `make demo` builds, trains and reports; `make test` runs the quick tests.

.PHONY: build demo test check clean

build: harness

harness: FORCE
	go build -o harness .
FORCE:

# demo trains the small ablation of the README on synthetic data, under runs/.
demo: harness
	./harness sweep demo
	./harness report demo --format markdown --out runs/demo/table.md
	./harness report demo --format latex --out runs/demo/table.tex
	./harness plot demo --out runs/demo

test:
	go test ./...

# check is what must be clean before a change is handed in; staticcheck runs where it is installed.
check:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	go vet ./...
	@if command -v staticcheck >/dev/null; then staticcheck ./...; else echo "staticcheck is not installed: skipped"; fi
	go test -race ./model/spec ./sweeps ./registry/... ./runner

clean:
	rm -f harness

include $(wildcard */*.mk */*/*.mk */*/*/*.mk)
