"""GEO: the 72 views, which of them a step shows, the Dirichlets and what comes of them."""

import itertools

import keras
import numpy as np
import pytest
from scipy.special import softmax

import kerasocc as kocc
from kerasocc.callbacks import DirichletUpdate
from kerasocc.losses import dirichlet
from kerasocc.models.geo import views_at
from kerasocc.networks import views
from tests.conformance.registry import encoder_of_views

# Rows of pixels; a view is number 36 flip + 12 down + 4 right + turns.
BY_HAND = {
    0: [[0, 1, 2], [3, 4, 5], [6, 7, 8]],
    1: [[2, 5, 8], [1, 4, 7], [0, 3, 6]],
    # One to the right: what comes in is the outermost column once more.
    4: [[0, 0, 1], [3, 3, 4], [6, 6, 7]],
    8: [[1, 2, 2], [4, 5, 5], [7, 8, 8]],
    # One down, one up.
    12: [[0, 1, 2], [0, 1, 2], [3, 4, 5]],
    24: [[3, 4, 5], [6, 7, 8], [6, 7, 8]],
    # Down and left, then a half turn.
    12 + 8 + 2: [[5, 5, 4], [2, 2, 1], [2, 2, 1]],
    # Mirrored; mirrored and then shifted to the right.
    36: [[2, 1, 0], [5, 4, 3], [8, 7, 6]],
    36 + 4: [[2, 2, 1], [5, 5, 4], [8, 8, 7]],
    # Mirrored, up and right, then a turn.
    36 + 24 + 4 + 1: [[4, 7, 7], [5, 8, 8], [5, 8, 8]],
}


def value(tensor):
    return keras.ops.convert_to_numpy(tensor)


def flat(*shape):
    """An encoder that embeds images as they are."""
    return keras.Sequential([keras.Input(shape), keras.layers.Flatten()])


def views_of(image, shift):
    """All views by rolling a padded image, shape `(72, n, n, c)`."""
    padding = ((shift, shift), (shift, shift), (0, 0))
    found = []
    for flip, down, right, turns in itertools.product((0, 1), (0, 1, -1), (0, 1, -1), range(4)):
        padded = np.pad(image[:, ::-1] if flip else image, padding, mode="symmetric")
        moved = np.roll(padded, (down * shift, right * shift), axis=(0, 1))
        found.append(np.rot90(moved[shift:-shift, shift:-shift], turns))
    return np.stack(found)


def geo_model(random, side=4, channels=1, **options):
    """A model with a head that tells views apart."""
    model = kocc.GEO(flat(side, side, channels), seed=0, **options)
    model.head.kernel.assign(random.normal(size=model.head.kernel.shape))
    model.head.bias.assign(random.normal(size=72))
    return model


def test_views_by_hand():
    table = views.pixel_table(views.GEOMETRIC, 3, 1, padding="symmetric")
    assert table.shape == (72, 9) and table.dtype == np.int32
    for number, rows in BY_HAND.items():
        np.testing.assert_array_equal(table[number].reshape(3, 3), rows, err_msg=str(number))
    assert len({tuple(row) for row in table}) == 72


def test_views_of_images_with_channels(random):
    images = random.normal(size=(3, 5, 5, 2)).astype("float32")
    table = views.pixel_table(views.GEOMETRIC, 5, 2, padding="symmetric")
    found = value(views.all_views(images, table))
    for image, shown in zip(images, found, strict=True):
        np.testing.assert_array_equal(shown, views_of(image, 2))
    numbers = np.array([0, 71, 40], "int32")
    shown = value(views.one_view(images, table, numbers))
    np.testing.assert_array_equal(shown, found[np.arange(3), numbers])


def test_every_image_is_shown_in_every_view_in_72_epochs():
    index = np.array([0, 5, 71, 72, 1000, -1])
    rounds = [np.stack([views_at(index, e + 72 * r, 3) for e in range(72)]) for r in (0, 1)]
    for shown in rounds:
        assert shown.dtype == np.int32
        assert (np.sort(shown, axis=0) == np.arange(72)[:, None]).all()
    assert not np.array_equal(*rounds), "every round has an order of its own"
    # And an epoch shows all views equally often.
    assert (np.bincount(views_at(np.arange(720), 7, 3)) == 10).all()
    assert not np.array_equal(views_at(index, 0, 3), views_at(index, 0, 4))


