"""How many epochs a run trains."""

import pytest

from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.runs.length import training_epochs


@pytest.mark.parametrize(
    ("samples", "batch_size", "steps", "expected"),
    [
        (100, 32, 8, 2),  # four steps an epoch, the last one on 4 samples
        (100, 32, 9, 3),
        (96, 32, 9, 3),
        (5, 32, 7, 7),
        (10_000, 128, 10, 1),
    ],
)
def test_steps_are_rounded_up_to_whole_epochs(samples, batch_size, steps, expected):
    config = TrainConfig.for_dataset(batch_size=batch_size, steps=steps)
    assert training_epochs(config, samples) == expected


def test_epochs_are_taken_as_they_are():
    assert training_epochs(TrainConfig.for_dataset(epochs=7), 10_000) == 7


def test_an_epoch_is_left_after_the_warmup():
    config = TrainConfig.for_dataset(steps=8, batch_size=32, latent="soft", latent_warmup=2)
    assert training_epochs(config, 80) == 3
    with pytest.raises(ValueError, match="must be less than the 2 epochs, .*: latent_warmup=2"):
        training_epochs(config, 100)
