"""Receptive fields, against the pixels that a cell's gradient reaches."""

import keras
import numpy as np
import pytest
from keras import layers

import kerasocc as kocc
from kerasocc.networks.fcdd import ARCHITECTURES
from kerasocc.networks.receptive_field import (
    ReceptiveField,
    default_width,
    even_field,
    receptive_fields,
    spreading,
)


def chain(shape, *parts):
    return keras.Sequential([keras.Input(shape), *parts])


def test_the_network_of_the_paper():
    # Convolution 5, pooling 2, convolution 5 at step 2, pooling 2 at step 2: 5 + 1 + 8 + 2.
    network = kocc.networks.fcdd("mnist")
    assert network.output_shape == (None, 7, 7, 1)
    assert receptive_fields(network, (28, 28, 1)) == (ReceptiveField(16, 4, -6),) * 2
    sizes = [layer.filters for layer in network.layers if hasattr(layer, "filters")]
    assert sizes == [8, 16, 1]


NETWORKS = {
    "padding": chain((9, 12, 1), layers.Conv2D(2, 3, padding="same"), layers.MaxPooling2D(2)),
    "strides": chain((16, 15, 1), layers.Conv2D(2, 3, strides=2, padding="same")),
    "dilation": chain((16, 16, 1), layers.Conv2D(2, 3, dilation_rate=2), layers.MaxPooling2D(2)),
    "zeros": chain((16, 16, 1), layers.ZeroPadding2D(((2, 0), (1, 1))), layers.Conv2D(2, (5, 3))),
    "overlap": chain(
        (20, 20, 1),
        layers.Conv2D(2, 5, padding="same"),
        layers.AveragePooling2D(3, 2, padding="same"),
        layers.Conv2D(1, 3, strides=2),
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_cells_see_the_pixels_that_change_them(name):
    network = NETWORKS[name]
    shape = network.input_shape[1:3]
    # With positive weights a bright pixel raises every cell that sees it, maxima too.
    network.set_weights([np.abs(w) + 0.1 for w in network.get_weights()])
    images = 1000.0 * np.eye(np.prod(shape), dtype="float32").reshape(-1, *shape, 1)
    cells = keras.ops.convert_to_numpy(network(images) - network(0 * images[:1])).max(axis=-1)
    reached = cells.reshape(*shape, *cells.shape[1:]) > 0
    for axis, field in enumerate(receptive_fields(network, (*shape, 1))):
        seen = reached.any(axis=(1 - axis, 3 - axis)).T
        for cell, pixels in enumerate(seen):
            first = field.first + cell * field.stride
            expected = np.clip([first, first + field.size - 1], 0, shape[axis] - 1)
            assert np.flatnonzero(pixels)[[0, -1]].tolist() == expected.tolist()


def test_branches_have_no_receptive_field():
    x = keras.Input((8, 8, 1))
    convolved = layers.Conv2D(1, 3, padding="same")(x)
    assert receptive_fields(keras.Model(x, layers.Add()([x, convolved])), (8, 8, 1)) is None
    assert receptive_fields(chain((8, 8, 1), layers.Flatten()), (8, 8, 1)) is None


def test_spreading_is_a_transposed_convolution():
    field, cells, pixels = ReceptiveField(16, 4, -6), 7, 28
    width = default_width(16)
    matrix = spreading(field, cells, pixels, width)
    kernel = np.exp(-0.5 * ((np.arange(16) - 7.5) / width) ** 2)
    values = np.random.default_rng(0).uniform(size=cells)
    # Cell 1 is the first whose kernel ends within the image, cell 5 the last.
    convolved = np.zeros(40)
    for cell in range(cells):
        convolved[4 * cell : 4 * cell + 16] += values[cell] * kernel / kernel.sum()
    inner = np.where((np.arange(cells) > 1) & (np.arange(cells) < 5), values, 0)
    only_inner = np.zeros(40)
    for cell in range(cells):
        only_inner[4 * cell : 4 * cell + 16] += inner[cell] * kernel / kernel.sum()
    np.testing.assert_allclose(matrix @ inner, only_inner[6:34], atol=1e-6)
    np.testing.assert_allclose(matrix.sum(axis=0), 1.0, rtol=1e-6)
    assert matrix.shape == (28, 7)


def test_a_spread_map_is_where_its_cell_looks():
    matrix = spreading(ReceptiveField(5, 4, 2), 3, 16, 1.0)
    assert matrix.argmax(axis=0).tolist() == [4, 8, 12]
    assert (matrix[:2, 0] == 0).all() and (matrix[7:, 0] == 0).all()


def test_even_fields():
    # Two cells of 4 pixels each, which see 8 around their center.
    assert even_field(8, 2, 8) == ReceptiveField(8, 4, -2)
    assert even_field(1, 8, 8) == ReceptiveField(1, 1, 0)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_network_is_fully_convolutional(name):
    network = kocc.networks.fcdd(name, seed=0)
    assert len(network.output_shape) == 4 and network.output_shape[-1] == 1
    assert receptive_fields(network, network.input_shape[1:]) is not None


def test_networks_for_other_sizes():
    assert kocc.networks.fcdd((40, 48, 3)).output_shape == (None, 10, 12, 1)
    assert kocc.networks.fcdd((160, 128, 3)).output_shape == (None, 20, 16, 1)
    for bad in ((4, 8, 1), (8, 8), "cats"):
        with pytest.raises(ValueError, match="`dataset` must be"):
            kocc.networks.fcdd(bad)


def test_seeds():
    first, second, third = (kocc.networks.fcdd("digits", seed=s).get_weights() for s in (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not np.array_equal(first[0], third[0])
