"""A file that is damaged, foreign or hostile: one line, and nothing in it is run."""

import base64
import json
import marshal
import zipfile

import keras
import pytest

import kerasocc as kocc


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "model.keras"
    model = kocc.DeepSVDD(kocc.networks.mlp([6, 8, 4], seed=0), seed=0)
    model.save(path)
    return path


def changed(good, path, change):
    """Write a copy whose members have been changed."""
    with zipfile.ZipFile(good) as source:
        members = {name: source.read(name) for name in source.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as target:
        for name, content in members.items():
            target.writestr(name, content)
    return path


def in_config(change):
    """A change of the model's config."""

    def apply(members):
        config = json.loads(members["config.json"])
        change(config)
        members["config.json"] = json.dumps(config)

    return apply


def add_code(config):
    """A layer whose Python code leaves a file when it is run."""
    code = compile("lambda x: open('executed', 'w') and x", "", "eval").co_consts[0]
    function = {
        "class_name": "__lambda__",
        "config": {
            "code": base64.b64encode(marshal.dumps(code)).decode(),
            "defaults": None,
            "closure": None,
        },
    }
    config["config"]["encoder"]["config"]["layers"].append(
        {
            "module": "keras.layers",
            "class_name": "Lambda",
            "config": {"name": "code", "function": function},
            "registered_name": None,
        }
    )


def without_a_layer(config):
    config["config"]["encoder"]["config"]["layers"].pop()


DAMAGES = {
    "no config": (lambda m: m.pop("config.json"), "no item named 'config.json'"),
    "no weights": (lambda m: m.pop("model.weights.h5"), "Expected a model.weights.h5"),
    "no JSON": (lambda m: m.update({"config.json": b"{no"}), "Expecting property name"),
    "empty config": (lambda m: m.update({"config.json": b"{}"}), "KerasSaveable"),
    "a list": (lambda m: m.update({"config.json": b"[]"}), "KerasSaveable"),
    "no HDF5": (lambda m: m.update({"model.weights.h5": b"no"}), "file signature not found"),
    "half of the weights": (
        lambda m: m.update({"model.weights.h5": m["model.weights.h5"][:9000]}),
        "truncated file",
    ),
    "unknown class": (
        in_config(lambda c: c.update(class_name="Nope", registered_name="other>Nope")),
        "needs the class 'Nope', which is not known; import",
    ),
    "module of Python": (
        in_config(lambda c: c.update(module="os", class_name="system", registered_name=None)),
        "needs the class 'system'",
    ),
    "unknown argument": (
        in_config(lambda c: c["config"].update(later=1)),
        "configuration does not fit: .*unexpected keyword argument 'later'",
    ),
    "no encoder": (
        in_config(lambda c: c["config"].pop("encoder")),
        "configuration does not fit: .*missing",
    ),
    "bad argument": (in_config(lambda c: c["config"].update(nu=7)), r"`nu` must be in \(0, 1\]"),
    "other layers": (in_config(without_a_layer), "could not be loaded"),
    "code": (in_config(add_code), r"holds Python code .* not run; `safe_mode=False`"),
}


@pytest.mark.parametrize("change, message", DAMAGES.values(), ids=DAMAGES)
def test_damaged_files(change, message, good, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = changed(good, tmp_path / "changed.keras", change)
    with pytest.raises(ValueError, match=f"complete `.keras` file.*changed.keras.*{message}") as e:
        kocc.load_model(path)
    assert "\n" not in str(e.value) and len(str(e.value)) < 750 + len(str(path))
    assert not (tmp_path / "executed").exists()


FOREIGN = {
    "pickle": (b"\x80\x04cos\nsystem\n(S'touch executed'\ntR.", "no Keras file at all"),
    "text": (b"score,is_anomaly\n", "no Keras file at all"),
    "empty": (b"", "no Keras file at all"),
}


@pytest.mark.parametrize("content, message", FOREIGN.values(), ids=FOREIGN)
def test_foreign_files(content, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "model.keras"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        kocc.load_model(path)
    assert not (tmp_path / "executed").exists()


def test_a_flipped_bit(good, tmp_path):
    content = bytearray(good.read_bytes())
    content[len(content) // 2] ^= 255
    path = tmp_path / "model.keras"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="Bad CRC-32"):
        kocc.load_model(path)


def test_what_is_no_model_file(good, tmp_path):
    with pytest.raises(ValueError, match="path of a `.keras` file. Received: NoneType"):
        kocc.load_model(None)
    with pytest.raises(FileNotFoundError, match="no model file"):
        kocc.load_model(tmp_path / "absent.keras")
    with pytest.raises(ValueError, match="no Keras file at all"):
        kocc.load_model(tmp_path)
    weights = tmp_path / "model.weights.h5"
    kocc.load_model(good).save_weights(weights)
    with pytest.raises(ValueError, match="weights alone: .*`load_weights`"):
        kocc.load_model(weights)


class Own(keras.layers.Layer):
    def call(self, x):
        return x


def test_a_layer_that_nobody_registered(tmp_path):
    encoder = keras.Sequential([keras.Input((6,)), Own(), keras.layers.Dense(4, use_bias=False)])
    path = tmp_path / "model.keras"
    kocc.DeepSVDD(encoder).save(path)
    with pytest.raises(ValueError, match="needs the class 'Own'.*or pass `custom_objects`"):
        kocc.load_model(path)
    assert isinstance(kocc.load_model(path, custom_objects={"Own": Own}), kocc.DeepSVDD)
