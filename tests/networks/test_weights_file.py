"""Weights of a ResNet-18 from files of all kinds, complete or refused."""

import re
import sys

import h5py
import keras
import numpy as np
import pytest

from kerasocc.networks import resnet18
from kerasocc.networks.resnet import torch_layer
from kerasocc.networks.weights_file import WeightsFile
from tests.networks.models import SMALL, assert_equal_weights


def test_without_biases_it_leaves_scales_and_offsets_out(state, npz, caplog):
    encoder = resnet18(SMALL, weights=npz)
    assert re.search(r"scales and offsets .*\(40 arrays\) were left out because", caplog.text)
    kernel = encoder.get_layer("stage3_block1_projection").kernel
    torch_kernel = state["layer3.0.downsample.0.weight"]
    np.testing.assert_array_equal(np.array(kernel)[0, 0].T, torch_kernel[:, :, 0, 0])
    norm = encoder.get_layer("stage4_block2_norm2")
    np.testing.assert_array_equal(norm.moving_variance, state["layer4.1.bn2.running_var"])


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
