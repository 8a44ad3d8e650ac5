"""Trains a small network to read noisy digits: an ordinary PyTorch program that knows nothing of the harness."""
import argparse
import json

import torch
from torch import nn
from torch.nn.functional import cross_entropy

DIGITS = """
 ###    #    ###   ###     #  #####  ###  #####  ###   ###
#   #  ##   #   # #   #   ##  #     #         # #   # #   #
#   #   #       #     #  # #  #     #        #  #   # #   #
#   #   #      #   ###  #  #  ####  ####    #    ###   ####
#   #   #     #       # #####     # #   #   #   #   #     #
#   #   #    #    #   #    #  #   # #   #   #   #   #     #
 ###   ###  #####  ###     #   ###   ###    #    ###   ###
"""


def glyphs():
    """The ten digits as images of 7 by 5 pixels."""
    rows = [line.ljust(60) for line in DIGITS.strip("\n").split("\n")]
    return torch.tensor([[[float(c == "#") for c in row[6 * d : 6 * d + 5]] for row in rows] for d in range(10)])


def draw(n, shift, generator):
    """n images of 16 by 16 with noise; a digit lies up to shift pixels off the middle."""
    labels = torch.randint(10, (n,), generator=generator)
    places = torch.randint(-shift, shift + 1, (n, 2), generator=generator)
    images = torch.zeros(n, 1, 16, 16)
    for image, digit, (y, x) in zip(images, glyphs()[labels], places.tolist()):
        image[0, 4 + y : 11 + y, 5 + x : 10 + x] = digit
    return images + 0.3 * torch.randn(images.shape, generator=generator), labels


def network(norm, width=16):
    layers, channels = [], 1
    for _ in range(2):
        layers += [nn.Conv2d(channels, width, 3, padding=1)]
        layers += {"none": [], "batch": [nn.BatchNorm2d(width)], "group": [nn.GroupNorm(4, width)]}[norm]
        layers += [nn.ReLU(), nn.MaxPool2d(2)]
        channels = width
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(width * 16, 10))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--norm", choices=["none", "batch", "group"], default="none")
    p.add_argument("--shift", type=int, default=0, help="pixels by which training images are moved")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--epochs", type=int, default=6)
    a = p.parse_args()

    torch.manual_seed(a.seed)
    images, labels = draw(2000, a.shift, torch.Generator().manual_seed(a.seed))
    test_images, test_labels = draw(1000, 2, torch.Generator().manual_seed(1234))  # the same for all
    model = network(a.norm)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

    for epoch in range(1, a.epochs + 1):
        model.train()
        for batch in torch.randperm(len(images)).split(50):
            loss = cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            scores = model(test_images)
        print(json.dumps({
            "step": epoch,
            "accuracy": (scores.argmax(1) == test_labels).float().mean().item(),
            "loss": cross_entropy(scores, test_labels).item(),
        }))


main()
