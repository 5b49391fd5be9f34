"""What `kerasocc.export` takes and refuses, and that its files are complete or absent."""

import importlib
import os
import pkgutil
import subprocess
import sys

import keras
import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.serving import exporting
from tests.conformance.registry import CASES, build
from tests.conformance.test_export import (
    DEFAULT,
    assert_scores_like,
    fit,
    fitted,
    litert_scorer,
    saved_model_scorer,
)


@pytest.fixture(scope="module")
def model(digits):
    """Any model; no test changes it."""
    return fitted(CASES[0], digits)


@pytest.fixture(scope="module")
def another(digits):
    """Another model, for overwriting."""
    return fitted(CASES[1], digits)


@pytest.fixture(scope="module")
def samples(digits):
    return digits.x_test[:60]


@pytest.mark.parametrize("lazy", [False, True], ids=["built", "built-by-fit"])
def test_tables_and_empty_batches(lazy, tmp_path, random):
    x = random.normal(size=(64, 5)).astype("float32")
    dense = keras.layers.Dense(3, use_bias=False)
    encoder = keras.Sequential([dense] if lazy else [keras.Input((5,)), dense])
    model = kocc.DeepSVDD(encoder, seed=0)
    model.compile(optimizer="adam")
    model.fit(x, epochs=1, verbose=0)
    model.calibrate(x, fpr=0.5)
    kocc.export(model, tmp_path / "exported", signatures=DEFAULT)
    scorer = saved_model_scorer(tmp_path / "exported")
    assert_scores_like(scorer, model, x)
    assert {name: v.shape for name, v in scorer(x[:0]).items()} == {
        "score": (0,),
        "is_anomaly": (0,),
        "threshold": (0,),
        "p_value": (0,),
        "confidence": (0,),
    }


class Embedding(keras.Model):
    """An encoder that does not tell its input shape."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(3, use_bias=False)

    def build(self, input_shape):
        self.dense.build(input_shape)

    def call(self, x):
        return self.dense(x)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 3)


def test_a_subclassed_encoder(tmp_path, random):
    x = random.normal(size=(64, 5)).astype("float32")
    model = kocc.DeepSVDD(Embedding(), seed=0)
    model.compile(optimizer="adam")
    model.fit(x, epochs=1, verbose=0)
    model.calibrate(x, fpr=0.5)
    kocc.export(model, tmp_path / "exported", signatures=DEFAULT)
    assert_scores_like(saved_model_scorer(tmp_path / "exported"), model, x)


def test_later_changes_do_not_reach_an_export(digits, samples, tmp_path):
    model = fit(build(CASES[0], digits), digits)
    kocc.export(model, tmp_path / "exported", signatures=DEFAULT)
    scorer = saved_model_scorer(tmp_path / "exported")
    before = scorer(samples)
    model.fit(digits.x_train[:64], batch_size=16, epochs=1, verbose=0)
    model.threshold.assign(0.0)
    after = scorer(samples)
    assert not np.array_equal(model.score(samples), before["score"])
    for name in before:
        np.testing.assert_array_equal(before[name], after[name])


# Errors.


def test_litert_refuses_half_precision(digits, tmp_path, float16_policy):
    model = fitted(CASES[0], digits)
    with pytest.raises(ValueError, match="computes in float32.*Received.*computes in float16"):
        kocc.export(model, tmp_path / "model", format="litert")
    assert list(tmp_path.iterdir()) == []


def test_unknown_format(model, tmp_path):
    expected = r"`format` must be one of \['tf_saved_model', 'onnx', 'litert'\]. Received: .*'h5'"
    with pytest.raises(ValueError, match=expected):
        kocc.export(model, tmp_path / "model", format="h5")


def test_not_our_model(tmp_path):
    other = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match="`model` must be a one-class model.*Received: Sequential"):
        kocc.export(other, tmp_path / "model")


def test_not_fitted(digits, tmp_path):
    with pytest.raises(ValueError, match="`model` must be fitted.*call `fit`.*not fitted yet"):
        kocc.export(build(CASES[0], digits), tmp_path / "model")
    unbuilt = kocc.DeepSVDD(keras.Sequential([keras.layers.Dense(3, use_bias=False)]))
    with pytest.raises(ValueError, match="`model` must be fitted.*call `fit`.*not built yet"):
        kocc.export(unbuilt, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_remote_path(model):
    with pytest.raises(ValueError, match="`path` must be local.*Received: path='gs://bucket/m'"):
        kocc.export(model, "gs://bucket/m")


@pytest.mark.parametrize("missing", ["tf2onnx", "onnx"])
def test_missing_onnx_packages(missing, model, tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] in ("tf2onnx", "onnx")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ValueError, match=r'`format="onnx"` needs.*"kerasocc\[onnx\]"'):
        kocc.export(model, tmp_path / "model", format="onnx")
    assert list(tmp_path.iterdir()) == []


UNDER_JAX = """
import keras, kerasocc
model = kerasocc.DeepSVDD(kerasocc.networks.mlp([5, 3]))
try:
    kerasocc.export(model, "never_written")
