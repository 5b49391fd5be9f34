"""Adaptive weighting of the regularizers, eq. 7 by hand."""

import numpy as np
import pytest

from kerasocc.callbacks import AdaptiveWeighting
from kerasocc.regularizers import VarianceRegularizer
from tests.regularizers.models import biased, frozen


def test_weight_follows_equation_7():
    # Center (2, 2); batches of two: distances 2, 2 and 8, 8; variances .02, .08 by hand.
    x = np.array([[3.1, 3.1], [2.9, 2.9], [0.2, 0.2], [-0.2, -0.2]], "float32")
    model = frozen(VarianceRegularizer(threshold=0.5), weight_decay=10.0)
    model.initialize_center(np.array([[2.0, 2.0], [2.0, 2.0]]))
    weighting = AdaptiveWeighting(alpha=0.8, beta=0.25, initial=1.5)
    options = dict(batch_size=2, shuffle=False, verbose=0, callbacks=[weighting])
    history = model.fit(x, **options).history
    # The second epoch and a second fit go on.
    more = model.fit(x, epochs=2, **options).history
    objectives = [((x[rows] - 2.0) ** 2).sum(axis=1).mean() for rows in (slice(2), slice(2, 4))]
    penalties = [0.5 - x[rows].var(axis=0, ddof=1).mean() for rows in (slice(2), slice(2, 4))]
    weight, weights = 1.5, []
    for _ in range(3):
        for objective, penalty in zip(objectives, penalties, strict=True):
            weight = 0.8 * weight + 0.25 * 0.2 * objective / penalty
        weights.append(weight)
    found = history["regularization_weight"] + more["regularization_weight"]
    assert found == pytest.approx(weights, rel=1e-4)
    assert history["regularization"] == pytest.approx([np.mean(penalties)], rel=1e-4)
    # The reported loss is that of the objective alone.
    assert history["loss"] == pytest.approx([np.mean(objectives)], rel=1e-5)


def test_a_fixed_weight_stays(digits):
    model = biased(VarianceRegularizer(), digits)
    options = dict(batch_size=16, epochs=2, verbose=0, callbacks=[AdaptiveWeighting(fixed=1.0)])
    history = model.fit(digits.x_train, **options).history
    assert history["regularization_weight"] == [1.0, 1.0]
