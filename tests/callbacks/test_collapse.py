"""A collapse is told early where its end is certain, and from statistics that lag behind."""

import keras
import numpy as np
import pytest
from keras import layers

import kerasocc as kocc
from kerasocc.callbacks import CollapseError, CollapseMonitor


class Epochs(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.count = 0

    def on_epoch_end(self, epoch, logs=None):
        self.count += 1


@pytest.fixture
def x(random):
    return random.normal(size=(64, 6)).astype("float32")


def deep_encoder(*, momentum):
    """Layers whose outputs shrink to nothing unless BatchNorm knows their size.

    The last one adds what is constant, as trained offsets of BatchNorm do.
    """
    tiny = keras.initializers.RandomNormal(stddev=1e-3, seed=0)
    network = keras.Sequential([keras.Input((6,))])
    for _ in range(3):
        network.add(layers.Dense(6, use_bias=False, kernel_initializer=tiny))
        network.add(
            layers.BatchNormalization(center=False, scale=False, momentum=momentum, epsilon=1e-12)
        )
    network.add(layers.Rescaling(1.0, offset=1.0))
    return network


def collapsing_encoder():
    tiny = keras.initializers.Constant(1e-9)
    return keras.Sequential(
        [keras.Input((6,)), layers.Dense(4, kernel_initializer=tiny, bias_initializer="ones")]
    )


def fit(network, x, *, epochs=5, make=kocc.DeepSVDD, monitor=None, **options):
    with pytest.warns(UserWarning, match="can map every input"):
        model = make(network, seed=0, **options)
    model.compile(keras.optimizers.SGD(1e-6), run_eagerly=True)
    counted = Epochs()
    callbacks = [counted] if monitor is None else [monitor, counted]
    try:
        model.fit(x, batch_size=32, epochs=epochs, verbose=0, callbacks=callbacks)
    finally:
        model.epochs_seen = counted.count
        fit.epochs = int(keras.ops.convert_to_numpy(model.epochs_trained))
    return model


def test_collapse_of_the_weights_stops_in_the_first_epoch(x):
    with pytest.raises(CollapseError, match="collapsed: it maps all training samples to one"):
        fit(collapsing_encoder(), x)
    assert fit.epochs == 1


def test_lagging_statistics_are_no_collapse_of_the_weights(x):
    with pytest.raises(CollapseError) as error:
        fit(deep_encoder(momentum=0.999), x)
    assert fit.epochs == 1
    message = str(error.value)
    assert "it is no collapse of the weights: the moving statistics of its 3 BatchNorm" in message
    assert "`momentum` (now up to 0.999)" in message


@pytest.mark.slow
def test_statistics_that_will_catch_up_do_not_stop_the_training(x):
    # 0.9^2 of the first weights is left after an epoch, 0.9^60 after all.
    model = fit(deep_encoder(momentum=0.9), x, epochs=80)
    assert fit.epochs == 80 and np.isfinite(model.score(x)).all()


def test_a_look_in_training_mode_changes_nothing(x):
    network = deep_encoder(momentum=0.9)
    model = fit(network, x, monitor=CollapseMonitor(action="log"))
    before = model.get_weights()
    embeddings = model.embeddings_in_training_mode(x)
    assert np.abs(embeddings - 1.0).std() > 0.5
    for weight, value in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, value)
    # Without BatchNorm, or with one that stays as it is, both modes are the same.
    network.trainable = False
    assert model.embeddings_in_training_mode(x) is None


def test_a_warning_goes_on(x):
    with pytest.warns(UserWarning, match="collapsed"):
        model = fit(collapsing_encoder(), x, monitor=CollapseMonitor(action="warn"))
    assert fit.epochs == 5 and model.is_fitted


def test_what_may_lead_out_of_a_collapse_is_trained_to_the_end(x):
    regularizer = kocc.regularizers.VarianceRegularizer()
    model = kocc.DeepSVDD(collapsing_encoder(), regularizer=regularizer, seed=0)
    model.compile(keras.optimizers.SGD(1e-12), run_eagerly=True)
    with pytest.raises(CollapseError):
        model.fit(x, epochs=3, verbose=0)
    assert int(keras.ops.convert_to_numpy(model.epochs_trained)) == 3


def test_a_fit_of_one_epoch_is_judged_at_its_end(x):
    with pytest.raises(CollapseError, match="collapsed"):
        fit(collapsing_encoder(), x, epochs=1)


@pytest.mark.slow
def test_random_mobilenet(random):
    x = random.integers(0, 256, size=(64, 32, 32, 3)).astype("uint8")
    network = keras.applications.MobileNetV2(
        (32, 32, 3), weights=None, include_top=False, pooling="avg"
    )
    with pytest.warns(UserWarning, match="and [0-9]+ more") as caught:
        model = kocc.DeepSVDD(network, preprocessing=layers.Rescaling(1 / 255), seed=0)
    assert len(str(caught[0].message)) < 700
    model.compile(keras.optimizers.Adam(1e-4))
    with pytest.raises(CollapseError, match="no collapse of the weights"):
        model.fit(x, batch_size=32, epochs=5, verbose=0)
    assert int(keras.ops.convert_to_numpy(model.epochs_trained)) == 1
