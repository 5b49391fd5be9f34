"""Augmentation: what is drawn, in which steps, again after an interruption and over replicas."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import roc_auc_score

import kerasocc as kocc
from tests.conformance.test_export import DEFAULT, saved_model_scorer
from tests.other_backends import run_on


@keras.saving.register_keras_serializable(package="tests")
class AddDrawn(keras.layers.Layer):
    """Adds one random number in [0, 1) to every sample."""

    def __init__(self, seed=None, **options):
        super().__init__(**options)
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, x):
        shape = (keras.ops.shape(x)[0], 1)
        return x + keras.random.uniform(shape, seed=self.generator)


def numbers(model, count, *, batch_size):
    """What `AddDrawn` adds to so many samples, batch by batch."""
    (seed,) = keras.ops.convert_to_numpy(model.augmenter.seeds)
    generator, found = keras.random.SeedGenerator(0), []
    for number, start in enumerate(range(0, count, batch_size)):
        generator.state.assign([seed, 256 * number])
        size = min(batch_size, count - start)
        found.append(keras.random.uniform((size, 1), seed=generator).numpy())
    return np.concatenate(found)


@pytest.fixture
def rows(random):
    return random.normal(size=(53, 4)).astype("float32")


def made(augmentation=None, *, rate=1e-2, seed=0, **options):
    augmentation = augmentation or AddDrawn()
    encoder = kocc.networks.mlp([4, 3], seed=0)
    model = kocc.DeepSVDD(encoder, augmentation=augmentation, seed=seed)
    model.compile(keras.optimizers.SGD(rate), **options)
    return model


def fit(model, x, **options):
    return model.fit(x, **{"batch_size": 15, "epochs": 2, "verbose": 0, **options}).history["loss"]


def weights(model):
    return np.concatenate([keras.ops.convert_to_numpy(w).ravel() for w in model.encoder.weights])


def test_the_loss_by_hand(rows):
    model = made(rate=0.0)
    first, second = fit(model, rows, shuffle=False)
    added = numbers(model, 53, batch_size=15)
    # Nothing is trained: score and center are those of the samples as they are.
    assert first == pytest.approx(model.score(rows + added).mean(), rel=1e-5)
    assert first != pytest.approx(model.score(rows).mean(), rel=1e-2)
    assert second != pytest.approx(first, rel=1e-5)
    found = kocc.DeepSVDD(kocc.networks.mlp([4, 3], seed=0), seed=0)
    found.initialize_center(rows)
    np.testing.assert_allclose(model.center, found.center, rtol=1e-5)


def test_samples_are_augmented_in_training_steps_alone(rows):
    model = made(rate=0.0)
    history = model.fit(rows, validation_data=(rows,), verbose=0).history
    plain = model.score(rows)
    assert history["val_loss"][0] == pytest.approx(plain.mean(), rel=1e-5)
    assert model.evaluate(rows, verbose=0) == pytest.approx(plain.mean(), rel=1e-5)
    np.testing.assert_allclose(model.predict(rows, verbose=0), plain, rtol=1e-6)
    np.testing.assert_allclose(model(rows, training=True), plain, rtol=1e-5)
    assert int(model.augmenter.batches.numpy()) == 2
    loss = model.train_on_batch(rows)
    assert loss != pytest.approx(plain.mean(), rel=1e-2)
    assert int(model.augmenter.batches.numpy()) == 3


@pytest.mark.parametrize(
    "options", [{}, dict(run_eagerly=True), dict(steps_per_execution=3)], ids=str
)
def test_equal_seeds_give_equal_weights(options, rows):
    # The seed of the layer itself does not count.
    one, other = made(AddDrawn(1)), made(AddDrawn(2), **options)
    np.testing.assert_allclose(fit(one, rows), fit(other, rows), rtol=1e-6)
    np.testing.assert_allclose(weights(one), weights(other), rtol=1e-6)


def test_another_seed_draws_other_numbers(rows):
    one, other = made(rate=0.0), made(rate=0.0, seed=1)
    assert fit(one, rows, shuffle=False) != fit(other, rows, shuffle=False)


def test_layers_after_one_another_draw_different_numbers(rows):
    model = made(keras.Sequential([AddDrawn(), AddDrawn()]), rate=0.0)
    augmented = keras.ops.convert_to_numpy(model.augmenter(rows)) - rows
    assert len(set(keras.ops.convert_to_numpy(model.augmenter.seeds))) == 2
    assert np.ptp(augmented) > 1.0


def test_an_interrupted_training_equals_an_uninterrupted_one(rows, tmp_path):
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
    stop = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: 1 / (epoch - 1))
    with pytest.raises(ZeroDivisionError):
        fit(made(), rows, epochs=4, callbacks=[backup, stop])
    resumed, whole = made(), made()
    assert len(fit(resumed, rows, epochs=4, callbacks=[backup])) == 2
    fit(whole, rows, epochs=4)
    np.testing.assert_array_equal(weights(resumed), weights(whole))


def test_a_loaded_model_goes_on_like_the_original(rows, tmp_path):
    model = made(seed=None)
    fit(model, rows, epochs=1)
    model.save(tmp_path / "model.keras")
    loaded = kocc.load_model(tmp_path / "model.keras")
    assert isinstance(loaded.augmentation, AddDrawn)
    np.testing.assert_array_equal(loaded.score(rows), model.score(rows))
    for one in (model, loaded):
        fit(one, rows, shuffle=False)
    np.testing.assert_array_equal(weights(loaded), weights(model))


def test_replicas_draw_what_one_draws(rows, two_replicas):
    """53 samples in batches of 15: pieces of 7 and 8, and of 4 in the last."""
    alone = made()
    with two_replicas.scope():
        replicated = made()
    np.testing.assert_allclose(fit(replicated, rows), fit(alone, rows), rtol=1e-5)
    np.testing.assert_allclose(weights(replicated), weights(alone), rtol=1e-5, atol=1e-7)


def flips_and_shifts():
    layers = keras.layers
    return keras.Sequential([layers.RandomTranslation(0.1, 0.1), layers.RandomRotation(0.02)])


def test_it_learns_from_augmented_images(digits, tmp_path):
    encoder = kocc.networks.lenet("digits", seed=0)
    options = dict(preprocessing=digits.preprocessing, seed=0)
    model = kocc.DeepSVDD(encoder, augmentation=flips_and_shifts(), **options)
    model.compile(keras.optimizers.Adam(1e-3))
    before = weights(model)
    model.fit(digits.x_train, epochs=15, batch_size=16, verbose=0)
    scores = model.score(digits.x_test)
    assert roc_auc_score(digits.y_test, scores) > 0.9
    assert scores.std() > 0.2 * scores.mean()
    assert np.abs(weights(model) - before).max() > 1e-3
    kocc.export(model, tmp_path / "exported", signatures=DEFAULT)
    served = saved_model_scorer(tmp_path / "exported")(digits.x_test)
    np.testing.assert_allclose(served["score"], scores, rtol=1e-4)
    variables = tf.saved_model.load(tmp_path / "exported").variables
    assert not [v.name for v in variables if "seed" in v.name or "augmenter" in v.name]


def test_pretraining_augments_too(rows):
    encoder, decoder = kocc.networks.mlp([4, 3], seed=0), kocc.networks.mlp_decoder([4, 3], seed=0)
    options = dict(epochs=1, seed=0, verbose=0)
    model = kocc.pretrain(encoder, decoder, rows, augmentation=AddDrawn(), **options)
    assert int(model.augmenter.batches.numpy()) == 1


UNDER_JAX = """
import keras, numpy as np, kerasocc as kocc
x = np.random.default_rng(0).uniform(size=(40, 8, 8, 1)).astype("float32")
def scores():
    flip = keras.layers.RandomFlip()
    model = kocc.DeepSVDD(kocc.networks.lenet("digits", seed=0), augmentation=flip, seed=0)
    model.compile("adam")
    model.fit(x, epochs=2, batch_size=16, verbose=0)
    assert int(model.augmenter.batches.value) == 6
    return model.score(x)
