"""The augmentation of a run: which layers it has, and that both phases train with it."""

import keras
import pytest

from kerasocc.datasets import one_vs_rest
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.runs.augmentation import make_augmentation
from kerasocc.experiments.runs.building import make_model
from kerasocc.experiments.runs.model_training import train_model
from kerasocc.networks import lenet


def config(**settings):
    phases = dict(pretrain_epochs=2, pretrain_drop_at=(), epochs=2, drop_at=())
    return TrainConfig.for_dataset("digits", method="deep-svdd", **phases, **settings)


def test_every_name_is_a_layer():
    augment = ("flip", "vertical-flip", "shift=0.2", "rotation", "zoom=0.3")
    layers = make_augmentation(config(augment=augment)).layers
    assert [type(layer) for layer in layers] == [
        keras.layers.RandomFlip,
        keras.layers.RandomFlip,
        keras.layers.RandomTranslation,
        keras.layers.RandomRotation,
        keras.layers.RandomZoom,
    ]
    assert [layer.mode for layer in layers[:2]] == ["horizontal", "vertical"]
    assert (layers[2].height_factor, layers[2].width_factor) == (0.2, 0.2)
    assert layers[3].factor == (-0.05, 0.05)
    assert layers[4].height_factor == 0.3
    assert make_augmentation(config()) is None


def test_the_model_has_it():
    encoder = lenet("digits")
    model = make_model(config(augment=("flip",)), encoder, None, None)
    assert [type(layer) for layer in model.augmentation.layers] == [keras.layers.RandomFlip]
    assert make_model(config(), encoder, None, None).augmentation is None


@pytest.mark.slow
def test_both_phases_are_augmented(tmp_path):
    data = one_vs_rest("digits", normal_class=0, validation=0.2)

    def trained(folder, **settings):
        (tmp_path / folder).mkdir()
        return train_model(config(**settings), tmp_path / folder, data)

    augmented, plain = trained("augmented", augment=("flip", "shift=0.2")), trained("plain")
    for phase in ("pretraining", "training"):
        found, without = (run.histories[phase]["loss"][-1] for run in (augmented, plain))
        assert found != pytest.approx(without, rel=1e-3)
    # 86 samples in batches of 32, twice.
    assert int(keras.ops.convert_to_numpy(augmented.model.augmenter.batches)) == 6
