"""Every model trains on contaminated data with latent labels."""

import keras
import numpy as np
import pytest

from kerasocc.callbacks import LatentLabels, NoiseUpdate, RadiusUpdate
from kerasocc.engine.batches import as_targets
from tests.conformance.registry import build, every_model


@every_model
@pytest.mark.parametrize("mode", ["soft", "refine"])
def test_a_step_mixes_both_losses(case, digits, mode):
    x = digits.x_train[:40]
    model = build(case, digits, optimizer=keras.optimizers.SGD(0.0), run_eagerly=True)
    model.fit(x, batch_size=40, epochs=1, verbose=0)
    representation = model.represent_batch(x, as_targets(None, x), training=True)
    normal = np.array(model.loss_of(representation, as_targets(None, x)))
    anomaly = np.zeros(40) if mode == "refine" else np.array(model.anomaly_loss_of(representation))
    assert normal.shape == anomaly.shape == (40,) and np.isfinite(anomaly).all()
    if mode == "soft":
        difference = model.loss_difference_of(representation, as_targets(None, x))
        np.testing.assert_allclose(difference, normal - anomaly, rtol=1e-4, atol=1e-5)
    label = np.zeros(40)
    label[np.argsort(anomaly - normal)[:10]] = 0.5 if mode == "soft" else 1.0
    expected = ((1 - label) * normal + label * anomaly).mean() + float(model.weight_penalty())

    latent = LatentLabels(mode=mode, contamination=0.25)
    callbacks = [latent, *_keeping_state(model)]
    loss = model.fit(x, batch_size=40, epochs=1, verbose=0, callbacks=callbacks).history["loss"]
    assert loss == pytest.approx([expected], rel=1e-4)
    assert np.count_nonzero(latent.labels) == 10


def _keeping_state(model):
    """Callbacks in place of default ones that would change the objective before the step."""
    if hasattr(model, "training_noise"):
        model.training_noise.clear()
        return [NoiseUpdate(every=100)]
    return [RadiusUpdate(warmup_epochs=1)] if hasattr(model, "radius") else []


@every_model
@pytest.mark.parametrize("refresh", ["batch", "epoch"])
def test_training_with_latent_labels(case, digits, refresh):
    model = build(case, digits)
    latent = LatentLabels(mode="hard", contamination=0.1, refresh=refresh, warmup=1)
    history = model.fit(
        digits.x_train[:60], batch_size=20, epochs=4, verbose=0, callbacks=[latent]
    ).history
    assert np.isfinite(history["loss"]).all()
    assert np.isfinite(model.score(digits.x_test)).all()
    assert latent.labels.shape == (60,) and latent.labels.sum() == 6
    scores = model.score(digits.x_train[:60])
    flagged = scores[latent.labels > 0].mean()
    assert flagged > scores[latent.labels == 0].mean()
