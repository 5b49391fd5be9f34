"""The settings of the optimization, in both phases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kerasocc.experiments.settings import kinds
from kerasocc.experiments.settings.setting import REQUIRED, require, setting

OPTIMIZERS = ("adam", "adamw", "adagrad", "adamax", "lion", "nadam", "rmsprop", "sgd")


def _drops(prefix: str, help: str) -> Any:
    """Epochs after which a learning rate drops; those of the phase are `<prefix>epochs`."""

    def inside(config: Any) -> bool:
        epochs = getattr(config, f"{prefix}epochs")
        drops = getattr(config, f"{prefix}drop_at")
        return not drops or (epochs is not None and max(drops) < epochs)

    reason = (
        "must hold epochs after the first and before the end, "
        f"{prefix}epochs={{config.{prefix}epochs}}"
    )
    return setting(REQUIRED, kinds.epochs(), help, rules=(require(inside, reason),))


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How the autoencoder and the model are optimized; their defaults depend on the data."""

    optimizer: str = setting("adam", kinds.choice(*OPTIMIZERS), "optimizer of both phases")
    batch_size: int = setting(REQUIRED, kinds.integer(1), "samples per step, in both phases")
    epochs: int | None = setting(
        None,
        kinds.integer(1),
        "epochs of the method; none: as many as its `steps` need",
        rules=(
            require(
                lambda config: (
                    (config.epochs is None) != (config.steps is None)
                    or config.definition.members is not None
                ),
                "must be given, or `steps`, but not both: steps={config.steps}",
            ),
        ),
    )
    steps: int | None = setting(
        None,
        kinds.integer(1),
        "steps of the method, rounded up to whole epochs; none: as many as its `epochs` have",
        older=None,
    )
    augment: tuple[str, ...] | None = setting(
        None,
        kinds.augmented(),
        "random changes of images in the training steps, never in scoring: flip, vertical-flip, "
        "shift=0.1 of a side, rotation=0.05 of a full turn, zoom=0.1; none: no changes",
        older=None,
    )
    learning_rate: float = setting(REQUIRED, kinds.positive(), "learning rate of the method")
    drop_at: tuple[int, ...] = _drops("", "epochs after which the learning rate is divided by 10")
    weight_decay: float = setting(
        REQUIRED,
        kinds.non_negative(),
        "weight decay of the method; the mu of the robust autoencoder",
    )
    pretrain_epochs: int = setting(
        REQUIRED,
        kinds.integer(0),
        "epochs of the autoencoder, 0 for none",
        rules=(
            require(
                lambda config: config.has_decoder or not config.pretrain_epochs,
                "must be 0: the network {config.network_name!r} has no decoder to be pretrained "
                "with",
            ),
        ),
    )
    pretrain_learning_rate: float = setting(
        REQUIRED, kinds.positive(), "learning rate of the autoencoder"
    )
    pretrain_drop_at: tuple[int, ...] = _drops(
        "pretrain_", "epochs after which the learning rate of the autoencoder is divided by 10"
    )
    pretrain_weight_decay: float = setting(
        REQUIRED, kinds.non_negative(), "weight decay of the autoencoder"
    )
    keep: str = setting(
        "last",
        kinds.choice("last", "best"),
        "keep the weights of the last epoch, or of the one with the best AUC on the validation "
        "samples",
        rules=(
            require(
                lambda config: config.keep == "last" or config.validation != 0,
                "must be 'last' where no samples are held out to choose the best epoch by, "
                "validation=0",
            ),
        ),
    )
