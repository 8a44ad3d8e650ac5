"""The workloads in PyTorch, out of torch_peer.py: a name on each line of standard input is run once, its seconds printed."""
import importlib.util
import sys
import time

spec = importlib.util.spec_from_file_location("peer", sys.argv[1])
peer = importlib.util.module_from_spec(spec)
spec.loader.exec_module(peer)
torch, F = peer.torch, peer.F

torch.manual_seed(0)
x, target = torch.randn(peer.B, peer.T, peer.D), torch.randn(peer.B, peer.T, peer.D)
mlp, attention, encoder, decoder = peer.MLP(), peer.Attention(), peer.Encoder(), peer.Decoder()
optimiser = torch.optim.AdamW([*encoder.parameters(), *decoder.parameters()], lr=1e-3, weight_decay=0.01)
images, tokens = torch.randn(peer.B, peer.T, peer.P), torch.randint(0, peer.V, (peer.B, peer.L))
labels = torch.randint(0, peer.V, (peer.B * peer.L,))


def block(module, *more):
    module.zero_grad(set_to_none=True)
    loss = F.mse_loss(module(x, *more), target)
    loss.backward()
    loss.item()


def step():
    optimiser.zero_grad(set_to_none=True)
    loss = F.cross_entropy(decoder(tokens, encoder(images)).view(-1, peer.V), labels)
    loss.backward()
    optimiser.step()
    loss.item()


workloads = {"mlp": lambda: block(mlp), "attention": lambda: block(attention, x, False), "step": step}
print(torch.__version__, flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    workloads[line.strip()]()
    print(time.perf_counter() - start, flush=True)
