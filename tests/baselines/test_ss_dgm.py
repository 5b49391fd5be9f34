"""SS-DGM: what is trained, with what weights, and resumed trainings."""

import keras
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import kerasocc as kocc
from kerasocc.datasets.preprocessing import unit_range

SHAPE = (8, 8, 1)


@pytest.fixture(scope="module")
def data():
    return kocc.datasets.one_vs_rest("digits", normal_class=0, labelled=0.2, labelled_classes=[1])


def networks(seed=0):
    return (
        kocc.networks.dense_encoder(SHAPE, 16, hidden=(32,), seed=seed),
        kocc.networks.dense_decoder(SHAPE, 10, hidden=(32,), seed=seed),
    )


def made(data, **options):
    model = kocc.baselines.SSDGM(
        *networks(),
        latent=8,
        hidden=(16,),
        preprocessing=unit_range(data.x_train),
        seed=0,
        **options,
    )
    model.compile(keras.optimizers.Adam(1e-3))
    return model


def test_the_first_model_stays_as_it_is(data):
    model = made(data)
    before = [np.array(w) for w in model.encoder.weights]
    trained = [np.array(w) for w in model.optimizer_groups()[0].weights]
    model.fit(data.x_train, data.y_train, epochs=1, verbose=0)
    for weight, value in zip(model.encoder.weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)
    moved = [
        np.abs(np.array(w) - v).max()
        for w, v in zip(model.optimizer_groups()[0].weights, trained, strict=True)
    ]
    assert min(moved) > 1e-5
    assert float(model.labelled_share) == pytest.approx(np.mean(data.y_train != 0), rel=1e-6)


def test_learns_from_labels(data):
    first = kocc.baselines.VariationalAutoencoder(
        networks()[0],
        kocc.networks.dense_decoder(SHAPE, 8, hidden=(32,), seed=0),
        preprocessing=unit_range(data.x_train),
        seed=0,
    )
    first.compile(keras.optimizers.Adam(1e-3))
    first.fit(data.x_train, epochs=20, batch_size=16, verbose=0)
    model = kocc.baselines.SSDGM(
        first.encoder,
        networks()[1],
        latent=8,
        hidden=(16,),
        preprocessing=first.preprocessing,
        seed=0,
    )
    model.compile(keras.optimizers.Adam(1e-3))
    model.fit(data.x_train, data.y_train, epochs=40, batch_size=16, verbose=0)
    scores = model.score(data.x_test)
    assert scores.std() > 0.5
    classes = kocc.datasets.one_vs_rest("digits", normal_class=1).y_test
    # Ones are what it was shown; the other anomalies nobody has promised.
    shown = (data.y_test == 0) | (classes == 0)
    assert roc_auc_score(data.y_test[shown], scores[shown]) > 0.97
    np.testing.assert_allclose(model.embed(data.x_test), first.embed(data.x_test), rtol=1e-5)


class Killed(Exception):
    pass


class KillAfter(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 2:
            raise Killed


@pytest.mark.slow
def test_resumed_training_equals_uninterrupted(data, tmp_path):
    def fit(*callbacks):
        model = made(data)
        backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
        model.fit(data.x_train, data.y_train, epochs=5, verbose=0, callbacks=[backup, *callbacks])
        return model

    with pytest.raises(Killed):
        fit(KillAfter())
    resumed, uninterrupted = fit(), made(data)
    uninterrupted.fit(data.x_train, data.y_train, epochs=5, verbose=0)
    for one, other in zip(resumed.weights, uninterrupted.weights, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=one.path)


def test_weight_decay_is_that_of_the_second_model(data):
    model = made(data, weight_decay=1e-3)
    kernels = {id(kernel) for kernel in model.decayed_kernels()}
    parts = (model.decoder, model.recognition, model.classifier)
    assert kernels == {id(w) for part in parts for w in part.weights if len(w.shape) == 2}
    assert len(kernels) == 6


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (dict(latent=0), "`latent` must be an integer of at least 1"),
        (dict(hidden=()), "`hidden` must hold at least one width"),
        (dict(alpha=-1), "`alpha` must be a finite number that is not negative"),
        (
            dict(latent=4),
            r"codes of shape \(6,\) to.*Received: input shape \(10,\)",
        ),
    ],
)
def test_bad_arguments(options, error):
    with pytest.raises(ValueError, match=error):
        kocc.baselines.SSDGM(*networks(), **{"latent": 8, **options})


def test_bad_networks():
    _, decoder = networks()
    odd = kocc.networks.dense_encoder(SHAPE, 7)
    with pytest.raises(ValueError, match="must give an even number of values.*Received: 7"):
        kocc.baselines.VariationalAutoencoder(odd, decoder)
    other = kocc.networks.dense_decoder((4, 4, 1), 8)
    with pytest.raises(ValueError, match=r"samples of shape \(8, 8, 1\). Received: output shape"):
        kocc.baselines.VariationalAutoencoder(networks()[0], other)


def test_without_labels_it_is_refused(data):
    with pytest.raises(ValueError, match="`outliers` must be given to SSDGM"):
        made(data).fit(data.x_train)
