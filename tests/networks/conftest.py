"""Random weights of a ResNet-18, as a dictionary, a file and a network."""

import numpy as np
import pytest

from kerasocc.networks import resnet18
from tests.networks.models import SMALL


@pytest.fixture(scope="module")
def state():
    """Random weights by torchvision's names: kernels of He, statistics far from 0 and 1."""
    generator = np.random.default_rng(0)
    arrays = {"conv1.weight": (64, 3, 7, 7)}
    norms = {"bn1": 64}
    before = 64
    for layer, filters in enumerate((64, 128, 256, 512), start=1):
        for block in (0, 1):
            name = f"layer{layer}.{block}"
            arrays[f"{name}.conv1.weight"] = (filters, before, 3, 3)
            arrays[f"{name}.conv2.weight"] = (filters, filters, 3, 3)
            norms |= {f"{name}.bn1": filters, f"{name}.bn2": filters}
            if before != filters:
                arrays[f"{name}.downsample.0.weight"] = (filters, before, 1, 1)
                norms[f"{name}.downsample.1"] = filters
            before = filters
    for name, shape in arrays.items():
        arrays[name] = generator.normal(0, (2 / np.prod(shape[1:])) ** 0.5, shape)
    for name, size in norms.items():
        arrays[f"{name}.weight"] = generator.uniform(0.3, 1.5, size)
        arrays[f"{name}.bias"] = generator.normal(0, 0.3, size)
        arrays[f"{name}.running_mean"] = generator.normal(0, 0.3, size)
        # Down to 1e-3, where a wrong epsilon shows.
        arrays[f"{name}.running_var"] = 10 ** generator.uniform(-3, 1, size)
    return {name: array.astype("float32") for name, array in arrays.items()}


@pytest.fixture(scope="module")
def npz(state, tmp_path_factory):
    path = tmp_path_factory.mktemp("npz") / "resnet18.npz"
    np.savez(path, **state)
    return path


@pytest.fixture(scope="module")
def encoder(npz):
    """The random weights on small images; no test changes them."""
    return resnet18(SMALL, use_bias=True, weights=npz)
