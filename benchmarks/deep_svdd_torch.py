"""A PyTorch twin of the authors' Deep SVDD trainer, for figures on the same data.

    python benchmarks/deep_svdd_torch.py --classes 0 --seeds 0 1 2      # needs torch

Written from the description of the method and of the authors' settings, not from their
code: the MNIST LeNet with PyTorch's own initialisation, the autoencoder, one-class Deep
SVDD, Adam with its L2 weight decay. It reads the arrays that `images.py` reads.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import torch
from torch import nn
from torch.nn import functional

EPOCHS, DROP, BATCH, RATE = 150, 50, 200, 1e-4


class Encoder(nn.Module):
    """LeNet of MNIST: images `(batch, 1, 28, 28)` to codes `(batch, 32)`."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 5, bias=False, padding=2)
        self.norm1 = nn.BatchNorm2d(8, eps=1e-4, affine=False)
        self.conv2 = nn.Conv2d(8, 4, 5, bias=False, padding=2)
        self.norm2 = nn.BatchNorm2d(4, eps=1e-4, affine=False)
        self.code = nn.Linear(4 * 7 * 7, 32, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for conv, norm in ((self.conv1, self.norm1), (self.conv2, self.norm2)):
            x = functional.max_pool2d(functional.leaky_relu(norm(conv(x))), 2)
        return self.code(x.flatten(1))


class Decoder(nn.Module):
    """Codes `(batch, 32)` to images `(batch, 1, 28, 28)` in [0, 1]."""

    def __init__(self):
        super().__init__()
        self.first = nn.ConvTranspose2d(2, 4, 5, bias=False, padding=2)
        self.norm1 = nn.BatchNorm2d(4, eps=1e-4, affine=False)
        self.second = nn.ConvTranspose2d(4, 8, 5, bias=False, padding=3)
        self.norm2 = nn.BatchNorm2d(8, eps=1e-4, affine=False)
        self.last = nn.ConvTranspose2d(8, 1, 5, bias=False, padding=2)

    def forward(self, code: torch.Tensor) -> torch.Tensor:
        x = functional.leaky_relu(code.view(-1, 2, 4, 4))
        for layer, norm in ((self.first, self.norm1), (self.second, self.norm2)):
            x = functional.leaky_relu(norm(layer(functional.interpolate(x, scale_factor=2))))
        return torch.sigmoid(self.last(functional.interpolate(x, scale_factor=2)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--classes", type=int, nargs="+", default=[0, 3, 8])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    arguments = parser.parse_args()
    print("class seed AUC in %  seconds")
    for normal_class in arguments.classes:
        aucs = []
        for seed in arguments.seeds:
            begun = time.perf_counter()
            aucs.append(100 * _auc(normal_class, seed))
            seconds = time.perf_counter() - begun
            print(f"{normal_class:5} {seed:4} {aucs[-1]:8.2f} {seconds:8.0f}", flush=True)
        print(
            f"{normal_class:5} mean {statistics.mean(aucs):8.2f}, std {statistics.pstdev(aucs):.2f}"
        )


def _auc(normal_class: int, seed: int) -> float:
    from sklearn.metrics import roc_auc_score

    from kerasocc.datasets import one_vs_rest

    data = one_vs_rest("mnist", normal_class=normal_class, seed=seed)
    x, test = (
        torch.from_numpy(np.array(data.preprocessing(part)).transpose(0, 3, 1, 2))
        for part in (data.x_train, data.x_test)
    )
    torch.manual_seed(seed)
    encoder, decoder = Encoder(), Decoder()

    def reconstruction(x: torch.Tensor) -> torch.Tensor:
        return ((decoder(encoder(x)) - x) ** 2).sum(dim=(1, 2, 3))

    train(nn.ModuleList([encoder, decoder]), reconstruction, x, weight_decay=0.5e-3)
    center = center_of(encoder, x)

    def distance(x: torch.Tensor) -> torch.Tensor:
        return ((encoder(x) - center) ** 2).sum(dim=1)

    train(encoder, distance, x, weight_decay=0.5e-6)
    encoder.eval()
    with torch.no_grad():
        scores = torch.cat([distance(batch) for batch in test.split(1000)])
    return roc_auc_score(data.y_test, scores.numpy())


def train(
    net: nn.Module,
    loss: Any,
    x: torch.Tensor,
    weight_decay: float,
    *,
    epochs: int = EPOCHS,
    batch: int = BATCH,
) -> None:
    """Minimise the mean of `loss` over the rows of `x`."""
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE, weight_decay=weight_decay)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [DROP])
    net.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(batch):
            if len(rows) == 1:
                continue  # BatchNorm has no variance to divide by.
            optimizer.zero_grad()
            loss(x[rows]).mean().backward()
            optimizer.step()
        schedule.step()


def center_of(encoder: nn.Module, x: torch.Tensor, eps: float = 0.1) -> torch.Tensor:
    """Mean embedding of `x`, coordinates near 0 pushed away from it."""
    encoder.eval()
    with torch.no_grad():
        center = torch.cat([encoder(batch) for batch in x.split(1000)]).mean(dim=0)
    center[(center.abs() < eps) & (center < 0)] = -eps
    center[(center.abs() < eps) & (center > 0)] = eps
    return center


if __name__ == "__main__":
    main()
