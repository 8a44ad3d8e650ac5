# Why the engine is our own: the same blocks on native, GoMLX's Go backend, Gorgonia and, where it is installed, PyTorch.
# A module of its own; takes a minute on a quiet machine.
.PHONY: bench-engines
bench-engines:
	cd model/engine/bench && go run . -peer torch_peer.py
