"""FCDD (Liznerski et al., ICLR 2021): anomaly maps and the losses of samples with masks."""

from __future__ import annotations

from typing import Any

from keras import ops

from kerasocc.losses.hypersphere_classifier import anomaly_loss, radial_distance


def anomaly_map(features: Any) -> Any:
    """`A = sqrt(phi^2 + 1) - 1` in every cell; of several channels their norm counts.

    Args:
        features: Output of a fully convolutional network, shape `(batch, u, v, c)`.

    Returns:
        Shape `(batch, u, v)`, float32, not negative.
    """
    return radial_distance(features)


def masked_loss(heat_map: Any, mask: Any) -> Any:
    """The loss of samples whose anomalous pixels are known (equation 4 of the paper).

    `mean(U * (1 - mask)) - log(1 - exp(-mean(U * mask)))`; the second term is for samples with
    a mask only, of those without one it is 0.

    Args:
        heat_map: `U`, the upsampled map, shape `(batch, height, width)`, not negative.
        mask: 1 for anomalous pixels, else 0, the same shape.

    Returns:
        Per-example loss, shape `(batch,)`.
    """
    mask = ops.cast(mask, heat_map.dtype)
    normal = ops.mean(heat_map * (1.0 - mask), axis=(1, 2))
    anomalous = anomaly_loss(ops.mean(heat_map * mask, axis=(1, 2)))
    has_mask = ops.any(mask > 0, axis=(1, 2))
    return normal + ops.where(has_mask, anomalous, ops.zeros_like(anomalous))
