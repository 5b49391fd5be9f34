"""MHRot: the 36 views, the losses of the heads, and what the model makes of them."""

import itertools

import keras
import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.losses import rotation
from kerasocc.networks import views

KNOWS_NOTHING = 36 * (np.log(3) + np.log(3) + np.log(4)) / 3
# Rows of pixels; x, y and turns of a view make it number 12 x + 4 y + turns.
BY_HAND = {
    0: [[0, 1, 2], [3, 4, 5], [6, 7, 8]],
    1: [[2, 5, 8], [1, 4, 7], [0, 3, 6]],
    2: [[8, 7, 6], [5, 4, 3], [2, 1, 0]],
    3: [[6, 3, 0], [7, 4, 1], [8, 5, 2]],
    # One to the right: the column that comes in mirrors the second one.
    12: [[1, 0, 1], [4, 3, 4], [7, 6, 7]],
    24: [[1, 2, 1], [4, 5, 4], [7, 8, 7]],
    # One down, one up.
    4: [[3, 4, 5], [0, 1, 2], [3, 4, 5]],
    8: [[3, 4, 5], [6, 7, 8], [3, 4, 5]],
    # Right, up and then a half turn.
    12 + 8 + 2: [[4, 3, 4], [7, 6, 7], [4, 3, 4]],
}


def value(tensor):
    return keras.ops.convert_to_numpy(tensor)


def flat(*shape):
    """An encoder that embeds images as they are."""
    return keras.Sequential([keras.Input(shape), keras.layers.Flatten()])


def view(image, x, y, turns, shift):
    """One view by rolling a padded image, shape `(n, n, c)`."""
    padding = ((shift, shift), (shift, shift), (0, 0))
    moved = np.roll(np.pad(image, padding, mode="reflect"), (y * shift, x * shift), axis=(0, 1))
    return np.rot90(moved[shift:-shift, shift:-shift], turns)


def views_of(image, shift):
    choices = itertools.product((0, 1, -1), (0, 1, -1), range(4))
    return np.stack([view(image, *choice, shift) for choice in choices])


def head_losses(logits):
    """`L_n` and `L_a` of 36 views of one image, view by view in double precision."""
    normal = anomaly = 0.0
    labels = itertools.product(range(3), range(3), range(4))
    for row, label in zip(logits.astype("float64"), labels, strict=True):
        for head, right in zip((row[:3], row[3:6], row[6:]), label, strict=True):
            p = np.exp(head) / np.exp(head).sum()
            normal += -np.log(p[right]) / 3
            anomaly += -np.log(p).mean() / 3
    return normal, anomaly


def with_random_heads(model, random):
    model.heads.kernel.assign(random.normal(size=model.heads.kernel.shape))
    model.heads.bias.assign(random.normal(size=10))
    return model


def test_views_by_hand():
    table = views.pixel_table(views.SHIFTED, 3, 1)
    assert table.shape == (36, 9) and table.dtype == np.int32
    for number, rows in BY_HAND.items():
        np.testing.assert_array_equal(table[number].reshape(3, 3), rows, err_msg=str(number))


@pytest.mark.parametrize(("side", "shift"), [(5, 2), (4, 3), (2, 1)])
def test_views_of_images_with_channels(side, shift, random):
    images = random.normal(size=(3, side, side, 2)).astype("float32")
    found = value(views.all_views(images, views.pixel_table(views.SHIFTED, side, shift)))
    assert found.shape == (3, 36, side, side, 2)
    for image, shown in zip(images, found, strict=True):
        np.testing.assert_array_equal(shown, views_of(image, shift))


def test_classes():
    classes = views.SHIFT_CLASSES.tolist()
    assert len({tuple(c) for c in classes}) == 36
    assert classes[0] == [0, 0, 0] and classes[12 + 8 + 2] == [1, 2, 2]
    assert tuple(views.SHIFT_CLASSES.max(axis=0) + 1) == rotation.HEADS


