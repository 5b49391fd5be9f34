"""How many epochs a run trains."""

from __future__ import annotations

from typing import Any

from kerasocc.defaults.training import epochs_of_steps


def training_epochs(config: Any, samples: int) -> int:
    """Epochs of the method: as they are given, or as many as the given steps need.

    Args:
        config: The settings of the run; either `epochs` or `steps` is None.
        samples: Number of training samples.

    Returns:
        At least 1; the last epoch is a whole one.

    Raises:
        ValueError: If no epoch would be left after the warm-up of the latent labels.
    """
    epochs = config.epochs
    if epochs is None:
        epochs = epochs_of_steps(config.steps, samples, config.batch_size)
    if config.latent_warmup >= epochs:
        raise ValueError(
            f"`latent_warmup` must be less than the {epochs} epochs, or no sample is ever flagged. "
            f"Received: latent_warmup={config.latent_warmup}"
        )
    return epochs
