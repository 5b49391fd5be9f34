"""One training with latent labels under the protocol of a paper, and what it reaches."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasocc.callbacks import LatentLabels
from kerasocc.checks import check_choice
from kerasocc.datasets import OneClassDataset, half_split, one_vs_rest
from kerasocc.datasets.catalog import find_table
from kerasocc.datasets.readers.labelled_tables import read_table
from kerasocc.engine.evaluation import ranking_metrics
from kerasocc.experiments.metrics import f1_at_ratio
from kerasocc.models.base import OneClassModel
from kerasocc.models.deep_svdd import DeepSVDD
from kerasocc.models.icl import ICL
from kerasocc.models.neutral_ad import NeuTraLAD
from kerasocc.networks import icl_encoder, lenet, lenet_decoder, mlp
from kerasocc.pretraining import pretrain

NORMAL_PER_ANOMALY = 4
"""Most normal feature vectors per anomaly: at 20 % contamination half of these are left."""


class Trial(NamedTuple):
    """One training.

    Attributes:
        data: Name or path of the data, for images with `:` and the normal class.
        seed: Of the split, the initial weights and the order.
        mode: Of `LatentLabels`.
        contamination: True fraction of anomalies in the training data.
        assumed: The fraction that the training is told, or `"auto"`.
    """

    data: str
    seed: int
    mode: str
    contamination: float
    assumed: float | str


class Settings(NamedTuple):
    """What all trials of a study share.

    Attributes:
        protocol: A key of `PROTOCOLS`.
        refresh: See `LatentLabels`.
        warmup: See `LatentLabels`.
        epochs: None for those of the protocol.
        data_dir: See `catalog.find_table`.
    """

    protocol: str = "tabular"
    refresh: str = "batch"
    warmup: int = 2
    epochs: int | None = None
    data_dir: str | None = None


class Protocol(NamedTuple):
    """Data and training of a backbone.

    Attributes:
        title: For tables.
        load: From a trial and a folder to the data.
        make: From the data and a seed to a model, pretrained where it needs to be.
        learning_rate: Of Adam.
        batch_size: Samples per step.
        epochs: Of the training.
    """

    title: str
    load: Callable[[Trial, str | None], OneClassDataset]
    make: Callable[[OneClassDataset, int], OneClassModel]
    learning_rate: float
    batch_size: int
    epochs: int


def run_trial(trial: Trial, settings: Settings) -> dict[str, Any]:
    """Train and test.

    Returns:
        The fields of the trial, `auc` and `f1` (at the true ratio of the test labels),
        the share that was flagged and how many of the flagged are anomalies
        (`precision`, None if none is), `samples` and `seconds` of the training.
    """
    protocol = PROTOCOLS[check_choice("protocol", settings.protocol, list(PROTOCOLS))]
    data = protocol.load(trial, settings.data_dir)
    model = protocol.make(data, trial.seed)
    model.compile(optimizer=keras.optimizers.Adam(protocol.learning_rate))
    latent = LatentLabels(
        mode=trial.mode,
        contamination=trial.assumed,
        refresh=settings.refresh,
        warmup=settings.warmup,
        truth=data.truth_train if trial.mode == "known" else None,
    )
    begun = time.perf_counter()
    model.fit(
        data.x_train,
        batch_size=protocol.batch_size,
        epochs=settings.epochs or protocol.epochs,
        callbacks=[latent],
        verbose=0,
    )
    seconds = time.perf_counter() - begun
    scores, flagged = model.score(data.x_test), latent.labels > 0
    precision = float(np.mean(data.truth_train[flagged])) if flagged.any() else None
    return {
        **trial._asdict(),
        "auc": ranking_metrics(data.y_test, scores)["auc"],
        "f1": f1_at_ratio(data.y_test, scores),
        "flagged": latent.contamination_used,
        "precision": precision,
        "samples": len(data.x_train),
        "seconds": round(seconds, 2),
    }


def _load_table(trial: Trial, data_dir: str | None) -> OneClassDataset:
    options = dict(contamination=trial.contamination, seed=trial.seed, data_dir=data_dir)
    return half_split(trial.data, **options)


def _load_features(trial: Trial, data_dir: str | None) -> OneClassDataset:
    table = read_table(find_table(trial.data, data_dir))
    # Real anomalies contaminate: with more normal rows too few would be left to test with.
    normal, anomalies = (np.flatnonzero(table.y == label) for label in (0, 1))
    generator = np.random.default_rng([trial.seed, 9])
    normal = generator.permutation(normal)[: NORMAL_PER_ANOMALY * len(anomalies)]
    rows = np.sort(np.concatenate([normal, anomalies]))
    arrays = (np.asarray(table.x[rows]), table.y[rows])
    return half_split(arrays, perturb=False, contamination=trial.contamination, seed=trial.seed)


def _load_images(trial: Trial, data_dir: str | None) -> OneClassDataset:
    name, _, normal_class = trial.data.rpartition(":")
    if not name or not normal_class.isdecimal():
        raise ValueError(
            "`data` must be a data set and its normal class, such as 'mnist:3'. Received: "
            f"data={trial.data!r}"
        )
    return one_vs_rest(
        name,
        normal_class=int(normal_class),
        contamination=trial.contamination,
        seed=trial.seed,
        data_dir=data_dir,
    )


def _neutral_ad(data: OneClassDataset, seed: int) -> OneClassModel:
    encoder = mlp([data.x_train.shape[1], 64, 64, 32], seed=seed)
    return NeuTraLAD(encoder, num_transforms=9, preprocessing=data.preprocessing, seed=seed)


def _neutral_ad_features(data: OneClassDataset, seed: int) -> OneClassModel:
    encoder = mlp([data.x_train.shape[1], 128, 64], seed=seed)
    # The features as they come: scaled to equal deviations, those of no use count like others.
    return NeuTraLAD(encoder, num_transforms=15, transform="forward", seed=seed)


def _icl(data: OneClassDataset, seed: int) -> OneClassModel:
    encoder = icl_encoder(data.x_train.shape[1], seed=seed)
    return ICL(encoder, preprocessing=data.preprocessing, seed=seed)


def _deep_svdd_table(data: OneClassDataset, seed: int) -> OneClassModel:
    encoder = mlp([data.x_train.shape[1], 64, 32], seed=seed)
    return DeepSVDD(encoder, preprocessing=data.preprocessing, seed=seed)


def _deep_svdd_images(data: OneClassDataset, seed: int) -> OneClassModel:
    name = data.name.partition("-")[0]
    encoder, decoder = lenet(name, seed=seed), lenet_decoder(name, seed=seed)
    pretrain(
        encoder,
        decoder,
        data.x_train,
        epochs=20,
        batch_size=200,
        optimizer=keras.optimizers.Adam(1e-3),
        preprocessing=data.preprocessing,
        seed=seed,
        verbose=0,
    )
    return DeepSVDD(encoder, weight_decay=0.5e-6, preprocessing=data.preprocessing, seed=seed)


PROTOCOLS = {
    "tabular": Protocol("NeuTraL AD, K = 9, residual", _load_table, _neutral_ad, 1e-3, 128, 100),
    "tabular-icl": Protocol("ICL", _load_table, _icl, 1e-3, 128, 100),
    "tabular-svdd": Protocol("Deep SVDD", _load_table, _deep_svdd_table, 1e-3, 128, 100),
    "features": Protocol(
        "NeuTraL AD, K = 15, forward", _load_features, _neutral_ad_features, 4e-4, 64, 60
    ),
    "images": Protocol("Deep SVDD, LeNet", _load_images, _deep_svdd_images, 1e-4, 200, 50),
}
"""By name."""
