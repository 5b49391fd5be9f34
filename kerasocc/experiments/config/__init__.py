"""The settings of a run: their defaults by data and protocol, their files, their consistency."""

from kerasocc.experiments.config.train_config import TrainConfig

__all__ = ["TrainConfig"]
