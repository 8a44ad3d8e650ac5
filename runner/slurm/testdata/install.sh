#!/bin/sh
# Installs Slurm and munge from Debian's packages where they are missing; nothing of them is started.
set -eu
for program in slurmctld slurmd munged sbatch; do
	PATH=$PATH:/usr/sbin command -v $program > /dev/null || missing=1
done
test -n "${missing-}" || exit 0
command -v apt-get > /dev/null
# A folder of its own for what is downloaded: two runs of apt-get may otherwise remove each other's packages.
archives=$(mktemp -d)
trap 'rm -rf "$archives"' EXIT
mkdir "$archives/partial"
export DEBIAN_FRONTEND=noninteractive
install() { apt-get -qq -o DPkg::Lock::Timeout=120 -o Dir::Cache::archives="$archives" install -y --no-install-recommends slurm-wlm munge > "$archives/log" 2>&1; }
install || { apt-get -qq update > /dev/null && install; } || { cat "$archives/log" >&2; exit 1; }
