"""Backups of a phase that are damaged, or belong to others."""

import json
import shutil

import keras
import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.experiments.runs import phases
from kerasocc.experiments.runs.phases import Phase, run_phase

EPOCHS = 4


def phase(*, keep_best=False, width=16):
    encoder = kocc.networks.mlp([64, width, 8], seed=0)
    model = kocc.DeepSVDD(keras.Sequential([keras.layers.Flatten(), encoder]), seed=0)
    model.build_by_call((None, 8, 8, 1))
    return Phase("training", model, EPOCHS, batch_size=16, learning_rate=1e-3, keep_best=keep_best)


@pytest.fixture(scope="module")
def data(digits):
    return kocc.datasets.one_vs_rest("digits", normal_class=0, validation=0.2)


class Stop(keras.callbacks.Callback):
    """End the process, so to speak, when an epoch has been backed up."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == self.epoch:
            raise KeyboardInterrupt


def weights_of(model):
    return [np.array(w) for w in model.weights]


def assert_equal_weights(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture(scope="module", autouse=True)
def backups_of_every_epoch():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phases, "SECONDS_BETWEEN_BACKUPS", 0)
        yield


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """Weights and history of a phase that nothing has interrupted, by `keep_best`."""
    found = {}
    for keep_best in (False, True):
        wanted = phase(keep_best=keep_best)
        history = run_phase(wanted, data, tmp_path_factory.mktemp("whole"))
        found[keep_best] = weights_of(wanted.model), history
    return found


@pytest.fixture(scope="module")
def interrupted(data, tmp_path_factory):
    """Folders of a phase that has stopped after two epochs, by `keep_best`."""
    found = {}
    for keep_best in (False, True):
        found[keep_best] = tmp_path_factory.mktemp("interrupted")
        with pytest.raises(KeyboardInterrupt):
            run_phase(phase(keep_best=keep_best), data, found[keep_best], [Stop(2)])
    return found


def cut(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def empty(file):
    file.write_bytes(b"")


def holes(file):
    # The beginning is right, what it refers to is not there.
    content = file.read_bytes()
    file.write_bytes(content[:2000] + bytes(len(content) - 2000))


def fewer_epochs(file):
    file.write_text(json.dumps({name: v[:1] for name, v in json.loads(file.read_text()).items()}))


def delete(file):
    file.unlink()


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("weights.h5", cut),
        ("weights.h5", holes),
        ("history.json", cut),
        pytest.param("history.json", fewer_epochs, marks=pytest.mark.slow),
        pytest.param("history.json", delete, marks=pytest.mark.slow),
        ("best.weights.h5", empty),
        pytest.param("best.weights.h5", delete, marks=pytest.mark.slow),
    ],
)
def test_a_damaged_backup_has_the_phase_begin_anew(
    file, damage, data, whole, interrupted, tmp_path
):
    keep_best = file.startswith("best")
    backup = shutil.copytree(interrupted[keep_best], tmp_path / "backup")
    damage(backup / f"training.{file}")
    resumed = phase(keep_best=keep_best)
    with pytest.warns(UserWarning, match=rf"training\.{file}.* This phase of the run begins anew"):
        history = run_phase(resumed, data, backup)
    weights, expected = whole[keep_best]
    assert_equal_weights(weights_of(resumed.model), weights)
    assert len(history["loss"]) == EPOCHS and history["loss"] == expected["loss"]


@pytest.mark.parametrize("keep_best", [False, True])
def test_a_sound_backup_is_gone_on_with(keep_best, data, whole, interrupted, tmp_path):
    backup = shutil.copytree(interrupted[keep_best], tmp_path / "backup")
    resumed, begun = phase(keep_best=keep_best), []
    count = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: begun.append(epoch))
    history = run_phase(resumed, data, backup, [count])
    assert begun == [2, 3]
    assert_equal_weights(weights_of(resumed.model), whole[keep_best][0])
    assert history["loss"] == whole[keep_best][1]["loss"]


def test_a_backup_of_other_settings_says_what_to_delete(data, interrupted):
    message = "does not fit: [^\\n]* Delete the folder"
    with pytest.raises(ValueError, match=message) as caught:
        run_phase(phase(width=17), data, interrupted[False])
    assert str(interrupted[False]) in str(caught.value)


def test_the_best_weights_are_written_before_the_backup(data, tmp_path):
    """Killed between the two, a run would keep the best of an earlier epoch."""
    events = []

    class Model(kocc.DeepSVDD):
        def save_weights(self, path, *arguments, **options):
            events.append(path.name)
            super().save_weights(path, *arguments, **options)

    wanted = phase(keep_best=True)
    wanted.model.__class__ = Model
    run_phase(wanted, data, tmp_path)
    assert events[:2] == ["training.best.weights.h5", "training.weights.h5"]
