"""Criteria to choose parameters by without labels, as scorers of scikit-learn's searches.

None of them knows the anomalies that will come: each looks at something that good detectors
usually have. `docs/scikit_learn.md` says what was measured. With a few labelled anomalies the AUC
of a validation (`scoring="roc_auc"`, `OneClassKFold`) is better than all of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline
from sklearn.utils import check_array

from kerasocc.estimators.autoencoder import ReconstructionDetector
from kerasocc.estimators.contrastive import ICLDetector, NeuTraLADDetector
from kerasocc.estimators.multi_head_rotnet import MultiHeadRotNetDetector

COMPARABLE = (ReconstructionDetector, NeuTraLADDetector, ICLDetector, MultiHeadRotNetDetector)
"""Detectors whose loss a collapsed network does not minimise."""

_SEED = 0
_MARGIN = 0.1
"""Part of its range by which uniform values of a column go beyond it, on both sides."""


def held_out_loss_scorer(estimator: Any, X: Any, y: Any = None) -> float:
    """Minus the mean objective of samples that were not trained on.

    For autoencoders and the contrastive methods. It says whether the task is learned, and when
    training longer begins to learn the training samples by heart; not whether anomalies are bad
    at the task: an autoencoder that reconstructs everything has the best loss. It compares
    numbers of epochs, learning rates and weight decays, not what changes the loss itself:
    `preprocessing`, `temperature`, `num_transforms`, windows, `shift`; and with the code size of
    an autoencoder it only ever falls.

    Args:
        estimator: A fitted detector, or a pipeline that ends in one.
        X: Samples that it was not fitted on.
        y: Ignored.

    Returns:
        Larger is better.

    Raises:
        ValueError: For a method whose loss a collapsed network minimises, as that of Deep SVDD.
    """
    detector, samples = _detector_and_samples(estimator, X)
    if not isinstance(detector, COMPARABLE):
        names = [cls.__name__ for cls in COMPARABLE]
        raise ValueError(
            f"`held_out_loss_scorer` is for detectors of {names}: the loss of others is smallest "
            f"for a network that maps all samples to one point. Received: {type(detector).__name__}"
        )
    model = detector.model_
    return -float(model.evaluate(detector._checked(samples), verbose=0, return_dict=True)["loss"])


def synthetic_anomaly_scorer(estimator: Any, X: Any, y: Any = None) -> float:
    """AUC of samples that were not trained on against synthetic anomalies made of them.

    One half of these has every column shuffled by itself, which keeps the columns and breaks what
    binds them; the other half is uniform over the ranges of the columns and a little beyond. It
    sees whether a detector has learned how columns depend on each other, and where no data are;
    it says nothing of anomalies that are of another kind, and mixes columns that only take a few
    values badly. All candidates are tested on the same ones, which come from `X` alone.

    Args:
        estimator: Any fitted estimator with `score_samples`.
        X: Rows of a table, that it was not fitted on.
        y: Ignored.

    Returns:
        In [0, 1].
    """
    rows = check_array(X, accept_sparse="csr")
    rows = rows if isinstance(rows, np.ndarray) else rows.toarray()
    made = synthetic_anomalies(rows)
    if hasattr(X, "columns"):
        # A detector that was fitted on names expects them.
        made = type(X)(made, columns=X.columns)
    scores = np.concatenate([estimator.score_samples(X), estimator.score_samples(made)])
    return float(roc_auc_score(np.arange(len(scores)) < len(rows), scores))


def synthetic_anomalies(rows: np.ndarray) -> np.ndarray:
    """As many synthetic anomalies as there are rows, shape `(samples, columns)`, the same ones.

    Args:
        rows: Normal rows.
    """
    generator = np.random.default_rng(_SEED)
    made = generator.permuted(np.asarray(rows, "float64"), axis=0)
    low, high = made.min(axis=0), made.max(axis=0)
    margin = _MARGIN * (high - low)
    uniform = generator.uniform(low - margin, high + margin, size=made.shape)
    half = len(made) // 2
    return np.concatenate([made[half:], uniform[:half]])


def _detector_and_samples(estimator: Any, X: Any) -> tuple[Any, Any]:
    if isinstance(estimator, Pipeline):
        return estimator[-1], estimator[:-1].transform(X)
    return estimator, X
