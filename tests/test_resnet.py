"""ResNet-18: equal to torchvision's, its files, its seeds."""

import importlib.util
import os
import re
import subprocess
import sys

import h5py
import keras
import numpy as np
import pytest

from kerasocc.networks import resnet18
from kerasocc.networks.conditions import leaf_layers, trivial_solutions
from kerasocc.networks.resnet import torch_layer
from kerasocc.networks.weights_file import WeightsFile

SMALL = (32, 32, 3)
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


@pytest.fixture(scope="module")
def encoder(npz):
    """The random weights on small images; no test changes them."""
    return resnet18(SMALL, use_bias=True, weights=npz)


def trainable(model):
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


def assert_equal_weights(first, second):
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


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


def test_without_biases_it_leaves_scales_and_offsets_out(state, npz, caplog):
    encoder = resnet18(SMALL, weights=npz)
    assert re.search(r"scales and offsets .*\(40 arrays\) were left out because", caplog.text)
    kernel = encoder.get_layer("stage3_block1_projection").kernel
    torch_kernel = state["layer3.0.downsample.0.weight"]
    np.testing.assert_array_equal(np.array(kernel)[0, 0].T, torch_kernel[:, :, 0, 0])
    norm = encoder.get_layer("stage4_block2_norm2")
    np.testing.assert_array_equal(norm.moving_variance, state["layer4.1.bn2.running_var"])


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


def test_weights_file_of_keras(encoder, tmp_path, caplog):
    path = tmp_path / "encoder.weights.h5"
    encoder.save_weights(path)
    loaded = resnet18((64, 32, 3), use_bias=True, pooling=None, weights=str(path))
    assert_equal_weights(loaded, encoder)
    assert not caplog.records


def test_weights_file_of_keras_without_biases(encoder, tmp_path, caplog):
    path = tmp_path / "encoder.weights.h5"
    encoder.save_weights(path)
    without = resnet18(SMALL, weights=path)
    assert "40 arrays" in caplog.text
    same = {w.path: np.array(w) for w in encoder.weights}
    values = without.get_weights()
    for weight, value in zip(without.weights, values, strict=True):
        np.testing.assert_array_equal(value, same[weight.path])
    without.save_weights(path)
    without.set_weights([np.zeros_like(value) for value in values])
    caplog.clear()
    WeightsFile(path).load_into(without, torch_layer)
    for weight, value in zip(without.get_weights(), values, strict=True):
        np.testing.assert_array_equal(weight, value)
    assert not caplog.records
    with pytest.raises(ValueError, match=r"missing are `stem_norm/gamma`, .* and 35 more$"):
        WeightsFile(path).load_into(encoder, torch_layer)


def test_prefix_of_data_parallel(state, encoder, tmp_path, caplog):
    state = {**state, "fc.weight": np.zeros((9, 9)), "bn1.num_batches_tracked": np.array(7)}
    np.savez(tmp_path / "w.npz", **{f"module.{name}": array for name, array in state.items()})
    assert_equal_weights(resnet18(SMALL, use_bias=True, weights=tmp_path / "w.npz"), encoder)
    assert not caplog.records


def test_safetensors(state, encoder, tmp_path):
    numpy = pytest.importorskip("safetensors.numpy")
    numpy.save_file(state, tmp_path / "w.safetensors")
    loaded = resnet18(SMALL, use_bias=True, weights=tmp_path / "w.safetensors")
    assert_equal_weights(loaded, encoder)
    (tmp_path / "w.safetensors").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="w.safetensors' is no readable safetensors file"):
        resnet18(SMALL, weights=tmp_path / "w.safetensors")


def changed(state, name, change):
    return {**state, name: change(state[name].copy())}


def with_entry(array, value):
    array.flat[3] = value
    return array


