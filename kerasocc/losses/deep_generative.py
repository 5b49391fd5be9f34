"""Variational autoencoders and the semi-supervised model M2 (Kingma et al., NIPS 2014), unreduced.

The classes of M2 are 0, normal, and 1, anomalous. `q(y|x)` is given by a logit.
"""

from __future__ import annotations

import math
from typing import Any

from keras import ops

EPSILON = 1e-4
"""Probabilities of pixels are kept so far from 0 and 1: float16 holds the gradient, 1 / EPSILON."""


def kl_divergence(mean: Any, log_variance: Any) -> Any:
    """`KL(N(mean, variance) || N(0, 1)) = 1/2 sum(variance + mean^2 - 1 - log variance)`.

    Args:
        mean: Shape `(batch, d)`.
        log_variance: Shape `(batch, d)`.

    Returns:
        Shape `(batch,)`, float32.
    """
    mean, log_variance = ops.cast(mean, "float32"), ops.cast(log_variance, "float32")
    terms = ops.exp(log_variance) + ops.square(mean) - 1.0 - log_variance
    return 0.5 * ops.sum(terms, axis=-1)


def bernoulli_loss(x: Any, probability: Any) -> Any:
    """`-log p(x|z)`, the binary cross-entropy summed over all values of a sample.

    Args:
        x: Samples in [0, 1], shape `(batch, ...)`.
        probability: What a decoder ending in a sigmoid makes of `z`, the same shape.

    Returns:
        Shape `(batch,)`, float32.
    """
    x = ops.cast(x, "float32")
    p = ops.clip(ops.cast(probability, "float32"), EPSILON, 1.0 - EPSILON)
    terms = -(x * ops.log(p) + (1.0 - x) * ops.log(1.0 - p))
    return ops.sum(ops.reshape(terms, (ops.shape(terms)[0], -1)), axis=-1)


def labelled_loss(costs: Any, logit: Any, is_anomaly: Any, alpha: Any) -> Any:
    """`L(x, y) - alpha log q(y|x)`, the loss of labelled samples (eq. 6 and 9).

    Args:
        costs: `-log p(x|y,z) + KL` for both classes, shape `(batch, 2)`.
        logit: Of `q(y=1|x)`, shape `(batch,)`.
        is_anomaly: `y`, 0 or 1, shape `(batch,)`.
        alpha: Weight of the classification.

    Returns:
        Shape `(batch,)`. `L` has the prior `p(y) = 1/2` in it.
    """
    chosen = ops.where(is_anomaly > 0, costs[:, 1], costs[:, 0])
    classification = ops.where(is_anomaly > 0, ops.softplus(-logit), ops.softplus(logit))
    return chosen + math.log(2.0) + alpha * classification


def unlabelled_loss(costs: Any, logit: Any) -> Any:
    """`U(x) = sum_y q(y|x) L(x, y) - H(q(y|x))`, the loss of unlabelled samples (eq. 7).

    Args:
        costs: As for `labelled_loss`.
        logit: As for `labelled_loss`.

    Returns:
        Shape `(batch,)`.
    """
    anomalous, normal = ops.sigmoid(logit), ops.sigmoid(-logit)
    entropy = anomalous * ops.softplus(-logit) + normal * ops.softplus(logit)
    expected = normal * costs[:, 0] + anomalous * costs[:, 1]
    return expected + math.log(2.0) - entropy


def semi_supervised(
    costs: Any, logit: Any, label: Any, *, alpha: float, labelled_share: Any
) -> Any:
    """The objective of the training: `mean L + a mean(-log q)` of the labelled, plus `mean U`.

    With the share `s` of labelled samples `a = alpha (1 - s) / s`, so that the classification
    weighs `alpha` times as much as all unlabelled samples together. Both means weigh alike however
    few samples are labelled, as in Deep SAD's code; Kingma et al. sum `L` and `U` over all
    samples.

    Args:
        costs: As for `labelled_loss`.
        logit: As for `labelled_loss`.
        label: Semi-supervised labels -1, 0 or +1, shape `(batch,)`.
        alpha: Weight of the classification.
        labelled_share: `s`, of the training set, in [0, 1]; 0 or 1 for the plain mean of the
            losses, with `a = alpha`.

    Returns:
        Per-example loss whose mean is the objective, shape `(batch,)`.
    """
    share = ops.cast(labelled_share, "float32")
    is_mixed = ops.logical_and(share > 0.0, share < 1.0)
    # In the plain mean all factors are 1.
    safe = ops.where(is_mixed, share, 0.5)
    weight = alpha * (1.0 - safe) / safe
    labelled = labelled_loss(costs, logit, ops.cast(label < 0, "int32"), weight)
    factors = ops.where(ops.equal(label, 0), 1.0 / (1.0 - safe), 1.0 / safe)
    losses = ops.where(ops.equal(label, 0), unlabelled_loss(costs, logit), labelled)
    return ops.where(is_mixed, factors, 1.0) * losses