def test_losses_by_hand():
    # One view of classes 1, 0, 3. Softmax of the heads: 1/4, 1/2, 1/4; 1/3; 1/8, 1/8, 1/4, 1/2.
    logits = np.log([[[1, 2, 1, 5, 5, 5, 1, 1, 2, 4]]]).astype("float32")
    classes = np.array([[1, 0, 3]])
    found = value(rotation.normal_loss(logits, classes))
    np.testing.assert_allclose(found, [np.log([2, 3, 2]).mean()], rtol=1e-6)
    heads = [np.log([4, 2, 4]).mean(), np.log(3), np.log([8, 8, 4, 2]).mean()]
    np.testing.assert_allclose(value(rotation.anomaly_loss(logits)), [np.mean(heads)], rtol=1e-6)


def test_losses_of_all_views(random):
    logits = random.normal(0, 2, size=(4, 36, 10)).astype("float32")
    normal, anomaly = np.array([head_losses(sample) for sample in logits]).T
    found = rotation.normal_loss(logits, views.SHIFT_CLASSES), rotation.anomaly_loss(logits)
    np.testing.assert_allclose(value(found[0]), normal, rtol=1e-5)
    np.testing.assert_allclose(value(found[1]), anomaly, rtol=1e-5)
    assert (anomaly > KNOWS_NOTHING).all(), "nothing is nearer to the uniform distribution"


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_limits_of_the_losses(dtype):
    # Adding to all logits of a head changes nothing.
    equal = np.repeat([7.0, -3.0, 100.0], [3, 3, 4]) * np.ones((2, 36, 1))
    sure = np.full((2, 36, 10), -1e4)
    for row, (x, y, turns) in enumerate(views.SHIFT_CLASSES):
        sure[:, row, [x, 3 + y, 6 + turns]] = 1e4
    for logits, normal, anomaly in (
        (equal, KNOWS_NOTHING, KNOWS_NOTHING),
        (sure, 0.0, 2e4 * 12 * (2 / 3 + 2 / 3 + 3 / 4)),
        (-sure, None, None),
    ):
        tensor = keras.ops.convert_to_tensor(logits, dtype)
        for loss, expected in (
            (rotation.normal_loss(tensor, views.SHIFT_CLASSES), normal),
            (rotation.anomaly_loss(tensor), anomaly),
        ):
            assert value(loss).dtype == np.float32 and np.isfinite(value(loss)).all()
            if expected is not None:
                np.testing.assert_allclose(value(loss), expected, rtol=1e-5)


def test_model_by_hand(random):
    x = random.normal(size=(5, 4, 4, 2)).astype("float32")
    model = kocc.MultiHeadRotNet(flat(4, 4, 2), shift=2, seed=0)
    assert model.views_per_sample == 36
    with_random_heads(model, random)
    kernel, bias = value(model.heads.kernel), value(model.heads.bias)
    logits = np.stack([views_of(image, 2).reshape(36, -1) @ kernel + bias for image in x])
    normal, anomaly = np.array([head_losses(sample) for sample in logits]).T

    representation = model.represent(x)
    np.testing.assert_allclose(value(representation), logits, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(value(model.anomaly_loss_of(representation)), anomaly, rtol=1e-4)
    np.testing.assert_allclose(model.score(x), normal, rtol=1e-4)
    np.testing.assert_array_equal(model.embed(x), x.reshape(5, -1))
    model.compile(keras.optimizers.SGD(0.0))
    expected = pytest.approx(normal.mean(), rel=1e-4)
    assert model.evaluate(x, return_dict=True)["loss"] == expected
    assert model.train_on_batch(x) == expected
    assert model.fit(x, batch_size=2, verbose=0).history["loss"] == [expected]


def test_heads_that_know_nothing():
    model = kocc.MultiHeadRotNet(flat(3, 3, 1), shift=1)
    model.heads.kernel.assign(np.zeros((9, 10)))
    np.testing.assert_allclose(model.score(np.ones((2, 3, 3, 1))), KNOWS_NOTHING, rtol=1e-6)
    assert KNOWS_NOTHING == pytest.approx(43.0, abs=0.01)


def test_preprocessing_comes_before_the_views(random):
    x = random.normal(size=(2, 4, 4, 1)).astype("float32")
    ramp = np.arange(16, dtype="float32").reshape(4, 4, 1)

    class AddRamp(keras.layers.Layer):
        def call(self, inputs):
            return inputs + ramp

    model = kocc.MultiHeadRotNet(flat(4, 4, 1), shift=1, preprocessing=AddRamp(), seed=0)
    plain = kocc.MultiHeadRotNet(flat(4, 4, 1), shift=1, seed=0)
    np.testing.assert_allclose(model.score(x), plain.score(x + ramp), rtol=1e-5)


def test_the_encoder_is_called_once(random):
    calls = []

    class Encoder(keras.layers.Layer):
        def call(self, x, training=False):
            calls.append((tuple(x.shape), training))
            return keras.ops.mean(x, axis=(1, 2))

        def compute_output_shape(self, input_shape):
            return (input_shape[0], input_shape[-1])

    model = kocc.MultiHeadRotNet(Encoder(), shift=1)
    model.compile(run_eagerly=True)
    model.fit(random.normal(size=(4, 6, 6, 2)), batch_size=2, verbose=0)
    # The symbolic call of the build comes first.
    assert calls[1:] == [((72, 6, 6, 2), True)] * 2


def test_equal_embeddings_of_upright_images_are_no_collapse(random):
    encoder = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.GlobalAveragePooling2D()])
    x = random.normal(size=(20, 4, 4, 1))
    x -= x.mean(axis=(1, 2, 3), keepdims=True) - 1.0
    model = kocc.MultiHeadRotNet(encoder, shift=1)
    model.compile()
    history = model.fit(x, epochs=2, verbose=0).history
    assert model.embed(x).std() < 1e-5 and "embedding_spread" not in history


