"""Weight decay as the references apply it: L2 in the gradient."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from keras import ops


def squared_norm(kernels: Iterable[Any]) -> Any:
    """Half the sum of the squared Frobenius norms, `1/2 * sum ||W||_F^2`.

    Times `weight_decay` this is the regularizer of eq. 3 and 4 of Deep SVDD. It
    equals PyTorch's `Adam(weight_decay=...)`; Keras's `Adam(weight_decay=...)`
    is the decoupled variant and does something else.

    Args:
        kernels: Weights of any shapes.

    Returns:
        Scalar, float32.
    """
    return 0.5 * sum(ops.sum(ops.square(ops.cast(k, "float32"))) for k in kernels)
