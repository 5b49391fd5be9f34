"""ResNet-18: equal to torchvision's, its settings and seeds."""

import importlib.util
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from kerasocc.networks import resnet18
from kerasocc.networks.conditions import leaf_layers, trivial_solutions
from tests.networks.models import SMALL, assert_equal_weights, trainable

# Kernels by hand: stem, then per stage its four 3x3 convolutions and the 1x1 projection.
KERNELS = (
    7 * 7 * 3 * 64
    + 9 * (4 * 64 * 64)
    + (9 * (64 * 128 + 3 * 128 * 128) + 64 * 128)
    + (9 * (128 * 256 + 3 * 256 * 256) + 128 * 256)
    + (9 * (256 * 512 + 3 * 512 * 512) + 256 * 512)
)

# One BatchNorm per convolution.
CHANNELS = 64 + 4 * 64 + 5 * 128 + 5 * 256 + 5 * 512


def torch_resnet18(torch):
    """Written from table 1 of the paper with torchvision's names, independently of ours."""
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self, before, filters, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(before, filters, 3, stride=stride, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(filters)
            self.conv2 = nn.Conv2d(filters, filters, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(filters)
            self.downsample = None
            if stride != 1:
                projection = nn.Conv2d(before, filters, 1, stride=stride, bias=False)
                self.downsample = nn.Sequential(projection, nn.BatchNorm2d(filters))

        def forward(self, x):
            residual = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
            return torch.relu(residual + (x if self.downsample is None else self.downsample(x)))

    class ResNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
            self.bn1 = nn.BatchNorm2d(64)
            self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
            self.layer1 = nn.Sequential(Block(64, 64, 1), Block(64, 64, 1))
            self.layer2 = nn.Sequential(Block(64, 128, 2), Block(128, 128, 1))
            self.layer3 = nn.Sequential(Block(128, 256, 2), Block(256, 256, 1))
            self.layer4 = nn.Sequential(Block(256, 512, 2), Block(512, 512, 1))
            self.fc = nn.Linear(512, 1000)

        def forward(self, x):
            """The last feature map."""
            x = self.maxpool(torch.relu(self.bn1(self.conv1(x))))
            return self.layer4(self.layer3(self.layer2(self.layer1(x))))

    return ResNet().eval()


@pytest.fixture(scope="module")
def twin(state, tmp_path_factory):
    """Torch's network with these weights, and the file of its state dict."""
    torch = pytest.importorskip("torch")
    network = torch_resnet18(torch)
    tensors = {name: torch.from_numpy(array) for name, array in state.items()}
    missing = network.load_state_dict(tensors, strict=False).missing_keys
    assert all(m.startswith("fc.") or m.endswith("num_batches_tracked") for m in missing)
    path = tmp_path_factory.mktemp("torch") / "resnet18.pth"
    torch.save(network.state_dict(), path)

    def feature_map(x):
        with torch.no_grad():
            return network(torch.from_numpy(x.transpose(0, 3, 1, 2))).numpy()

    return feature_map, path


def assert_close(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4 * np.abs(theirs).max())


# 64 x 64, sides that differ, and odd ones: padding and flattening show.
@pytest.mark.parametrize(
    ("shape", "pooling", "suffix"),
    [
        ((64, 64, 3), "avg", "pth"),
        ((45, 78, 3), "max", "npz"),
        ((64, 96, 3), None, "pth"),
    ],
)
def test_equals_torchvision(twin, npz, random, shape, pooling, suffix):
    feature_map, path = twin
    x = random.normal(size=(3, *shape)).astype("float32")
    features = feature_map(x)
    assert features.std() > 0.1
    expected = {
        "avg": features.mean(axis=(2, 3)),
        "max": features.max(axis=(2, 3)),
        None: features.transpose(0, 2, 3, 1).reshape(3, -1),
    }[pooling]
    encoder = resnet18(
        shape, use_bias=True, pooling=pooling, weights=npz if suffix == "npz" else path
    )
    assert encoder.output_shape == (None, expected.shape[1])
    assert_close(np.array(encoder(x, training=False)), expected)


def test_parameters_and_conditions():
    without, with_bias = resnet18(SMALL), resnet18(SMALL, use_bias=True)
    assert trainable(without) == KERNELS == 11_166_912
    assert without.count_params() == KERNELS + 2 * CHANNELS
    assert trainable(with_bias) == KERNELS + 2 * CHANNELS == 11_176_512
    assert trivial_solutions(without) == []
    assert len(trivial_solutions(with_bias)) == 20
    assert not any(getattr(layer, "use_bias", False) for layer in leaf_layers(with_bias))


def test_default_shape_and_settings(encoder):
    norms = [x for x in leaf_layers(encoder) if isinstance(x, keras.layers.BatchNormalization)]
    assert len(norms) == 20
    assert all((n.epsilon, n.momentum, n.synchronized) == (1e-5, 0.9, True) for n in norms)
    default = resnet18()
    assert default.input_shape == (None, 224, 224, 3)
    assert default.output_shape == (None, 512)
    assert default.get_layer("stage4_block2_relu2").output.shape == (None, 7, 7, 512)


def test_initialisation_and_seeds():
    first, same, other = (resnet18(SMALL, seed=seed) for seed in (3, 3, 4))
    assert_equal_weights(first, same)
    kernels = [w for w in first.get_weights() if w.ndim == 4]
    everywhere = kernels + [w for w in other.get_weights() if w.ndim == 4]
    # Equal seeds would show in the first numbers, whatever the shapes.
    assert len({kernel.ravel()[0] for kernel in everywhere}) == 40
    for kernel in kernels:
        rows, columns, _, filters = kernel.shape
        deviation = (2 / (rows * columns * filters)) ** 0.5
        assert kernel.std() == pytest.approx(deviation, rel=0.05)
        # A truncated normal distribution ends at 2.3 of these deviations.
        assert np.abs(kernel).max() > 3 * deviation


def test_random_weights_are_logged(caplog):
    resnet18(SMALL)
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("kerasocc", "WARNING")
    assert "random weights because no `weights` file is given" in record.getMessage()
    for suffix in (".weights.h5", ".pth", ".pt", ".safetensors", ".npz"):
        assert suffix in record.getMessage()


def test_model_file(encoder, tmp_path, random):
    encoder.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    x = random.normal(size=(2, *SMALL)).astype("float32")
    np.testing.assert_array_equal(np.array(loaded(x)), np.array(encoder(x)))


@pytest.mark.parametrize(
    "shape", [(31, 32, 3), (32, 31, 3), (32, 32), (32, 32, 0), (32.0, 32, 3), 32, (None, None, 3)]
)
def test_bad_shape(shape):
    with pytest.raises(ValueError, match="`input_shape` must be .* at least 32. Received: input_s"):
        resnet18(shape)


@pytest.mark.parametrize("pooling", ["mean", True, 0])
def test_bad_pooling(pooling):
    match = r"`pooling` must be one of \['avg', 'max', None\]. Received: pooling="
    with pytest.raises(ValueError, match=match):
        resnet18(SMALL, pooling=pooling)


UNDER_JAX = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "tensorflow":
            raise ImportError("tensorflow is blocked in this test")

sys.meta_path.insert(0, Blocked())

import keras
import numpy as np
from kerasocc.networks import resnet18

# Half of the time went into compiling the random numbers that the file overwrites.
keras.initializers.VarianceScaling.__call__ = lambda self, shape, dtype: np.zeros(shape, dtype)
encoder = resnet18((32, 32, 3), use_bias=True, weights=sys.argv[1])
np.save(sys.argv[2], encoder(np.load(sys.argv[2]), training=False))
"""


@pytest.mark.slow
def test_jax_computes_the_same(encoder, tmp_path, random):
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed")
    weights, data = tmp_path / "encoder.weights.h5", tmp_path / "x.npy"
    encoder.save_weights(weights)
    x = random.normal(size=(2, *SMALL)).astype("float32")
    np.save(data, x)
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", UNDER_JAX, str(weights), str(data)],
        # Without optimization XLA compiles faster.
        env={
            **os.environ,
            "KERAS_BACKEND": "jax",
            "XLA_FLAGS": "--xla_backend_optimization_level=0",
        },
        check=True,
        timeout=200,
    )
    assert_close(np.load(data), np.array(encoder(x)))