np.testing.assert_array_equal(scores(), scores())
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends(backend):
    run_on(backend, UNDER_JAX)


# Errors.


def refusal(make, *arguments, **options):
    with pytest.raises(ValueError) as caught:
        make(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_cannot_be_augmented_says_why():
    images = kocc.networks.lenet("digits"), kocc.networks.lenet_decoder("digits")
    flip = keras.layers.RandomFlip()
    text = refusal(kocc.RobustAutoencoder, *images, augmentation=flip)
    assert "must be None for RobustAutoencoder: every training sample has noise of its own" in text
    text = refusal(kocc.NearestNeighbors, augmentation=flip)
    assert "must be None for NearestNeighbors: there are no training steps" in text
    text = refusal(kocc.DeepSVDD, images[0], augmentation="flip")
    assert "`augmentation` must be a Keras layer or None. Received: augmentation='flip'" in text
    text = refusal(kocc.DeepSVDD, images[0], augmentation=keras.layers.RandomCrop(5, 5))
    assert "must keep the shape of the samples, (8, 8, 1). Received: RandomCrop" in text
    text = refusal(kocc.DeepSVDD, images[0], augmentation=keras.layers.Rescaling(2.0))
    assert "must draw random numbers by a `keras.random.SeedGenerator`" in text


def test_tables_with_text_are_refused():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": ["x", "y"] * 9, "b": np.arange(18.0)})
    features = kocc.datasets.TableFeatures().adapt(frame)
    encoder = kocc.networks.mlp([3, 2])
    text = refusal(kocc.DeepSVDD, encoder, preprocessing=features, augmentation=AddDrawn())
    assert "a table of `TableFeatures` or in float64 cannot be augmented" in text
