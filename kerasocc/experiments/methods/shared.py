"""Settings and defaults that several methods share, but not all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kerasocc
from kerasocc.defaults.training import AUTOENCODER, CONTRASTIVE, Training
from kerasocc.experiments.methods.method import NO_PRETRAINING, Choices
from kerasocc.experiments.settings import kinds
from kerasocc.experiments.settings.data import WITH_ALTERED, WITHOUT_ALTERED, absolute
from kerasocc.experiments.settings.setting import only_if, require, setting

if TYPE_CHECKING:
    from kerasocc.callbacks import StateCallback


def _parse_source(text: str) -> str:
    return absolute(text) if text else text


@dataclass(frozen=True, kw_only=True)
class OutlierFraction:
    """The quantile of the soft boundary of Deep SVDD and of the hyperplane of OC-NN."""

    nu: float = setting(0.1, kinds.fraction(one=True), "fraction of outliers to allow, in (0, 1]")


@dataclass(frozen=True, kw_only=True)
class Temperature:
    """The temperature of contrastive losses."""

    temperature: float = setting(0.1, kinds.positive(), "temperature of the loss", symbol="tau")


@dataclass(frozen=True, kw_only=True)
class LabelledAnomalies:
    """The labelled anomalies of semi-supervised methods."""

    labelled: float = setting(
        0.0,
        kinds.fraction(zero=True),
        "fraction of labelled anomalies in the training samples, in [0, 1)",
    )
    labelled_classes: int | tuple[int | str, ...] | None = setting(
        None,
        kinds.classes(),
        "classes that the labelled anomalies come from (a comma behind a single number), or how "
        "many classes; none: all",
        rules=(WITHOUT_ALTERED,),
    )
    labelled_altered: str | None = setting(
        None,
        kinds.choice("blocks", "strokes"),
        "alteration of the labelled anomalies; none: that of `altered`",
        rules=(WITH_ALTERED,),
    )
    labelled_amount: int | None = setting(
        None,
        kinds.integer(1),
        "amount of the alteration of the labelled anomalies; none: that of `amount`",
        rules=(WITH_ALTERED,),
    )


@dataclass(frozen=True, kw_only=True)
class AuxiliaryOutliers:
    """Auxiliary outliers (outlier exposure)."""

    outliers: str | None = setting(
        None,
        kinds.name(_parse_source),
        "path of samples that are anything but normal, a table or images like those of `dataset`, "
        "or the name of another set of images, whose samples are mixed into every batch",
        metavar="DATA",
        rules=(only_if(lambda config: config.latent is None, "must be left out with `latent`"),),
        older=None,
    )
    outlier_fraction: float = setting(
        0.5,
        kinds.fraction(),
        "share of a batch that the `outliers` make up, in (0, 1)",
        rules=(only_if(lambda config: config.outliers is not None, "needs `outliers`"),),
        older=0.5,
    )


@dataclass(frozen=True, kw_only=True)
class Shift:
    """The shifts of methods that tell the transformations of images apart."""

    shift: int | None = setting(
        None,
        kinds.integer(1),
        "pixels that images are shifted by; none: a quarter of their side",
    )


def shift_for(config: Any, shape: tuple[int, ...]) -> int:
    """Pixels that images of a shape are shifted by.

    Raises:
        ValueError: If they are no square images, or smaller than the shift.
    """
    if len(shape) != 3 or shape[0] != shape[1]:
        raise ValueError(
            f"`method` {config.method!r} needs square images, because it turns them; "
            f"`image_size` resizes them. Received: samples of shape {shape}"
        )
    shift = max(shape[0] // 4, 1) if config.shift is None else config.shift
    if shift >= shape[0]:
        raise ValueError(
            f"`shift` must be less than the side of the images, {shape[0]}. Received: shift={shift}"
        )
    return shift


LABELLED = 0.05
"""Fraction of labelled anomalies in the training samples of methods that need some."""


NEEDS_ANOMALIES = require(
    lambda config: config.labelled > 0 or config.outliers is not None or _flags_anomalies(config),
    "must be above 0, or `outliers` be given: without anomalies the objective of the method "
    "{config.method!r} is least where all samples are mapped to one point",
)
"""The rule for `labelled` of methods that need labelled anomalies or outliers."""


def _flags_anomalies(config: Any) -> bool:
    """Whether latent labels have some samples trained on as anomalies."""
    return config.latent in ("soft", "hard", "known")


def labelled_unless_outliers(choices: Choices) -> dict[str, Any]:
    """Some labelled anomalies, unless there are auxiliary outliers in their place."""
    return {} if choices.chosen.get("outliers") is not None else {"labelled": LABELLED}


def length_with_outliers(training: Training) -> dict[str, Any]:
    """Length, rate and batches of a training without a pretraining, which outliers spare."""
    names = ("batch_size", "epochs", "learning_rate")
    own = {name: getattr(training, name) for name in names}
    return {**NO_PRETRAINING, **own, "drop_at": ()}


@dataclass(frozen=True, kw_only=True)
class Regularization:
    """The regularizer against hypersphere collapse."""

    regularizer: str | None = setting(
        None, kinds.choice("noise", "variance"), "regularizer against hypersphere collapse"
    )
    regularizer_weight: float | None = setting(
        None,
        kinds.non_negative(),
        "fixed weight of the regularizer; none: adaptive",
        rules=(only_if(lambda config: config.regularizer is not None, "needs a `regularizer`"),),
    )


def make_regularizer(config: Any) -> Any:
    """The regularizer of a run, or None."""
    if config.regularizer is None:
        return None
    if config.regularizer == "variance":
        return kerasocc.regularizers.VarianceRegularizer()
    import keras

    # Ten times the encoder's rate, as in the paper.
    head = keras.optimizers.Adam(10 * config.learning_rate)
    return kerasocc.regularizers.NoiseRegularizer(head_optimizer=head, seed=config.seed)


def weighting(config: Any, backup: Path) -> list[StateCallback]:
    """The callback of a fixed weight of the regularizer; the adaptive one is a default."""
    if config.regularizer_weight is None:
        return []
    return [kerasocc.callbacks.AdaptiveWeighting(fixed=config.regularizer_weight)]


def length_of(training: Training) -> dict[str, Any]:
    """Batch size, length and rate of the training of a method, as settings of a run."""
    names = ("batch_size", "epochs", "steps", "learning_rate")
    return {name: getattr(training, name) for name in names}


def table_defaults(choices: Choices, training: Training) -> dict[str, Any]:
    """The defaults of a method on a table, unless the run repeats a published experiment."""
    if not choices.is_own_table:
        return {}
    return {
        **NO_PRETRAINING,
        "pretrain_learning_rate": training.learning_rate,
        "preprocessing": training.preprocessing,
        "hidden": training.hidden,
        **length_of(training),
        "drop_at": (),
        "weight_decay": training.weight_decay,
        **training.of_network(),
    }


def autoencoder_defaults(choices: Choices) -> dict[str, Any]:
    """Those of the pretraining on images, which is of an autoencoder, and their own on tables."""
    names = ("epochs", "learning_rate", "drop_at", "weight_decay")
    own = {name: choices.data[f"pretrain_{name}"] for name in names}
    return {**own, **NO_PRETRAINING, **table_defaults(choices, AUTOENCODER)}


def contrastive_defaults(choices: Choices) -> dict[str, Any]:
    """The defaults of methods with a contrastive task."""
    if choices.data_kind != "table":
        return NO_PRETRAINING
    return {**NO_PRETRAINING, **length_of(CONTRASTIVE), "drop_at": ()}