def test_an_encoder_without_an_input_shape(random, tmp_path):
    encoder = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(3)])
    model = kocc.MultiHeadRotNet(encoder, shift=2, seed=0)
    model.compile()
    x = random.normal(size=(6, 4, 4, 1))
    model.fit(x, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = kocc.load_model(tmp_path / "model.keras")
    assert loaded.shift == 2
    np.testing.assert_array_equal(loaded.score(x), model.score(x))


def test_the_seed_is_that_of_the_heads():
    first, same, other = (
        value(kocc.MultiHeadRotNet(flat(3, 3, 1), shift=1, seed=seed).heads.kernel)
        for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_a_step_with_a_wide_resnet(random):
    encoder = kocc.networks.wide_resnet(depth=10, width=1, use_bias=True, seed=0)
    model = kocc.MultiHeadRotNet(encoder, seed=0)
    assert model.shift == 8 and model.heads.kernel.shape == (64, 10)
    model.compile()
    before = [value(w) for w in model.trainable_weights]
    model.train_on_batch(random.normal(size=(2, 32, 32, 3)).astype("float32"))
    for old, weight in zip(before, model.trainable_weights, strict=True):
        assert not np.array_equal(old, value(weight)), weight.path


@pytest.mark.parametrize("shift", [0, -1, 2.5, True, "8"])
def test_bad_shifts(shift):
    message = f"`shift` must be an integer of at least 1. Received: shift={shift!r}"
    with pytest.raises(ValueError, match=message):
        kocc.MultiHeadRotNet(flat(8, 8, 1), shift=shift)


def test_a_shift_that_leaves_nothing_of_the_image():
    kocc.MultiHeadRotNet(flat(8, 8, 1), shift=7)
    message = "`shift` must be less than the side of the images, 8. Received: shift=8"
    with pytest.raises(ValueError, match=message):
        kocc.MultiHeadRotNet(flat(8, 8, 1))


@pytest.mark.parametrize("shape", [(8, 6, 1), (8, 8), (64,), (None, None, 1)])
def test_images_that_are_not_square(shape):
    encoder = keras.Sequential([keras.Input(shape), keras.layers.Activation("relu")])
    with pytest.raises(ValueError, match=r"square images, shape \(batch, n, n, c\).* Received: "):
        kocc.MultiHeadRotNet(encoder, shift=1)
    if None not in shape:
        model = kocc.MultiHeadRotNet(keras.Sequential([keras.layers.Flatten()]), shift=1)
        model.compile()
        with pytest.raises(ValueError, match="square images"):
            model.fit(np.random.default_rng(0).normal(size=(4, *shape)))


def test_an_encoder_that_is_not_flat_is_refused():
    encoder = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Conv2D(2, 3)])
    with pytest.raises(ValueError, match=r"embeddings of shape \(batch, d\)"):
        kocc.MultiHeadRotNet(encoder, shift=1)