def test_model_by_hand(random):
    x = random.normal(size=(5, 4, 4, 2)).astype("float32")
    model = geo_model(random, channels=2)
    assert model.views_per_sample == 72
    kernel, bias = value(model.head.kernel), value(model.head.bias)
    logits = np.stack([views_of(image, 1).reshape(72, -1) @ kernel + bias for image in x])
    log_p = np.log(softmax(logits.astype("float64"), axis=-1))

    np.testing.assert_allclose(value(model.represent(x)), logits, rtol=1e-4, atol=1e-4)
    right = -np.einsum("btt->bt", log_p)
    np.testing.assert_allclose(model.score(x), right.sum(axis=1), rtol=1e-4)
    np.testing.assert_array_equal(model.embed(x), x.reshape(5, -1))
    model.compile(keras.optimizers.SGD(0.0))
    assert model.evaluate(x, return_dict=True)["loss"] == pytest.approx(right.mean(), rel=1e-4)
    assert model.train_on_batch(x) == pytest.approx(right.mean(), rel=1e-4)

    # Every epoch of `fit` shows other views; together they are all.
    losses = model.fit(x, batch_size=2, epochs=72, verbose=0).history["loss"]
    shown = [views_at(np.arange(5), epoch, 0) for epoch in range(72)]
    expected = [right[np.arange(5), numbers].mean() for numbers in shown]
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    assert np.mean(losses) == pytest.approx(right.mean(), rel=1e-4)

    # The Dirichlets are those of the outputs on these images.
    p = softmax(logits.astype("float64"), axis=-1)
    alpha = dirichlet.maximum_likelihood(p.mean(axis=0), log_p.mean(axis=0))
    np.testing.assert_allclose(value(model.alpha), alpha, rtol=1e-2)
    scores = -np.einsum("tk,btk->b", value(model.alpha).astype("float64") - 1, log_p)
    np.testing.assert_allclose(model.score(x), scores - scores.mean(), rtol=1e-3)


def test_weights_of_samples_count_for_the_dirichlets(random):
    x = random.normal(size=(12, 4, 4, 1)).astype("float32")
    found = []
    for samples, weight in ((x, np.repeat([1.0, 0.0], 6)), (x[:6], None)):
        model = geo_model(np.random.default_rng(0))
        model.compile(keras.optimizers.SGD(0.0))
        model.fit(samples, sample_weight=weight, verbose=0)
        found.append(value(model.alpha))
    np.testing.assert_allclose(*found, rtol=1e-4)


def test_a_dataset_trains_it_as_arrays_do(digits):
    import tensorflow as tf

    x = digits.x_train[:50]
    models = [geo_model(np.random.default_rng(0), 8) for _ in range(2)]
    sources = x, tf.data.Dataset.from_tensor_slices(x).batch(16)
    for model, source in zip(models, sources, strict=True):
        model.compile()
        options = dict(batch_size=16, shuffle=False) if source is x else {}
        model.fit(source, epochs=2, verbose=0, **options)
    np.testing.assert_array_equal(*(value(model.head.kernel) for model in models))
    # The last bits of an output depend on the size of the batch it is computed in.
    np.testing.assert_allclose(*(value(model.alpha) for model in models), rtol=1e-4)
    np.testing.assert_allclose(*(model.score(x) for model in models), rtol=1e-3, atol=1e-2)


