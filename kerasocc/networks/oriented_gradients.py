"""Oriented gradients: an encoder without weights, of edges by place and direction."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasocc.checks import check_integer
from kerasocc.networks.layer_factory import sequential


@keras.saving.register_keras_serializable(package="kerasocc")
class OrientedGradients(keras.layers.Layer):
    """Squared slopes of an image in several directions, averaged over cells.

    The slope of direction `d` at a pixel is `max(0, cos(d) g_x + sin(d) g_y)` with the central
    differences `g` of its neighbours, and of the channels the largest. The squares are averaged
    over square cells that overlap by half, and all of an image divided by their norm: brightness
    and contrast of the image do not matter, nor where in a cell an edge is. Computed in float32
    under any dtype policy.

    Args:
        cells: Number of cells, side by side, along the shorter side of the images.
        directions: Number of directions, evenly over the circle.
        **kwargs: Arguments of `keras.layers.Layer`.

    Raises:
        ValueError: If an argument is out of range, and for images of fewer pixels than cells.

    Reference:
        After Dalal and Triggs, Histograms of Oriented Gradients for Human Detection, CVPR 2005,
        whose gradients vote for two of nine directions and whose cells are normalized in blocks.
    """

    def __init__(self, cells: int = 4, *, directions: int = 8, **kwargs: Any):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.cells = check_integer("cells", cells, minimum=1)
        self.directions = check_integer("directions", directions, minimum=2)

    def build(self, input_shape: Any) -> None:
        if len(input_shape) != 4 or None in input_shape[1:]:
            raise ValueError(
                "`input_shape` must be that of images, (batch, height, width, channels), defined "
                f"except for the batch size. Received: input_shape={tuple(input_shape)}"
            )
        side = min(input_shape[1:3])
        if side < max(3, self.cells):
            raise ValueError(
                f"Images must have at least {max(3, self.cells)} pixels in height and width for "
                f"cells={self.cells}. Received: samples of shape {tuple(input_shape[1:])}"
            )
        self._cell, self._stride = self._cell_and_stride(input_shape)
        angles = 2 * math.pi * np.arange(self.directions) / self.directions
        slope = np.array([[0, 0, 0], [-1, 0, 1], [0, 0, 0]], "float32")
        kernel = np.stack([math.cos(a) * slope + math.sin(a) * slope.T for a in angles], axis=-1)
        self._kernel = kernel[:, :, None].astype("float32")
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Map images to features, shape `(batch, rows of cells * columns * directions)`."""
        channels = ops.split(ops.cast(inputs, "float32"), inputs.shape[-1], axis=-1)
        slopes = [ops.conv(channel, self._kernel, padding="valid") for channel in channels]
        steepest = slopes[0]
        for other in slopes[1:]:
            steepest = ops.maximum(steepest, other)
        # Pixels at the border have no neighbours: there is no slope.
        energies = ops.pad(ops.square(ops.relu(steepest)), ((0, 0), (1, 1), (1, 1), (0, 0)))
        pooled = ops.average_pool(energies, self._cell, strides=self._stride, padding="valid")
        features = ops.reshape(pooled, (-1, math.prod(pooled.shape[1:])))
        norm = ops.sqrt(ops.sum(ops.square(features), axis=-1, keepdims=True))
        return ops.cast(features / (norm + 1e-3), self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        cell, stride = self._cell_and_stride(input_shape)
        rows, columns = ((side - cell) // stride + 1 for side in input_shape[1:3])
        return (input_shape[0], rows * columns * self.directions)

    def _cell_and_stride(self, input_shape: Any) -> tuple[int, int]:
        """Side of a cell and the distance of two, in pixels."""
        cell = min(input_shape[1:3]) // self.cells
        return cell, max(1, cell // 2)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cells": self.cells, "directions": self.directions}


def oriented_gradients(
    input_shape: tuple[int, int, int],
    *,
    cells: int = 4,
    directions: int = 8,
    name: str = "oriented_gradients",
) -> keras.Model:
    """Edges by place and direction, an encoder of images that needs no training.

    For `NearestNeighbors`, which tells with it what has another shape, whatever its colours;
    the automatic choice compares pixels as well.

    Args:
        input_shape: `(height, width, channels)`, values in [0, 1].
        cells: Number of cells along the shorter side; they overlap by half.
        directions: Number of directions.
        name: Name of the model.

    Returns:
        Model from images `(batch, height, width, channels)` to features `(batch, d)`.

    Raises:
        ValueError: If an argument is out of range, and for images of fewer pixels than cells.

    Example:
        >>> encoder = kerasocc.networks.oriented_gradients((32, 32, 3))
        >>> unit = kerasocc.datasets.preprocessing.unit_range(images)
        >>> model = kerasocc.NearestNeighbors(encoder, k=3, preprocessing=unit)
        >>> model.fit(images)

    Reference:
        After Dalal and Triggs, Histograms of Oriented Gradients for Human Detection, CVPR 2005.
    """
    layer = OrientedGradients(cells, directions=directions)
    return sequential(tuple(input_shape), [layer], name)
