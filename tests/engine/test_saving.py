"""What a file of weights holds, and files that were written before a weight was added."""

import keras
import numpy as np
import pytest

import kerasocc as kocc
from tests.full_disk import largest_file

X = np.random.default_rng(0).normal(size=(40, 4)).astype("float32")


def encoder():
    return kocc.networks.mlp([4, 6, 3], seed=0)


def trained(make=kocc.DeepSVDD, **options):
    model = make(encoder(), seed=0, **options)
    model.compile(keras.optimizers.Adam(1e-2))
    model.fit(X, epochs=2, verbose=0)
    return model


def stored(model):
    store = {}
    model.save_own_variables(store)
    return store


def without_names(model):
    """What version 0.1 stored: all weights by position, among them none that came later."""
    return {key: value for key, value in stored(model).items() if key.isdecimal()}


@pytest.mark.parametrize("make", [kocc.DeepSVDD, kocc.OCNN, kocc.NeuTraLAD])
def test_weights_added_later_are_stored_by_name(make):
    model = trained(make)
    by_name = {key for key in stored(model) if not key.isdecimal()}
    later = {"fitted", "flagged_ratio", "flagged_remainder", "fitted_on"}
    assert by_name == (later | {"r_rate"} if make is kocc.OCNN else later)
    positions = sorted(int(key) for key in without_names(model))
    assert positions == list(range(len(positions)))


@pytest.mark.parametrize("make", [kocc.DeepSVDD, kocc.OCNN, kocc.NeuTraLAD])
def test_an_old_file_counts_as_fitted(make):
    model, new = trained(make), make(encoder(), seed=1)
    assert new.is_fitted is (make is kocc.NeuTraLAD)
    new.load_own_variables(without_names(model))
    assert new.is_fitted
    # On what samples is not known.
    assert not np.any(np.array(new.fitted_on)) and np.any(np.array(model.fitted_on))
    model.fitted_on.assign(np.zeros(5))
    for one, other in zip(stored(model).values(), stored(new).values(), strict=True):
        np.testing.assert_array_equal(np.array(one), np.array(other))


@pytest.mark.parametrize("make", [kocc.DeepSVDD, kocc.OCNN])
def test_an_old_file_of_a_model_that_was_never_trained_does_not(make):
    new = make(encoder(), seed=1)
    new.fitted.assign(1.0)
    new.load_own_variables(without_names(make(encoder(), seed=0)))
    assert not new.is_fitted


def test_an_old_file_with_a_center_alone_counts_as_fitted():
    model, new = kocc.DeepSVDD(encoder(), seed=0), kocc.DeepSVDD(encoder(), seed=0)
    model.initialize_center(X)
    new.load_own_variables(without_names(model))
    assert new.is_fitted
    np.testing.assert_array_equal(new.score(X), model.score(X))


def test_an_untrained_model_stays_unfitted_in_a_file(tmp_path):
    model = kocc.DeepSVDD(encoder(), seed=0)
    model.save(tmp_path / "model.keras")
    loaded = kocc.load_model(tmp_path / "model.keras")
    assert not loaded.is_fitted
    with pytest.raises(ValueError, match="not fitted yet"):
        loaded.score(X)


@pytest.mark.parametrize("change", [lambda s: s.pop("0"), lambda s: s.update({"99": s["0"]})])
def test_another_number_of_weights_is_refused(change):
    model = trained()
    store = stored(model)
    change(store)
    with pytest.raises(ValueError, match="expected 4 variables, but received"):
        model.load_own_variables(store)


@keras.saving.register_keras_serializable(package="tests")
class Remembering(kocc.DeepSVDD):
    """Stores a weight of the size of the training data."""

    data_state = ("memory",)

    def initialize(self):
        super().initialize()
        self.memory = self.add_state("memory", (self.training_run.source.num_samples,))
        self.memory.assign(self.training_run.map("distance"))


def test_arrays_of_the_size_of_the_training_data(tmp_path):
    model = trained(Remembering)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.memory.shape == (40,)
    assert loaded.score(X[:5]).shape == (5,)
    np.testing.assert_array_equal(np.array(loaded.memory), np.array(model.memory))
    np.testing.assert_array_equal(loaded.score(X), model.score(X))
    # Other data, another size.
    with pytest.warns(UserWarning, match="center stay in use"):
        model.fit(X[:30], epochs=1, verbose=0)
    assert model.memory.shape == (30,)
    assert len(model.weights) == len(loaded.weights)


