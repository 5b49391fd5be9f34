"""Scaling, widths and length of the training by method, for tables and for images.

Chosen by `python -m benchmarks.detection` for tables, see `benchmarks/measured/`: a table of 200
rows and one of 10,000 need about the same number of steps, not of epochs.
"""

from __future__ import annotations

from typing import NamedTuple


class Training(NamedTuple):
    """How a method is trained.

    Attributes:
        preprocessing: Name of the recipe that scales the samples.
        hidden: Widths of the encoder, the code last; None for `usual_hidden`.
        batch_size: Samples per step.
        epochs: Number of epochs; None where `steps` are given.
        steps: Number of steps, rounded up to whole epochs; None where `epochs` are given.
        learning_rate: Of Adam.
        weight_decay: Weight decay of the model.
        pretrain_epochs: Epochs of an autoencoder before it.
        use_bias: Whether the layers of an MLP or a LeNet have biases.
        batch_norm: Whether an MLP has BatchNorm.
    """

    preprocessing: str = "standard"
    hidden: tuple[int, ...] | None = (128, 64)
    batch_size: int = 128
    epochs: int | None = None
    steps: int | None = None
    learning_rate: float = 1e-3
    weight_decay: float = 0.5e-6
    pretrain_epochs: int = 0
    use_bias: bool = False
    batch_norm: bool = True

    def of_network(self) -> dict[str, bool]:
        """The settings of an MLP beside its widths."""
        return {"use_bias": self.use_bias, "batch_norm": self.batch_norm}


# More of them lower the AUC.
DEEP_SVDD = Training(steps=100)
AUTOENCODER = Training(steps=500, use_bias=True, batch_norm=False)
# Not chosen by the benchmark, which has no outliers.
HYPERSPHERE_CLASSIFIER = Training(steps=2000, use_bias=True)
CONTRASTIVE = Training(preprocessing="min-max", hidden=None, epochs=100)
NEUTRAL_AD = Training(preprocessing="min-max", steps=500)
# The widths of the two encoders of ICL are those of `networks.icl_encoder`.
ICL = CONTRASTIVE._replace(hidden=(100, 50, 128))
# Weight decay would pull the frequencies to 0, where all features are equal.
OC_NN = Training(hidden=None, steps=1500, weight_decay=0.0)

IMAGES = Training(
    preprocessing="contrast", hidden=None, epochs=60, weight_decay=5e-7, pretrain_epochs=100
)
# Outliers rule out the trivial solution, against which pretraining helps.
IMAGES_WITH_OUTLIERS = IMAGES._replace(epochs=50, pretrain_epochs=0, use_bias=True)
# Contrast normalization would hide how bright a defect is.
FCDD = IMAGES_WITH_OUTLIERS._replace(preprocessing="unit")
# Rate and epochs of Qiu et al., Latent Outlier Exposure, ICML 2022. A batch is 36 times as many
# inputs of the encoder.
ROTATIONS = Training(preprocessing="contrast", hidden=None, batch_size=10, epochs=16)
# As Golan and El-Yaniv, NeurIPS 2018: an epoch shows every image in one of its 72 views, and three
# passes over all pairs are 216 of them.
TRANSFORMATIONS = Training(preprocessing="contrast", hidden=None, batch_size=128, epochs=216)

NORM_OF_TABLES = "l21"
"""Of the noise of the robust autoencoder: of rare values of a column, such as of a category, single
ones would be taken for noise, and never learned."""
FREQUENCIES = 512
"""Random Fourier features of OC-NN on tables."""


def usual_hidden(columns: int) -> tuple[int, ...]:
    """Widths of the encoder of a table with so many columns, where nothing says them."""
    return (32, 16, 8) if columns < 64 else (128, 64, 32)


def epochs_of_steps(steps: int, samples: int, batch_size: int) -> int:
    """As many whole epochs as the steps need, at least 1."""
    steps_per_epoch = -(-samples // batch_size)
    return -(-steps // steps_per_epoch)
