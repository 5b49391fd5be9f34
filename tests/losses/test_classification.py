"""The binary cross-entropy by hand."""

import numpy as np
from keras import ops

from kerasocc.losses import classification


def test_by_hand():
    logit = ops.convert_to_tensor([np.log(3.0), np.log(3.0), -2.0], "float32")
    # p = 3/4: -log(1/4) for normal samples, -log(3/4) for anomalies.
    found = classification.semi_supervised(logit, ops.convert_to_tensor([0.0, -1.0, 1.0]))
    expected = [np.log(4), -np.log(0.75), np.log(1 + np.exp(-2))]
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=1e-5)


def test_huge_logits_are_finite():
    logit = ops.convert_to_tensor([1e30, -1e30], "float32")
    normal, anomaly = classification.normal_loss(logit), classification.anomaly_loss(logit)
    np.testing.assert_allclose(ops.convert_to_numpy(normal), [1e30, 0.0], rtol=1e-6)
    np.testing.assert_allclose(ops.convert_to_numpy(anomaly), [0.0, 1e30], rtol=1e-6)
