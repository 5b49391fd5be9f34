"""FCDD: the objective and the heat maps, by hand, and what a training finds."""

import keras
import numpy as np
import pytest
from keras import layers

import kerasocc as kocc
from kerasocc.engine.batches import as_targets
from kerasocc.explanations import pixel_auc


def identity_encoder(shape=(4, 4, 1)):
    """The map is the image, at the scale that FCDD gives to raw images."""
    encoder = keras.Sequential([keras.Input(shape), layers.Conv2D(1, 1, use_bias=False)])
    encoder.set_weights([np.ones((1, 1, shape[-1], 1), "float32")])
    return encoder


def test_raw_images_are_scaled():
    image = np.zeros((1, 4, 4, 1), "float32")
    image[0, 1, 2] = 255 * np.sqrt(8.0)
    model = kocc.FCDD(identity_encoder())
    # sqrt(8 + 1) - 1 = 2 in one of 16 cells.
    np.testing.assert_allclose(model.score(image), [2 / 16], rtol=1e-5)
    heat_map = model.explain(image)
    assert heat_map.shape == (1, 4, 4, 1)
    np.testing.assert_allclose(heat_map[0, 1, 2], 2 / 16, rtol=1e-5)
    assert np.count_nonzero(heat_map) == 1


def test_prepared_images_are_not():
    image = np.full((1, 4, 4, 1), 51.0, "float32")
    layer = layers.Rescaling(1 / 51)
    model = kocc.FCDD(identity_encoder(), preprocessing=layer)
    np.testing.assert_allclose(model.score(image), [np.sqrt(2) - 1], rtol=1e-5)


def test_losses():
    model = kocc.FCDD(identity_encoder())
    image = np.full((2, 4, 4, 1), 255 * np.sqrt(3.0), "float32")
    representation = model.represent(image)
    targets = {**as_targets(None, image), "label": np.array([0.0, -1.0], "float32")}
    found = model.loss_of(representation, targets)
    # a = 1
    np.testing.assert_allclose(found, [1.0, -np.log(1 - np.exp(-1.0))], rtol=1e-4)
    np.testing.assert_allclose(model.anomaly_loss_of(representation)[0], found[1], rtol=1e-6)


def test_the_heat_map_adds_up_to_the_score(random):
    model = kocc.FCDD(kocc.networks.fcdd("mnist", seed=0))
    x = random.uniform(0, 255, size=(5, 28, 28, 1))
    heat_map = model.explain(x)
    np.testing.assert_allclose(heat_map.sum(axis=(1, 2, 3)), model.score(x), rtol=1e-5)
    assert heat_map.min() >= 0


def test_channels_of_the_map_count_by_their_norm():
    encoder = keras.Sequential([keras.Input((2, 2, 2)), layers.Conv2D(2, 1, use_bias=False)])
    encoder.set_weights([np.eye(2, dtype="float32")[None, None]])
    x = np.full((1, 2, 2, 2), 510.0, "float32")
    # sqrt(4 + 4 + 1) - 1
    np.testing.assert_allclose(kocc.FCDD(encoder).score(x), [2.0], rtol=1e-5)


def test_embeddings_are_flat_maps(digits):
    model = kocc.FCDD(kocc.networks.fcdd("digits", seed=0))
    assert model.embed(digits.x_test[:3]).shape == (3, 16)


def test_a_receptive_field_for_other_networks():
    x = keras.Input((8, 8, 1))
    doubled = layers.Add()([x, x])
    encoder = keras.Model(x, layers.AveragePooling2D(2)(doubled))
    with pytest.raises(ValueError, match="`receptive_field` must be given"):
        kocc.FCDD(encoder)
    model = kocc.FCDD(encoder, receptive_field=4, heat_map_width=1.0)
    image = np.zeros((1, 8, 8, 1), "float32")
    image[0, 2, 4] = 255.0
    heat_map = model.explain(image)[0, ..., 0]
    assert np.count_nonzero(heat_map) == 16 and heat_map[1:5, 3:7].min() > 0
    assert kocc.FCDD.from_config(model.get_config()).receptive_field == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"receptive_field": 0}, "`receptive_field` must be an integer of at least 1"),
        ({"heat_map_width": 0}, "`heat_map_width` must be"),
        ({"encoder": kocc.networks.lenet("digits")}, r"maps of shape \(batch, u, v, c\)"),
    ],
)
def test_errors(options, message):
    with pytest.raises(ValueError, match=message):
        kocc.FCDD(**{"encoder": kocc.networks.fcdd("digits"), **options})


def with_defects(images, seed):
    """Images of 0 to 16 with an inverted square of 3x3 pixels each, and their masks."""
    random = np.random.default_rng(seed)
    masks = np.zeros(images.shape, bool)
    for mask, (row, column) in zip(masks, random.integers(0, 6, (len(images), 2)), strict=True):
        mask[row : row + 3, column : column + 3] = True
    return np.where(masks, 16 - images, images), masks


def test_defects_are_found(digits):
    normal, x = digits.x_train, digits.x_test[digits.y_test == 0]
    defective, masks = with_defects(x, seed=1)
    outliers, _ = with_defects(np.repeat(normal, 4, axis=0), seed=2)
    model = kocc.FCDD(kocc.networks.fcdd("digits", seed=0), seed=0)
    model.compile(optimizer=keras.optimizers.Adam(3e-3))
    before = model.encoder.get_weights()
    history = model.fit(16 * normal, outliers=16 * outliers, batch_size=32, epochs=20, verbose=0)
    after = model.encoder.get_weights()
    assert history.history["loss"][-1] < 0.5 * history.history["loss"][0]
    assert all(np.abs(a - b).max() > 1e-4 for a, b in zip(before, after, strict=True))
    scores, scores_of_defects = model.score(16 * x), model.score(16 * defective)
    assert np.mean(scores_of_defects[:, None] > scores) > 0.95
    assert np.concatenate([scores, scores_of_defects]).std() > 0.2 * scores_of_defects.mean()
    assert pixel_auc(masks, model.explain(16 * defective)) > 0.8
