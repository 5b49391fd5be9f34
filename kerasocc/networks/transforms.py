"""Learnable transformations of samples, as in NeuTraL AD."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from kerasocc.checks import check_choice, check_integer
from kerasocc.networks.layer_factory import LayerFactory

FORMS: dict[str, Callable[[Any, Any], Any]] = {
    "forward": lambda output, x: output,
    "residual": lambda output, x: output + x,
    "mul": lambda output, x: ops.sigmoid(output) * x,
}
"""View of a sample `x`, given the output `M(x)` of a network, by name."""


@keras.saving.register_keras_serializable(package="kerasocc")
class LearnableTransforms(keras.layers.Layer):
    """Transforms each sample into `K` views, each by a network of its own.

    The networks `M_k` act on the flattened sample. They are fully connected, without
    biases, with ReLU between their layers. Each layer of all networks is computed by one
    batched matrix product.

    Args:
        num_transforms: `K`, at least 1.
        transform: The view: `"forward"` `M(x)`, `"residual"` `M(x) + x` or `"mul"`
            `sigmoid(M(x)) * x`.
        hidden: Widths of the hidden layers of each `M_k`; empty for a linear map.
        seed: Seed of the initial weights.
        **kwargs: Arguments of `keras.layers.Layer`.

    Raises:
        ValueError: If an argument is out of range.

    Reference:
        Qiu et al., Neural Transformation Learning for Deep Anomaly Detection Beyond
        Images, ICML 2021.
    """

    def __init__(
        self,
        num_transforms: int,
        *,
        transform: str = "residual",
        hidden: Sequence[int] = (64,),
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.num_transforms = check_integer("num_transforms", num_transforms, minimum=1)
        self.transform = check_choice("transform", transform, FORMS)
        self.hidden = _checked_widths(hidden)
        self.seed = None if seed is None else check_integer("seed", seed, minimum=0)

    def build(self, input_shape: Any) -> None:
        sample = tuple(input_shape[1:])
        if None in sample:
            raise ValueError(
                "`input_shape` must be fully defined except for the batch size. "
                f"Received: input_shape={tuple(input_shape)}"
            )
        self._sample = sample
        features = math.prod(sample)
        widths = [features, *self.hidden, features]
        make = LayerFactory(seed=self.seed)
        self.kernels = [
            self._add_kernel(number, *sizes, make.next_seed())
            for number, sizes in enumerate(zip(widths[:-1], widths[1:], strict=True))
        ]
        self.built = True

    def _add_kernel(self, number: int, inputs: int, units: int, seed: int | None) -> Any:
        # Keras's scaled initializers would count the axis of the networks as part of a kernel.
        limit = 1.0 / math.sqrt(inputs)
        return self.add_weight(
            name=f"kernel_{number}",
            shape=(self.num_transforms, inputs, units),
            initializer=keras.initializers.RandomUniform(-limit, limit, seed=seed),
        )

    def call(self, inputs: Any) -> Any:
        """Transform samples, shape `(batch, ...)`, into views, shape `(batch, K, ...)`."""
        x = ops.reshape(inputs, (-1, math.prod(self._sample)))
        # OpenVINO computes no product of batches of which one alone is broadcast.
        output = ops.einsum("bi,kij->kbj", x, self.kernels[0])
        for kernel in self.kernels[1:]:
            output = ops.matmul(ops.relu(output), kernel)
        views = ops.transpose(FORMS[self.transform](output, x), (1, 0, 2))
        return ops.reshape(views, (-1, self.num_transforms, *self._sample))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        return (input_shape[0], self.num_transforms, *input_shape[1:])

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_transforms": self.num_transforms,
            "transform": self.transform,
            "hidden": list(self.hidden),
            "seed": self.seed,
        }


def _checked_widths(hidden: Any) -> tuple[int, ...]:
    if not isinstance(hidden, Sequence) or isinstance(hidden, str):
        raise ValueError(
            "`hidden` must be a sequence of the widths of the hidden layers. "
            f"Received: hidden={hidden!r}"
        )
    return tuple(check_integer("hidden", width, minimum=1) for width in hidden)
