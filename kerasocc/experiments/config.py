"""The settings of a training run."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from typing import Any

from kerasocc.experiments.config_checks import check_name, check_settings
from kerasocc.experiments.config_used import check_used
from kerasocc.experiments.profiles import absolute, settings_for
from kerasocc.files import read_json, write_json


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Everything that decides the outcome of a run, and nothing else.

    Attributes:
        dataset: Name or path of the data, as `datasets.load` takes it.
        normal_class: The class that is normal, by name or number; None for the
            default of the data.
        label: Name of a table's label column; None for the usual names.
        missing: `"error"` or `"median"`: what to do about a table's missing values.
        image_size: Side, or (height, width), that images are resized to, or None.
        unreadable: `"error"` or `"skip"`: what to do about image files that cannot
            be read.
        transductive: Whether to test on the unlabelled training samples instead of on
            the test part.
        test: Fraction that is the test part where the data have none, in (0, 1);
            None for the default.
        preprocessing: Of images, see `one_vs_rest`; None for the default.
        altered: `"blocks"` or `"strokes"` makes the anomalies by altering images, see
            `datasets.altered`; None takes other classes.
        amount: Of the alteration.
        labelled_altered: Alteration of the labelled anomalies; None for the same.
        labelled_amount: Its amount; None for the same.
        method: One of `METHODS`.
        hidden: Widths of the encoder for tables, and of both of ICL's, the code last; None
            for the default.
        network: `"resnet18"` or `"wide-resnet"` for images; None for the default: a LeNet
            or an MLP.
        pooling: Of the ResNet-18: `"avg"`, `"max"` or `"none"`.
        weights: File of the ResNet-18's initial weights; None for random ones.
        use_bias: Whether the networks have biases and trainable BatchNorm parameters.
        protocol: Published experiment whose settings these are, one of
            `PROTOCOLS`, or None.
        objective: Of Deep SVDD: `"one-class"` or `"soft-boundary"`.
        nu: Of the soft boundary and of OC-NN, in (0, 1].
        radius_update: When the radius of the soft boundary is set: `"epoch"` or
            `"batch"`, see `RadiusUpdate`.
        eta: Of Deep SAD: weight of the labelled samples, positive.
        units: Width of OC-NN's hidden layer.
        activation: Of that layer: `"sigmoid"`, `"linear"` or `"relu"`.
        normalize: Whether OC-NN scales the embeddings to length 1; None for the default.
        train_encoder: Whether OC-NN trains the encoder too.
        head_epochs: Epochs of OC-NN with the encoder frozen, at ten times the learning
            rate, before it is trained too.
        quantile_update: When the `r` of OC-NN is set: `"epoch"` or `"batch"`, see
            `QuantileUpdate`.
        lam: Weight of the noise of the robust autoencoder, not negative; infinity for
            no noise.
        norm: Of the noise: `"l1"` or `"l21"`.
        groups: Of the norm `"l21"`: `"samples"` or `"features"`.
        encode: What the robust autoencoder reads: `"residual"` or `"input"`.
        noise_every: Epochs between two updates of the noise.
        num_transforms: Learned transformations of NeuTraL AD, at least 2.
        transform: Their form: `"residual"`, `"forward"` or `"mul"`.
        window: Columns of a window of ICL; None for the default of `icl_encoder`.
        temperature: Of NeuTraL AD and of ICL, positive.
        shift: Pixels that MHRot shifts images by; None for a quarter of their side.
        regularizer: Against collapse: `"noise"`, `"variance"` or None.
        regularizer_weight: A fixed one; None for the adaptive one.
        latent: Mode of `LatentLabels`: `"soft"`, `"hard"`, `"refine"` or `"known"`; None
            takes all unlabelled samples for normal.
        assumed_contamination: Fraction of the unlabelled training samples that it flags,
            in [0, 1), or `"auto"`, which estimates it.
        latent_refresh: When they are flagged: `"batch"` or `"epoch"`.
        latent_warmup: Epochs before any is flagged.
        optimizer: One of `OPTIMIZERS`, in both phases.
        batch_size: Samples per step, in both phases.
        pretrain_epochs: Epochs of the autoencoder; 0 leaves it out.
        pretrain_learning_rate: Of the autoencoder's optimizer.
        pretrain_drop_at: Epochs after which it is divided by 10.
        pretrain_weight_decay: Of the autoencoder.
        epochs: Epochs of the method.
        learning_rate: Of its optimizer.
        drop_at: Epochs after which it is divided by 10.
        weight_decay: Of the method; the `mu` of the robust autoencoder.
        keep: `"last"` keeps the weights of the last epoch, `"best"` those of the epoch
            with the highest AUC on the validation samples.
        contamination: Fraction of hidden anomalies in the unlabelled training
            samples, in [0, 1).
        labelled: Fraction of labelled anomalies in the training samples of Deep SAD,
            in [0, 1).
        labelled_classes: Classes that they come from, or how many; None for all.
        validation: Fraction of the training part that is held out for the
            threshold and the best epoch, in [0, 1).
        threshold_rate: False positive rate that the threshold is set for, in [0, 1).
        seed: Seed of the split, the initial weights and the order of the samples.

    Raises:
        ValueError: For a setting that is out of range.
    """

    dataset: str
    normal_class: int | str | None = None
    label: str | None = None
    missing: str = "error"
    image_size: int | tuple[int, int] | None = None
    unreadable: str = "error"
    transductive: bool = False
    test: float | None = None
    preprocessing: str | None = None
    altered: str | None = None
    amount: int | None = None
    labelled_altered: str | None = None
    labelled_amount: int | None = None
    method: str = "deep-svdd"
    hidden: tuple[int, ...] | None = None
    network: str | None = None
    pooling: str = "avg"
    weights: str | None = None
    use_bias: bool = False
    protocol: str | None = None
    objective: str = "one-class"
    nu: float = 0.1
    radius_update: str = "epoch"
    eta: float = 1.0
    units: int = 32
    activation: str = "sigmoid"
    normalize: bool | None = None
    train_encoder: bool = False
    head_epochs: int = 0
    quantile_update: str = "epoch"
    lam: float = 0.1
    norm: str = "l1"
    groups: str = "samples"
    encode: str = "residual"
    noise_every: int = 1
    num_transforms: int = 11
    transform: str = "residual"
    window: int | None = None
    temperature: float = 0.1
    shift: int | None = None
    regularizer: str | None = None
    regularizer_weight: float | None = None
    latent: str | None = None
    assumed_contamination: float | str = 0.1
    latent_refresh: str = "batch"
    latent_warmup: int = 0
    optimizer: str = "adam"
    batch_size: int
    pretrain_epochs: int
    pretrain_learning_rate: float
    pretrain_drop_at: tuple[int, ...]
    pretrain_weight_decay: float
    epochs: int
    learning_rate: float
    drop_at: tuple[int, ...]
    weight_decay: float
    keep: str = "last"
    contamination: float = 0.0
    labelled: float = 0.0
    labelled_classes: int | tuple[int | str, ...] | None = None
    # Enough normal samples to set the threshold on, see `calibration`.
    validation: float = 0.2
    threshold_rate: float = 0.05
    seed: int = 0

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, list):
                # JSON has no tuples; what was read must equal what was written.
                object.__setattr__(self, field.name, tuple(value))
        check_settings(self)
        check_used(self)

    @classmethod
    def for_dataset(
        cls, dataset: str = "digits", protocol: str | None = None, **settings: Any
    ) -> TrainConfig:
        """The defaults of a data set, or a protocol's, with some settings changed.

        Args:
            dataset: Name or path of the data.
            protocol: One of `PROTOCOLS`, which fixes part of the settings, or None.
            **settings: Fields of this class. Where a number of epochs is given
                without its drops, the default drops keep their proportion.

        Raises:
            ValueError: For a setting that is unknown, out of range or changed though
                the protocol fixes it.
            FileNotFoundError: If `dataset` is the path of a file that does not exist.
        """
        dataset = absolute(check_name("dataset", dataset))
        _check_known("Settings", settings)
        return cls(**settings_for(dataset, protocol, settings))

    def write(self, path: str | os.PathLike) -> None:
        """Write as JSON; `read` returns an equal object."""
        write_json(path, dataclasses.asdict(self))

    @classmethod
    def read(cls, path: str | os.PathLike) -> TrainConfig:
        """Read what `write` has written.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is no JSON object, lacks settings, has unknown ones
                or such that are out of range.
        """
        content = read_json(path)
        if not isinstance(content, dict):
            raise ValueError(f"{path} must hold a JSON object. Received: {type(content).__name__}")
        _check_known(str(path), content)
        missing = sorted({field.name for field in dataclasses.fields(cls)} - set(content))
        if missing:
            raise ValueError(f"{path} must hold all settings. Missing: {missing}")
        try:
            return cls(**content)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error


def _check_known(where: str, settings: dict[str, Any]) -> None:
    known = [field.name for field in dataclasses.fields(TrainConfig)]
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise ValueError(f"{where} must be among {known}. Received: unknown {unknown}")
