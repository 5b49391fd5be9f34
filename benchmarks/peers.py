"""What `speed.py` measures beside kerasocc; None for a library that is not installed."""

from __future__ import annotations

import contextlib
import importlib.util
import io
from collections.abc import Callable
from typing import Any

Call = Callable[[], Any]


def pyod_fit(x: Any, batch_size: int, epochs: int) -> Call | None:
    """Train PyOD's `DeepSVDD`."""
    if not _has("pyod"):
        return None
    return _quietly(lambda: _pyod(x.shape[1], batch_size, epochs).fit(x))


def pyod_score(x: Any) -> Call | None:
    """Score rows with a trained one."""
    if not _has("pyod"):
        return None
    model = _pyod(x.shape[1], 128, 1)
    _quietly(lambda: model.fit(_some(x)))()
    return _quietly(lambda: model.decision_function(x))


def _pyod(columns: int, batch_size: int, epochs: int) -> Any:
    from pyod.models.deep_svdd import DeepSVDD

    return DeepSVDD(
        n_features=columns,
        hidden_neurons=[64, 32],
        epochs=epochs,
        batch_size=batch_size,
        dropout_rate=0.0,
        verbose=0,
        random_state=0,
    )


def deepod_fit(kind: str, x: Any, y: Any, batch_size: int, epochs: int) -> Call | None:
    """Train DeepOD's `DeepSVDD` or `DeepSAD`, the latter with 1 for labelled anomalies."""
    if not _has("deepod"):
        return None
    return _quietly(lambda: _deepod(kind, batch_size, epochs).fit(x, y))


def deepod_score(x: Any) -> Call | None:
    """Score rows with a trained `DeepSVDD`."""
    if not _has("deepod"):
        return None
    model = _deepod("DeepSVDD", 128, 1)
    _quietly(lambda: model.fit(_some(x)))()
    return _quietly(lambda: model.decision_function(x))


def _deepod(kind: str, batch_size: int, epochs: int) -> Any:
    from deepod.models import tabular

    return getattr(tabular, kind)(
        epochs=epochs,
        batch_size=batch_size,
        hidden_dims="64",
        rep_dim=32,
        device="cpu",
        verbose=0,
    )


def torch_fit(network: Callable[[], Any], x: Any, batch_size: int, epochs: int) -> Call | None:
    """Train the hypersphere objective in a PyTorch loop over a `DataLoader`."""
    if not _has("torch"):
        return None
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    loader = DataLoader(TensorDataset(torch.from_numpy(x)), batch_size=batch_size, shuffle=True)
    device = _torch_device()
    model = network().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, weight_decay=5e-7)
    with torch.no_grad():
        center = torch.cat([model(samples.to(device)) for (samples,) in loader]).mean(0)

    def train():
        model.train()
        for _ in range(epochs):
            for (samples,) in loader:
                optimizer.zero_grad()
                loss = ((model(samples.to(device)) - center) ** 2).sum(1).mean()
                loss.backward()
                optimizer.step()
                loss.item()

    return train


def torch_score(network: Callable[[], Any], x: Any, batch_size: int) -> Call | None:
    """Squared distances of rows from a center, in batches, without gradients."""
    if not _has("torch"):
        return None
    import numpy as np
    import torch

    device = _torch_device()
    model = network().eval().to(device)
    with torch.no_grad():
        center = model(torch.from_numpy(x[:1000]).to(device)).mean(0)

    def run():
        with torch.no_grad():
            rows = torch.from_numpy(x).split(batch_size)
            scores = [((model(part.to(device)) - center) ** 2).sum(1) for part in rows]
            return np.concatenate([part.numpy(force=True) for part in scores])

    return run


def torch_mlp() -> Any:
    """The MLP 20-64-32 as kerasocc has it."""
    from torch import nn

    return nn.Sequential(
        nn.Linear(20, 64, bias=False),
        nn.BatchNorm1d(64, eps=1e-4, affine=False),
        nn.LeakyReLU(),
        nn.Linear(64, 32, bias=False),
    )


def torch_lenet() -> Any:
    """The MNIST LeNet."""
    from deep_svdd_torch import Encoder

    return Encoder()


def _torch_device() -> str:
    """Where PyTorch computes: on the accelerator, which JAX takes by itself, if there is one."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _some(x: Any) -> Any:
    import numpy as np

    return np.concatenate([x, x + 1, x - 1, x * 2])[:1000]


def _has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _quietly(call: Call) -> Call:
    def quiet():
        with contextlib.redirect_stdout(io.StringIO()):
            return call()

    return quiet