def test_weights_of_the_size_of_a_file_are_kept(tmp_path):
    # Over workers the one that restores a backup would wait for the others to make new ones.
    first, second = (kocc.NearestNeighbors(k=3) for _ in range(2))
    first.fit(X, verbose=0)
    first.save_weights(tmp_path / "first.weights.h5")
    second.fit(X + 1, verbose=0)
    memory = second.memory
    second.load_weights(tmp_path / "first.weights.h5")
    assert second.memory is memory
    np.testing.assert_array_equal(second.memory, first.memory)
    np.testing.assert_array_equal(second.score(X), first.score(X))


def test_a_center_at_zero_is_a_center():
    model = kocc.DeepSVDD(keras.Sequential([keras.Input((4,)), keras.layers.Identity()]), seed=0)
    assert not model.is_fitted
    model.initialize_center(np.concatenate([X, -X]), eps=0.0)
    np.testing.assert_allclose(np.array(model.center), 0.0, atol=1e-6)
    model.center.assign(np.zeros(4))
    assert model.is_fitted
    np.testing.assert_allclose(model.score(X), np.sum(X**2, axis=1), rtol=1e-5)


def test_r_may_be_zero():
    # Negative weights and ReLU: every projection is 0, and so is its quantile.
    identity = keras.Sequential([keras.Input((4,)), keras.layers.Identity()])
    model = kocc.OCNN(identity, units=1, activation="relu", seed=0)
    model.hidden_kernel.assign(-np.ones((4, 1)))
    model.compile(keras.optimizers.SGD(0.0))
    callback = kocc.callbacks.QuantileUpdate(action="log")
    model.fit(np.abs(X), epochs=1, verbose=0, callbacks=[callback])
    assert float(np.array(model.r)) == 0.0
    assert model.is_fitted
    assert np.all(model.score(np.abs(X)) == 0.0)


def test_an_old_file_has_no_scores_and_carries_nothing():
    model, new = trained(), trained()
    new.calibrate(X, fpr=0.1)
    new.flagged_ratio.assign([1, 10])
    new.flagged_remainder.assign(7)
    new.load_own_variables(without_names(model))
    assert new.calibration is None
    assert not np.any(np.array(new.flagged_ratio)) and int(np.array(new.flagged_remainder)) == 0
    with pytest.raises(ValueError, match="earlier versions of the package store none"):
        new.p_values(X)


@pytest.mark.parametrize("size", [0, 1000, 5000])
@pytest.mark.parametrize("name", ["m.keras", "m.weights.h5"])
def test_a_full_disk_is_an_error_that_names_the_file(size, name, tmp_path):
    """HDF5 itself ends the process."""
    model, path = trained(), tmp_path / name
    write = model.save if name.endswith(".keras") else model.save_weights
    write(path)
    whole = path.read_bytes()
    assert len(whole) > 5000
    with largest_file(size), pytest.raises(OSError, match="File too large") as caught:
        write(path)
    assert caught.value.filename == str(path)
    assert path.read_bytes() == whole and list(tmp_path.iterdir()) == [path]


def test_weights_are_the_file_that_keras_writes(tmp_path):
    model = trained()
    model.save_weights(tmp_path / "ours.weights.h5")
    keras.Model.save_weights(model, tmp_path / "keras.weights.h5")
    for name in ("ours", "keras"):
        other = kocc.DeepSVDD(encoder(), seed=1)
        other.compile(keras.optimizers.Adam())
        other.load_weights(tmp_path / f"{name}.weights.h5")
        for a, b in zip(model.weights, other.weights, strict=True):
            np.testing.assert_array_equal(np.array(a), np.array(b))
    with pytest.raises(ValueError, match="must end in `.weights.h5`"):
        model.save_weights(tmp_path / "ours.h5")
    model.save_weights(tmp_path / "shards.weights.json", max_shard_size=1)
    assert (tmp_path / "shards.weights.json").exists()
