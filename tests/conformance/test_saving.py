"""Every model survives being saved, loaded, interrupted and rebuilt."""

import subprocess
import sys

import keras
import numpy as np
import pytest

import kerasocc as kocc
from tests.conformance.registry import CASES, MadeOnce, build, every_model
from tests.conformance.test_export import fitted, subtracted
from tests.conformance.test_training import assert_same_weights


@pytest.fixture(scope="module")
def trained(digits):
    """Every model after two steps; no test changes them."""
    return MadeOnce(lambda case: fitted(case, digits))


@every_model
def test_config_round_trip(case, trained):
    model = trained[case.name]
    config = model.get_config()
    rebuilt = type(model).from_config(config)
    assert rebuilt.get_config() == config
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(model))
    assert again.get_config() == config


@every_model
def test_config_holds_exactly_the_init_arguments(case, trained):
    import inspect

    model = trained[case.name]
    parameters = set(inspect.signature(type(model).__init__).parameters) - {"self"}
    assert set(model.get_config()) == parameters


@every_model
def test_keras_file_round_trip(case, digits, trained, tmp_path):
    model, path = trained[case.name], tmp_path / "model.keras"
    model.save(path)
    loaded = keras.saving.load_model(path, safe_mode=True)
    assert_same_weights(model, loaded)
    np.testing.assert_array_equal(model.score(digits.x_test), loaded.score(digits.x_test))
    np.testing.assert_array_equal(model.is_anomaly(digits.x_test), loaded.is_anomaly(digits.x_test))
    assert [p.name for p in tmp_path.iterdir()] == ["model.keras"]


@every_model
def test_loaded_model_trains_on_like_the_original(case, digits, tmp_path):
    model, path = build(case, digits), tmp_path / "model.keras"
    model.fit(digits.x_train, batch_size=16, epochs=2, verbose=0)
    model.save(path)
    loaded = kocc.load_model(path)
    for m in (model, loaded):
        m.fit(digits.x_train, batch_size=16, epochs=2, verbose=0)
    assert_same_weights(model, loaded)
    assert int(loaded.epochs_trained.numpy()) == 4


@every_model
def test_weights_round_trip(case, digits, trained, tmp_path):
    model, path = trained[case.name], tmp_path / "model.weights.h5"
    model.save_weights(path)
    fresh = build(case, digits, seed=99)
    fresh.load_weights(path)
    assert_same_weights(model, fresh)
    np.testing.assert_array_equal(model.score(digits.x_test), fresh.score(digits.x_test))


@every_model
def test_keras_exports_it(case, digits, trained, tmp_path):
    import tensorflow as tf

    trained[case.name].save(tmp_path / "model.keras")
    loaded = kocc.load_model(tmp_path / "model.keras")
    for number, model in enumerate((trained[case.name], loaded)):
        model.export(tmp_path / f"{number}", verbose=False)
        module = tf.saved_model.load(tmp_path / f"{number}")
        served = module.serve(digits.x_test[:20])
        np.testing.assert_allclose(served, model.score(digits.x_test[:20]), rtol=1e-5, atol=1e-6)


def inside_functional(*models):
    """The mean score of models as a functional model."""
    inputs = keras.Input((8, 8, 1))
    scores = [model(inputs) for model in models]
    return keras.Model(inputs, scores[0] if len(scores) == 1 else keras.layers.Average()(scores))


@every_model
def test_inside_a_functional_model(case, digits, trained, tmp_path):
    model, path, x = trained[case.name], tmp_path / "functional.keras", digits.x_test[:50]
    # The second and the third call of the model are in the file, not the first.
    inside_functional(model)
    inside_functional(model, model).save(path)
    loaded = keras.saving.load_model(path)
    scores = keras.ops.convert_to_numpy(loaded(x))
    expected = model.score(x)
    slack = 1e-5 * (np.abs(expected).max() + subtracted(model))
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=slack)
    (restored,) = [layer for layer in loaded.layers if type(layer) is type(model)]
    assert_same_weights(model, restored)


@every_model
def test_failed_save_leaves_the_old_file(case, trained, tmp_path, monkeypatch):
    path = tmp_path / "model.keras"
    trained[case.name].save(path)
    content = path.read_bytes()

    def write_half(self, filepath, **kwargs):
        with open(filepath, "wb") as file:
            file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(keras.Model, "save", write_half)
    with pytest.raises(OSError, match="disk full"):
        trained[case.name].save(path)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


class Killed(Exception):
    """Stands for the end of the process."""


class KillAfter(keras.callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            raise Killed


@every_model
def test_resumed_training_equals_uninterrupted(case, digits, tmp_path):
    def fit(model, *callbacks):
        backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
        model.fit(
            digits.x_train,
            batch_size=16,
            epochs=14,
            verbose=0,
            callbacks=[backup, *callbacks],
        )
        return model

    interrupted = build(case, digits)
    with pytest.raises(Killed):
        fit(interrupted, KillAfter(11))
    resumed = fit(build(case, digits))
    uninterrupted = build(case, digits)
    uninterrupted.fit(digits.x_train, batch_size=16, epochs=14, verbose=0)
    assert_same_weights(resumed, uninterrupted)
    kernels = [np.array(m.encoder.trainable_weights[0]) for m in (interrupted, resumed)]
    assert not np.array_equal(*kernels)
    np.testing.assert_array_equal(resumed.score(digits.x_test), uninterrupted.score(digits.x_test))


LOAD_AND_SCORE = """
import sys
import numpy as np
{imports}
x = np.load(sys.argv[1])
for path in sys.argv[2:]:
    scores = keras.saving.load_model(path).predict(x, verbose=0)
    np.testing.assert_array_equal(scores, np.load(path + ".npy"))
"""


ALL = [case.name for case in CASES if case.name != "direction"]  # which is not of the package


@pytest.mark.slow
@pytest.mark.parametrize(
    "imports",
    [
        pytest.param("import kerasocc, keras", id="ours-first"),
        pytest.param("import keras, kerasocc", id="keras-first"),
    ],
)
def test_a_bare_import_is_enough_to_load(imports, digits, trained, tmp_path):
    np.save(tmp_path / "x.npy", digits.x_test[:50])
    paths = []
    for name in ALL:
        model = trained[name]
        paths.append(str(tmp_path / f"{name}.keras"))
        model.save(paths[-1])
        np.save(f"{paths[-1]}.npy", model.score(digits.x_test[:50]))
    functional = inside_functional(trained["one_class"], trained["oc_nn"])
    paths.append(str(tmp_path / "functional.keras"))
    functional.save(paths[-1])
    np.save(f"{paths[-1]}.npy", functional.predict(digits.x_test[:50], verbose=0))
    subprocess.run(
        [sys.executable, "-c", LOAD_AND_SCORE.format(imports=imports), tmp_path / "x.npy", *paths],
        check=True,
        timeout=300,
    )
