# How fast the native engine is here: a training step of the peer of engine/torch_peer.py and of a model of our own sizes
# (best, median and CPU milliseconds), matrix products (GFLOP/s on one thread), and a step of decoding.
.PHONY: bench-engine
bench-engine:
	go test -run '^$$' -bench . -benchtime 2s ./model/engine/native
