"""Annealing of the variance threshold."""

import numpy as np

from kerasocc.callbacks import VarianceAnnealing
from kerasocc.regularizers import VarianceRegularizer
from tests.regularizers.models import frozen


def test_threshold_is_annealed_over_all_fits():
    x = np.array([[3.0, 3.0], [2.9, 2.8], [1.0, 2.0]])
    model = frozen(VarianceRegularizer(threshold=0.1))
    first = model.fit(x, epochs=4, verbose=0).history["variance_threshold"]
    second = model.fit(x, epochs=4, verbose=0).history["variance_threshold"]
    np.testing.assert_allclose(first + second, [0.1] * 3 + [0.01] * 3 + [0.001] * 2, rtol=1e-5)
    higher = frozen(VarianceRegularizer(threshold=8.0))
    annealing = VarianceAnnealing(factor=2, every=2)
    halved = higher.fit(x, epochs=5, verbose=0, callbacks=[annealing]).history
    thresholds = np.array([8.0, 8.0, 4.0, 4.0, 2.0])
    np.testing.assert_allclose(halved["variance_threshold"], thresholds, rtol=1e-6)
    variance = x.var(axis=0, ddof=1).mean()
    np.testing.assert_allclose(halved["regularization"], thresholds - variance, rtol=1e-5)
    constant = model.fit(x, epochs=2, verbose=0, callbacks=[VarianceAnnealing(every=None)]).history
    np.testing.assert_allclose(constant["variance_threshold"], 0.1, rtol=1e-6)