@pytest.mark.slow
def test_two_replicas_train_it_as_one_does(digits, two_replicas):
    def train():
        model = kocc.GEO(encoder_of_views(0), preprocessing=digits.preprocessing, seed=0)
        model.compile(keras.optimizers.SGD(1e-4, momentum=0.9))
        losses = model.fit(digits.x_train[:101], batch_size=24, epochs=3, verbose=0)
        return model, losses.history["loss"]

    single, losses = train()
    with two_replicas.scope():
        replicated, replicated_losses = train()
    np.testing.assert_allclose(losses, replicated_losses, rtol=1e-5)
    for a, b in zip(single.trainable_weights, replicated.trainable_weights, strict=True):
        np.testing.assert_allclose(value(a), value(b), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(value(single.alpha), value(replicated.alpha), rtol=1e-4)


def test_when_the_dirichlets_are_fitted(random, monkeypatch):
    fitted = []
    original = kocc.GEO.fit_dirichlets
    monkeypatch.setattr(
        kocc.GEO,
        "fit_dirichlets",
        lambda model: (fitted.append(int(model.epochs_trained.numpy())), original(model)),
    )
    x = random.normal(size=(8, 4, 4, 1)).astype("float32")

    def fit(*callbacks, **options):
        fitted.clear()
        model = geo_model(random)
        model.compile()
        model.fit(x, epochs=4, verbose=0, callbacks=list(callbacks), **options)
        return model

    fit()
    assert fitted == [4]
    fit(DirichletUpdate(every=2))
    assert fitted == [2, 4]
    stop = keras.callbacks.LambdaCallback()
    stop.on_epoch_end = lambda epoch, logs: setattr(stop.model, "stop_training", epoch == 1)
    fit(stop)
    assert fitted == [2], "a training that ends early"
    best = keras.callbacks.EarlyStopping(
        "loss", mode="max", patience=9, restore_best_weights=True, start_from_epoch=0
    )
    # The loss falls: the best weights by its maximum are the first epoch's.
    fit(best)
    assert fitted[0] == 4 and (len(fitted) == 2 or best.best_epoch == 3)


def test_scores_of_validation_data_are_those_of_the_model(random):
    x = random.normal(size=(8, 4, 4, 1)).astype("float32")
    y = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    model = geo_model(random)
    model.compile()
    history = model.fit(x, epochs=2, verbose=0, validation_data=(x, y)).history
    assert history["val_auc"][-1] == model.evaluate(x, y, return_dict=True)["auc"]


def test_reset_gives_the_first_parameters_again(random):
    x = random.normal(size=(8, 4, 4, 1)).astype("float32")
    model = geo_model(random)
    model.compile()
    model.fit(x, verbose=0)
    assert np.abs(value(model.alpha) - 1 - np.eye(72)).max() > 0.1
    assert np.abs(value(model.origin)).min() > 0
    model.reset()
    assert not value(model.origin).any()
    np.testing.assert_array_equal(value(model.alpha), 1 + np.eye(72))


@pytest.mark.slow
def test_it_learns_which_transformation_it_was(digits):
    encoder = kocc.networks.wide_resnet((8, 8, 1), depth=10, width=1, use_bias=True, seed=0)
    model = kocc.GEO(encoder, preprocessing=digits.preprocessing, seed=0)
    model.compile(keras.optimizers.Adam(1e-2))
    before = [value(w) for w in model.trainable_weights]
    history = model.fit(digits.x_train[:96], batch_size=32, epochs=10, verbose=0).history
    assert history["loss"][-1] < 0.8 * np.log(72) < history["loss"][0]
    for old, weight in zip(before, model.trainable_weights, strict=True):
        assert not np.array_equal(old, value(weight)), weight.path


@pytest.mark.parametrize(("shift", "expected"), [(None, 2), (3, 3)])
def test_the_shift_is_a_quarter_of_the_side(shift, expected, random):
    model = kocc.GEO(flat(8, 8, 1), shift=shift)
    image = random.normal(size=(8, 8, 1)).astype("float32")
    assert model.get_config()["shift"] == shift
    shown = value(views.all_views(image[None], model._table))[0]
    np.testing.assert_array_equal(shown, views_of(image, expected))


def test_bad_arguments():
    with pytest.raises(ValueError, match="`shift` must be an integer of at least 1. Received: sh"):
        kocc.GEO(flat(8, 8, 1), shift=0)
    with pytest.raises(ValueError, match="`shift` must be less than the side of the images, 8"):
        kocc.GEO(flat(8, 8, 1), shift=8)
    with pytest.raises(ValueError, match=r"square images, shape \(batch, n, n, c\).* Received: "):
        kocc.GEO(flat(8, 6, 1))
    with pytest.raises(ValueError, match="`every` must be an integer of at least 1"):
        DirichletUpdate(every=0)
    model = kocc.DeepSVDD(kocc.networks.lenet("digits"))
    model.compile()
    with pytest.raises(ValueError, match="must be passed to the `fit` of a `GEO`"):
        model.fit(np.random.default_rng(0).normal(size=(4, 8, 8, 1)), callbacks=[DirichletUpdate()])
