"""Weight decay as an L2 penalty, as in the reference implementations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from keras import ops


def squared_norm(kernels: Iterable[Any]) -> Any:
    """Half the sum of the squared Frobenius norms, `1/2 * sum ||W||_F^2`.

    Multiplied by `weight_decay` it is the regularizer of eq. 3 and 4 of Deep SVDD. It is
    equivalent to PyTorch's `Adam(weight_decay=...)`, but not to Keras's, which decouples
    the decay from the gradient.

    Args:
        kernels: Weight tensors of any shape.

    Returns:
        Scalar, float32.
    """
    return 0.5 * sum(ops.sum(ops.square(ops.cast(k, "float32"))) for k in kernels)
