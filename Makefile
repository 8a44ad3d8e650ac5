# The harness. `make demo` builds, trains and reports; `make test` runs the quick tests; `make check` before handing in.

.PHONY: build release install demo test check check-darwin staticcheck modules clean

# In a clone the commit is stamped into the program, whatever GOFLAGS say; elsewhere there is none.
STAMP := $(if $(wildcard .git/HEAD),$(shell git rev-parse -q --verify HEAD >/dev/null 2>&1 && echo -buildvcs=true))

build: harness

harness: FORCE
	go build $(STAMP) -o harness .
FORCE:

# release is the program to hand on: stripped, without paths of this machine, with the commit; it runs without Go and gcc. Without debug
# information gcc takes three quarters of the time.
release: export CGO_CFLAGS ?= -O2 -g0
release:
	go build $(STAMP) -trimpath -ldflags '-s -w' -o dist/harness .
	@dist/harness version
	@du -h dist/harness

# install puts the program, its manual and its completions below PREFIX; DESTDIR goes before it, for packages.
PREFIX ?= /usr/local
SHARE = $(DESTDIR)$(PREFIX)/share
install: harness
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)/man $(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions $(SHARE)/fish/vendor_completions.d
	install -m 755 harness $(DESTDIR)$(PREFIX)/bin/harness
	./harness man $(SHARE)/man >/dev/null
	./harness completion bash > $(SHARE)/bash-completion/completions/harness
	./harness completion zsh > $(SHARE)/zsh/site-functions/_harness
	./harness completion fish > $(SHARE)/fish/vendor_completions.d/harness.fish

# demo trains the small ablation of the README on synthetic data, under runs/.
demo: harness
	./harness sweep demo
	./harness report demo --format markdown --out runs/demo/table.md
	./harness report demo --format latex --out runs/demo/table.tex
	./harness plot demo --out runs/demo

# ablation trains the experiments of docs/results.md, under runs/: a night on two cores. It may be stopped and called again.
.PHONY: ablation
ablation: harness
	for name in ablation omission difference subsets again; do ./harness sweep $$name || exit; done

test:
	go test ./...

# check is what must be clean before a change is handed in.
check: staticcheck check-darwin modules
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	go vet ./...
	go test -race ./model/spec ./sweeps ./registry/... ./runner/...

# staticcheck is not in go.mod: its version is pinned here.
staticcheck:
	go run honnef.co/go/tools/cmd/staticcheck@v0.7.0 ./...

# modules compiles what has a go.mod of its own: a new import of the program must be in their go.sum as well.
modules:
	cd model/engine/bench && go vet ./... && go test ./train
	cd internal/web/browsertest && go vet ./...

# check-darwin computes the types of all packages as on macOS and on Linux on arm64; it needs neither.
check-darwin:
	go test ./internal/typecheck

clean:
	rm -rf harness dist

include $(wildcard */*.mk */*/*.mk */*/*/*.mk)
