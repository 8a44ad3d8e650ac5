#!/bin/sh
# Makes the homes of this folder again: testdata/homes/make.sh COMMIT...
#
# Builds the harness of each commit in a worktree of its own, sweeps the experiments of ../home-9abd933 with it, and keeps what it left,
# without stages, data and cache, with the tables that it printed, as COMMIT.tar.gz.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
repository=$(git -C "$here" rev-parse --show-toplevel)
work=/tmp/harness-homes # journals name it
mkdir $work
trap 'rm -rf "$work"; git -C "$repository" worktree prune' EXIT
for commit in "$@"; do
	git -C "$repository" worktree add --detach "$work/$commit" "$commit" >/dev/null 2>&1
	(cd "$work/$commit" && go build -o "$work/harness-$commit" .)
	mkdir "$work/home" && cd "$work/home"
	cp "$here/../home-9abd933/"*.yaml "$here/../home-9abd933/train.sh" .
	"$work/harness-$commit" sweep own.yaml >/dev/null 2>&1 || true # one trial kills itself
	"$work/harness-$commit" sweep own.yaml >/dev/null 2>&1 || true
	"$work/harness-$commit" sweep fails.yaml >/dev/null 2>&1 || true
	"$work/harness-$commit" sweep grid.yaml >/dev/null 2>&1
	for name in own grid; do
		"$work/harness-$commit" report $name --format csv >$name.csv 2>/dev/null || "$work/harness-$commit" report $name.yaml --format csv >$name.csv
	done
	rm -rf runs/stages runs/data runs/cache tried
	test ! -s runs/registry.db-wal || { echo "registry.db-wal is not empty" >&2; exit 1; }
	rm -f runs/registry.db-wal runs/registry.db-shm
	cd .. && tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -cf - home | gzip -n -9 >"$here/$commit.tar.gz"
	rm -rf "$work/home"
	git -C "$repository" worktree remove --force "$work/$commit"
	ls -l "$here/$commit.tar.gz"
done
