"""Checks of samples, labels and batches on their way in."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kerasocc.engine.not_numbers import as_number_array

ALL_ZERO = "`sample_weight` must hold weights above 0. Received: all of them 0"
Batch = tuple[np.ndarray, np.ndarray | None, np.ndarray | None]
"""Samples `(batch, ...)`, their labels and weights `(batch,)`; None for what is absent."""


LARGEST = np.finfo("float32").max
FEW_VALUES = 1000
"""Of so few values all are looked at in less time than NumPy's warnings are switched off."""


def as_samples(x: Any, name: str = "x", dtype: str = "float32") -> np.ndarray:
    """Convert to a finite array of shape `(samples, ...)`, of the given dtype or uint8.

    Raises:
        ValueError: If `x` is empty, has no feature axis, holds anything but
            numbers, or holds NaN or infinity.
    """
    samples = check_shape(name, to_numpy(name, x, dtype))
    check_finite(name, samples)
    return samples


def check_shape(name: str, samples: Any) -> Any:
    """Return `samples` if there are any and they have a feature axis.

    Args:
        name: Of the argument.
        samples: Array or `Rows`.
    """
    if samples.ndim < 2:
        raise ValueError(
            f"`{name}` must have shape (samples, ...) with at least one feature axis. "
            f"Received: shape {samples.shape}"
        )
    if 0 in samples.shape:
        raise ValueError(f"`{name}` must hold at least one sample. Received: shape {samples.shape}")
    return samples


def check_sample_shape(
    shape: tuple[int, ...],
    expected: tuple[int | None, ...],
    prepared: tuple[int | None, ...] | None = None,
) -> None:
    """Raise `ValueError` if samples have another shape than the encoder takes.

    Args:
        shape: Of a sample.
        expected: What the encoder takes, None for any size.
        prepared: Shape of the sample after the preprocessing, if that changes it.
    """
    comes = shape if prepared is None else prepared
    matches = len(expected) == len(comes) and all(
        None in (e, s) or e == s for e, s in zip(expected, comes, strict=True)
    )
    if not matches:
        channel = "; add the channel axis with `x[..., None]`"
        raise ValueError(
            f"`x` must hold samples of shape {expected}, which the encoder takes. "
            f"Received: samples of shape {tuple(shape)}"
            f"{channel if (*shape, 1) == expected else ''}"
        )


def check_finite(name: str, values: np.ndarray, where: str = "", positions: Any = None) -> None:
    """Raise `ValueError` naming the first row that holds NaN or infinity.

    Args:
        name: Of the argument.
        values: Shape `(rows, ...)`.
        where: What the rows are counted in, for the message.
        positions: What their indices are, if not 0, 1, ...
    """
    if values.dtype.kind != "f":
        return
    if values.size <= FEW_VALUES:
        if np.isfinite(values).all():
            return
    else:
        # The sum is finite far more cheaply than every element is looked at; it may
        # overflow on finite data, so only its failure leads to the full check.
        with np.errstate(over="ignore", invalid="ignore"):
            if np.isfinite(np.sum(values)):
                return
    bad = ~np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    if bad.any():
        first = int(bad.argmax())
        raise ValueError(
            f"`{name}` must be finite. Received: NaN or infinity in {int(bad.sum())} "
            f"of {len(values)} samples, the first at index "
            f"{first if positions is None else int(positions[first])}{where}"
        )


def unpack(element: Any) -> tuple[Any, Any, Any]:
    """Split a batch into `(x, y, sample_weight)`, None for what is absent."""
    if not isinstance(element, (tuple, list)):
        element = (element,)
    if not 1 <= len(element) <= 3 or isinstance(element[0], (dict, tuple, list)):
        raise ValueError(
            "A batch must be `x`, `(x, y)` or `(x, y, sample_weight)` with a single "
            f"input tensor. Received: a structure of length {len(element)} whose first "
            f"element is of type {type(element[0]).__name__}"
        )
    return (*element, None, None)[:3]


def to_numpy(name: str, values: Any, dtype: str = "float32") -> np.ndarray:
    """Convert numbers to a contiguous array of the given dtype or (as it came) uint8.

    What is infinite as float32 becomes infinite as float64 too.
    """
    if type(values) is not np.ndarray and keras.ops.is_tensor(values):
        values = keras.ops.convert_to_numpy(values)
    values = as_number_array(name, values)
    if values.dtype == "uint8":
        return values
    if values.dtype == "float32" == dtype and values.flags.c_contiguous and values.ndim:
        return values
    with np.errstate(over="ignore"):
        converted = np.ascontiguousarray(values, dtype=dtype)
    if converted.dtype == "float64" and (beyond := np.abs(converted) > LARGEST).any():
        converted = np.where(beyond, np.copysign(np.inf, converted), converted)
    return converted


def as_column(name: str, values: Any, num_samples: int) -> np.ndarray:
    """Convert labels or weights to finite values of shape `(num_samples,)`."""
    values = to_numpy(name, values)
    if values.size != num_samples:
        raise ValueError(
            f"`{name}` must hold one value per sample: {num_samples} values expected. "
            f"Received: shape {values.shape}"
        )
    values = values.reshape(num_samples)
    check_finite(name, values)
    return values


def as_weights(values: Any, num_samples: int, where: str = "") -> np.ndarray:
    """Convert weights to values of shape `(num_samples,)`, float32, none of them negative.

    Args:
        values: The weights.
        num_samples: Number of samples.
        where: What they are a part of, for the message.
    """
    weights = as_column("sample_weight", values, num_samples).astype("float32")
    negative = weights < 0
    if negative.any():
        raise ValueError(
            f"`sample_weight` must not be negative. Received: {int(negative.sum())} negative "
            f"weights{where}, the first of them {weights[negative][0]:g} at index "
            f"{int(negative.argmax())}"
        )
    return weights


def checked_batch(element: Any, number: int, dtype: str = "float32") -> Batch:
    """Convert a batch of a dataset to `(x, y, sample_weight)` in NumPy, None for what is absent.

    Args:
        element: What the dataset gave.
        number: Of the batch, for the message.
        dtype: Of the samples.
    """
    x, y, sample_weight = unpack(element)
    x = to_numpy("x", x, dtype)
    if x.ndim < 2 or x.size == 0:
        raise ValueError(
            "Every batch of `x` must have shape (batch, ...) and hold samples. "
            f"Received: shape {x.shape} in batch {number}"
        )
    check_finite("x", x, f" of batch {number}")
    return (
        x,
        None if y is None else as_column("y", y, len(x)),
        None if sample_weight is None else as_weights(sample_weight, len(x), f" in batch {number}"),
    )
