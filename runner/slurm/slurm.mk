.PHONY: slurm-test
slurm-test: harness ## a private Slurm of two nodes, with failing nodes and a failing controller: needs root, installs Debian's slurm-wlm (2 minutes)
	HARNESS_SLURM_TEST=$(CURDIR)/harness go test -count=1 -run TestPrivateSlurm -v -timeout 10m ./runner/slurm
