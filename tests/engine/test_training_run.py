"""What belongs to a running `fit`: one at a time, on every replica the same state."""

import keras
import numpy as np
import pytest
from keras import ops

import kerasocc as kocc

X = np.random.default_rng(0).normal(size=(96, 4)).astype("float32")


class Counting(kocc.OneClassModel):
    """Counts its steps in a weight that is added when the training begins."""

    data_state = ("steps",)

    def initialize(self):
        self.steps = self.add_state("steps")

    def loss_of(self, representation, targets):
        return ops.sum(ops.square(representation), axis=-1)

    def score_of(self, representation):
        return ops.sum(ops.square(representation), axis=-1)

    def update_state(self, representation):
        self.steps.assign(self.steps + 1.0)

    def default_callbacks(self):
        return []


def made(kind=kocc.DeepSVDD):
    model = kind(kocc.networks.mlp([4, 6, 3], seed=0), seed=0)
    model.compile(keras.optimizers.Adam(1e-3))
    return model


def test_there_is_a_run_only_while_fit_runs():
    model = made()
    with pytest.raises(RuntimeError, match="only while `fit` runs"):
        model.training_run  # noqa: B018
    runs = []
    record = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: runs.append(model.training_run)
    )
    model.fit(X, epochs=2, verbose=0, callbacks=[record])
    assert runs[0] is runs[1] and runs[0].model is model
    assert model.current_run is None


@pytest.mark.parametrize(
    "within", [lambda m: m.fit(X, verbose=0), lambda m: m.train_on_batch(X[:8])]
)
def test_a_model_trains_once_at_a_time(within):
    model = made()
    again = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: within(model))
    with pytest.raises(RuntimeError, match="cannot be called in it"):
        model.fit(X, epochs=2, verbose=0, callbacks=[again])
    assert model.current_run is None
    model.fit(X, epochs=1, verbose=0)


def test_state_that_a_training_adds_is_the_same_on_every_replica(two_replicas):
    with two_replicas.scope():
        model = made(Counting)
    model.fit(X, batch_size=8, epochs=2, verbose=0)
    assert float(ops.convert_to_numpy(model.steps)) == 24.0


def test_a_weight_of_the_model_is_not_replaced():
    model = made()
    with pytest.raises(ValueError, match="`name` must be new.*Received: name='threshold'"):
        model.add_state("threshold")


def test_backups_in_mid_epoch_are_refused(tmp_path):
    model = made()
    backup = keras.callbacks.BackupAndRestore(tmp_path / "b", save_freq=3)
    with pytest.raises(ValueError, match="must have save_freq='epoch'.*Received: save_freq=3"):
        model.fit(X, verbose=0, callbacks=[backup])
    assert not model.is_fitted and not (tmp_path / "b").exists()


def test_shorter_epochs_are_backed_up_more_often(tmp_path):
    """What the error above advises: killed between two backups, it ends as if it were not."""

    class Killed(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if int(ops.convert_to_numpy(self.model.optimizer.iterations)) == 11:
                raise KeyboardInterrupt

    def train(model, *callbacks):
        options = dict(batch_size=8, steps_per_epoch=4, epochs=6, verbose=0)
        return model.fit(X, callbacks=list(callbacks), **options)

    whole, killed, resumed = made(), made(), made()
    train(whole)
    with pytest.raises(KeyboardInterrupt):
        train(killed, keras.callbacks.BackupAndRestore(tmp_path / "b"), Killed())
    history = train(resumed, keras.callbacks.BackupAndRestore(tmp_path / "b")).history
    assert len(history["loss"]) == 4
    assert int(ops.convert_to_numpy(resumed.optimizer.iterations)) == 24
    for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
