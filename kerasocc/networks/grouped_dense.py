"""Linear layers with a kernel for each group of rows, computed by one batched product."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers, ops

from kerasocc.checks import check_integer


@keras.saving.register_keras_serializable(package="kerasocc")
class GroupedDense(layers.Layer):
    """Linear layer without biases that has a kernel of its own for each group of rows.

    Args:
        units: Number of outputs of a row.
        groups: How many groups of equal size the rows of a sample are divided into, in their
            order.
        seed: Seed of the initial weights, uniform as in PyTorch.
        **kwargs: Arguments of `keras.layers.Layer`.

    Raises:
        ValueError: If the number of rows is no multiple of `groups`.
    """

    def __init__(self, units: int, *, groups: int, seed: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.units = check_integer("units", units, minimum=1)
        self.groups = check_integer("groups", groups, minimum=1)
        self.seed = seed

    def build(self, input_shape: Any) -> None:
        _, rows, features = input_shape
        if rows % self.groups:
            raise ValueError(
                f"`groups` must divide the {rows} rows of a sample. Received: groups={self.groups}"
            )
        self._rows_per_group = rows // self.groups
        # Keras's scaled initializers would count the axis of the groups as part of a kernel.
        limit = 1.0 / math.sqrt(features)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.groups, features, self.units),
            initializer=keras.initializers.RandomUniform(-limit, limit, seed=self.seed),
        )
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Map rows `(batch, groups * count, features)` to `(batch, groups * count, units)`."""
        count, features = self._rows_per_group, inputs.shape[-1]
        grouped = ops.reshape(inputs, (-1, self.groups, count, features))
        outputs = ops.einsum("bgcf,gfu->bgcu", grouped, self.kernel)
        return ops.reshape(outputs, (-1, self.groups * count, self.units))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "groups": self.groups,
            "seed": self.seed,
        }