except ValueError as error:
    print(error)
"""


@pytest.mark.slow
def test_other_backends_are_refused(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", UNDER_JAX],
        env=os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": os.getcwd()},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert "KERAS_BACKEND=tensorflow. Received: KERAS_BACKEND=jax" in done.stdout
    assert "`.keras` file, which loads under every backend" in done.stdout
    assert list(tmp_path.iterdir()) == []


# Complete or absent.


def content_of(path):
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    return {str(p): p.read_bytes() for p in files}


@pytest.mark.parametrize("format", ["tf_saved_model", "litert"])
def test_an_existing_path_is_replaced_on_request_only(format, model, another, samples, tmp_path):
    path = tmp_path / "model"
    kocc.export(model, path, format=format, signatures=DEFAULT)
    before = content_of(path)
    with pytest.raises(FileExistsError, match="`path` must not exist unless `overwrite=True`"):
        kocc.export(another, path, format=format, signatures=DEFAULT)
    assert content_of(path) == before
    kocc.export(another, path, format=format, overwrite=True, signatures=DEFAULT)
    scorer = saved_model_scorer if format == "tf_saved_model" else litert_scorer
    assert_scores_like(scorer(path), another, samples, exact=False)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("format", ["tf_saved_model", "litert"])
def test_only_an_export_of_its_kind_is_overwritten(format, model, tmp_path):
    folder, path = tmp_path / "photos", tmp_path / ("model" if format == "litert" else "file")
    folder.mkdir()
    (folder / "precious.png").write_bytes(b"precious")
    in_the_way = [folder]
    if format == "tf_saved_model":
        path.write_bytes(b"precious")
        in_the_way.append(path)
    before = content_of(tmp_path)
    for path in in_the_way:
        with pytest.raises(ValueError, match="`path` must be .* overwritten by"):
            kocc.export(model, path, format=format, overwrite=True)
    assert content_of(tmp_path) == before


def test_an_empty_folder_and_missing_parents(model, samples, tmp_path):
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "digits" / "1"):
        kocc.export(model, path, overwrite=True, signatures=DEFAULT)
        assert_scores_like(saved_model_scorer(path), model, samples)


def test_a_link_is_followed(model, samples, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "target")
    for overwrite in (False, True):
        kocc.export(model, tmp_path / "link", overwrite=overwrite, signatures=DEFAULT)
        assert (tmp_path / "link").is_symlink()
        assert_scores_like(saved_model_scorer(tmp_path / "target"), model, samples)


def fail_in_the_middle_of_writing(monkeypatch):
    import tensorflow as tf

    def write_half(trackable, path, **kwargs):
        os.makedirs(path, exist_ok=True)
        with open(os.path.join(path, "saved_model.pb"), "wb") as file:
            file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(tf.saved_model, "save", write_half)


def fail_in_the_middle_of_replacing(monkeypatch):
    replace, calls = os.replace, []

    def fail_once(source, target):
        calls.append(target)
        if len(calls) == 2:
            raise OSError("disk full")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail_once)


@pytest.mark.parametrize("fail", [fail_in_the_middle_of_writing, fail_in_the_middle_of_replacing])
def test_a_failure_leaves_the_old_folder(fail, model, another, tmp_path, monkeypatch):
    path = tmp_path / "model"
    kocc.export(model, path, signatures=DEFAULT)
    before = content_of(path)
    fail(monkeypatch)
    with pytest.raises(OSError, match="disk full"):
        kocc.export(another, path, overwrite=True, signatures=DEFAULT)
    assert content_of(path) == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("format", ["tf_saved_model", "litert"])
def test_a_failure_leaves_nothing_new(format, model, tmp_path, monkeypatch):
    fail_in_the_middle_of_writing(monkeypatch)
    with pytest.raises(OSError, match="disk full"):
        kocc.export(model, tmp_path / "model", format=format, signatures=DEFAULT)
    assert list(tmp_path.iterdir()) == []


# The name.


def test_the_name_is_the_function_whatever_is_imported():
    from kerasocc import export

    importlib.import_module("kerasocc.serving.exporting")
    assert kocc.export is export is exporting.export
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("kerasocc.export")
    assert kocc.export is exporting.export


def test_no_module_takes_the_place_of_a_public_name():
    # The import of a submodule sets its name in the package, past the lazy look-up.
    modules = {module.name for module in pkgutil.iter_modules(kocc.__path__)}
    assert not modules & set(kocc._HOMES)