BROKEN = {
    "a missing weight": (
        lambda s: {k: v for k, v in s.items() if k != "layer2.0.downsample.0.weight"},
        r"hold the weights of this network: missing are `layer2\.0\.downsample\.0\.weight`$",
    ),
    "other names": (
        lambda s: {f"encoder.{k}": v for k, v in s.items()},
        r"missing are `conv1\.weight`, (`[\w.]+`, ){3}`[\w.]+` and 95 more; "
        r"unknown are `encoder\.bn1\.bias`, (`[\w.]+`, ){3}`[\w.]+` and 95 more",
    ),
    "ResNet-34": (
        lambda s: {**s, "layer1.2.conv1.weight": s["layer1.1.conv1.weight"]},
        r"network: unknown are `layer1\.2\.conv1\.weight`$",
    ),
    "gray images": (
        lambda s: changed(s, "conv1.weight", lambda a: a[:, :1]),
        r"`conv1\.weight` of .* must have shape \(64, 3, 7, 7\)\. "
        r"Received: shape=\(64, 1, 7, 7\)",
    ),
    "NaN in the last array": (
        lambda s: changed(s, "layer4.1.bn2.bias", lambda a: with_entry(a, np.nan)),
        r"`layer4\.1\.bn2\.bias` of .* must be finite",
    ),
    "too large for float32": (
        lambda s: changed(s, "bn1.bias", lambda a: with_entry(a.astype("float64"), 1e300)),
        r"`bn1\.bias` of .* must be finite",
    ),
    "negative variance": (
        lambda s: changed(s, "bn1.running_var", lambda a: with_entry(a, -1)),
        r"`bn1\.running_var` of .* must not be negative. Received: -1\.0",
    ),
    "text": (
        lambda s: changed(s, "bn1.bias", lambda a: a.astype(str)),
        r"`bn1\.bias` of .* must hold real numbers. Received: dtype=<U",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_arrays(case, state, encoder, tmp_path):
    change, message = BROKEN[case]
    state = {name: array / 2 for name, array in state.items()}
    np.savez(tmp_path / "w.npz", **change(state))
    before = encoder.get_weights()
    file = WeightsFile(tmp_path / "w.npz")
    with pytest.raises(ValueError, match=message) as error:
        file.load_into(encoder, torch_layer)
    assert repr(str(tmp_path / "w.npz")) in str(error.value)
    for weight, old in zip(encoder.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)


def test_a_broken_file_gives_no_network(state, tmp_path):
    np.savez(tmp_path / "w.npz", **changed(state, "bn1.bias", lambda a: a[1:]))
    with pytest.raises(ValueError, match=r"`bn1\.bias` of .* Received: shape=\(63,\)"):
        resnet18(SMALL, use_bias=True, weights=tmp_path / "w.npz")


def test_channels_of_the_file(state, encoder, tmp_path):
    np.savez(tmp_path / "w.npz", **changed(state, "conv1.weight", lambda a: a[:, :1]))
    gray = resnet18((32, 32, 1), use_bias=True, weights=tmp_path / "w.npz")
    kernel = np.array(gray.get_layer("stem_conv").kernel)
    np.testing.assert_array_equal(kernel[2, 5, 0], state["conv1.weight"][:, 0, 2, 5])
    gray.save_weights(tmp_path / "gray.weights.h5")
    message = r"`stem_conv/kernel` of .*gray.* shape \(7, 7, 3, 64\)\. .*\(7, 7, 1, 64\)"
    with pytest.raises(ValueError, match=message):
        WeightsFile(tmp_path / "gray.weights.h5").load_into(encoder, torch_layer)


def test_file_of_another_network_of_keras(encoder, tmp_path):
    path = tmp_path / "other.weights.h5"
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="code")]).save_weights(path)
    with pytest.raises(ValueError, match="missing are `stem_conv/kernel`.* unknown are `code/0`"):
        WeightsFile(path).load_into(encoder, torch_layer)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("w.weights.h5", "weights file of Keras"),
        ("w.pth", "state dict of torch"),
        ("w.pt", "state dict of torch"),
        ("w.npz", ".npz file"),
    ],
)
def test_file_that_is_none(name, kind, tmp_path):
    with pytest.raises(FileNotFoundError, match=f"no file '.*{name}'"):
        resnet18(SMALL, weights=tmp_path / name)
    if name.startswith("w.p"):
        pytest.importorskip("torch")
    (tmp_path / name).write_bytes(b"nothing that makes sense")
    with pytest.raises(ValueError, match=f"{name}' is no readable {kind}: "):
        resnet18(SMALL, weights=tmp_path / name)


def test_keras_file_of_another_layout(tmp_path):
    with h5py.File(tmp_path / "w.weights.h5", "w") as file:
        file["layers"] = np.zeros(3)
    with pytest.raises(ValueError, match="is no readable weights file of Keras"):
        resnet18(SMALL, weights=tmp_path / "w.weights.h5")


def test_checkpoint_that_is_no_state_dict(tmp_path):
    torch = pytest.importorskip("torch")
    torch.save(torch.zeros(3), tmp_path / "w.pt")
    with pytest.raises(ValueError, match=r"w\.pt' must hold a state dict.* Received: Tensor"):
        resnet18(SMALL, weights=tmp_path / "w.pt")
    torch.save({"epoch": 3, "state_dict": {}}, tmp_path / "w.pt")
    with pytest.raises(
        ValueError, match="must hold a state dict.* Received: `epoch`, `state_dict`"
    ):
        resnet18(SMALL, weights=tmp_path / "w.pt")


@pytest.mark.parametrize(("suffix", "package"), [("pt", "torch"), ("safetensors", "safetensors")])
def test_missing_package(suffix, package, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"{package}.numpy", raising=False)
    (tmp_path / f"w.{suffix}").write_bytes(b"")
    with pytest.raises(
        ValueError, match=f"needs the package {package}, which .*pip install {package}"
    ):
        resnet18(SMALL, weights=tmp_path / f"w.{suffix}")


@pytest.mark.parametrize("weights", ["imagenet", "w.h5", "w.keras", True, ""])
def test_other_suffix(weights):
    text = r"must be a file ending in \.weights\.h5, \.pth or \.pt, \.safetensors, or \.npz\."
    with pytest.raises(ValueError, match=f"`weights` {text} Received: weights={weights!r}"):
        resnet18(SMALL, weights=weights)


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
