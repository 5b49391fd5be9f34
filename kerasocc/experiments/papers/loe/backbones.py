"""The data and models of a study of latent outlier exposure.

Keras and NumPy are imported when the functions are called: the command line lists the names
without them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import kerasocc
from kerasocc.datasets.catalog import find_table
from kerasocc.experiments.papers.loe.study import Trial

if TYPE_CHECKING:
    from kerasocc.datasets import OneClassDataset
    from kerasocc.models.base import OneClassModel

NORMAL_PER_ANOMALY = 4
"""Most normal feature vectors per anomaly: at 20 % contamination half of these are left."""


class Backbone(NamedTuple):
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


def _load_table(trial: Trial, data_dir: str | None) -> OneClassDataset:
    options = dict(contamination=trial.contamination, seed=trial.seed, data_dir=data_dir)
    return kerasocc.datasets.half_split(trial.data, **options)


def _load_features(trial: Trial, data_dir: str | None) -> OneClassDataset:
    import numpy as np

    from kerasocc.datasets.readers.labelled_tables import read_table

    table = read_table(find_table(trial.data, data_dir))
    # Real anomalies contaminate: with more normal rows too few would be left to test with.
    normal, anomalies = (np.flatnonzero(table.y == label) for label in (0, 1))
    generator = np.random.default_rng([trial.seed, 9])
    normal = generator.permutation(normal)[: NORMAL_PER_ANOMALY * len(anomalies)]
    rows = np.sort(np.concatenate([normal, anomalies]))
    arrays = (np.asarray(table.x[rows]), table.y[rows])
    options = dict(contamination=trial.contamination, seed=trial.seed)
    return kerasocc.datasets.half_split(arrays, perturb=False, **options)


def _load_images(trial: Trial, data_dir: str | None) -> OneClassDataset:
    name, _, normal_class = trial.data.rpartition(":")
    if not name or not normal_class.isdecimal():
        raise ValueError(
            "`data` must be a data set and its normal class, such as 'mnist:3'. Received: "
            f"data={trial.data!r}"
        )
    return kerasocc.datasets.one_vs_rest(
        name,
        normal_class=int(normal_class),
        contamination=trial.contamination,
        seed=trial.seed,
        data_dir=data_dir,
    )


def _neutral_ad(data: OneClassDataset, seed: int) -> OneClassModel:
    encoder = kerasocc.networks.mlp([data.x_train.shape[1], 64, 64, 32], seed=seed)
    options = dict(preprocessing=data.preprocessing, seed=seed)
    return kerasocc.NeuTraLAD(encoder, num_transforms=9, **options)


def _neutral_ad_features(data: OneClassDataset, seed: int) -> OneClassModel:
    encoder = kerasocc.networks.mlp([data.x_train.shape[1], 128, 64], seed=seed)
    # The features as they come: scaled to equal deviations, those of no use count like others.
    return kerasocc.NeuTraLAD(encoder, num_transforms=15, transform="forward", seed=seed)


def _icl(data: OneClassDataset, seed: int) -> OneClassModel:
    # One order of the columns and all windows, as in the tables that we have reported.
    whole = dict(permutations=1, num_windows=None)
    encoder = kerasocc.networks.icl_encoder(data.x_train.shape[1], seed=seed, **whole)
    return kerasocc.ICL(encoder, preprocessing=data.preprocessing, seed=seed)


def _deep_svdd_table(data: OneClassDataset, seed: int) -> OneClassModel:
    encoder = kerasocc.networks.mlp([data.x_train.shape[1], 64, 32], seed=seed)
    return kerasocc.DeepSVDD(encoder, preprocessing=data.preprocessing, seed=seed)


def _deep_svdd_images(data: OneClassDataset, seed: int) -> OneClassModel:
    import keras

    name = data.name.partition("-")[0]
    networks = kerasocc.networks
    encoder, decoder = networks.lenet(name, seed=seed), networks.lenet_decoder(name, seed=seed)
    kerasocc.pretrain(
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
    options = dict(preprocessing=data.preprocessing, seed=seed)
    return kerasocc.DeepSVDD(encoder, weight_decay=0.5e-6, **options)


BACKBONES = {
    "tabular": Backbone("NeuTraL AD, K = 9, residual", _load_table, _neutral_ad, 1e-3, 128, 100),
    "tabular-icl": Backbone("ICL", _load_table, _icl, 1e-3, 128, 100),
    "tabular-svdd": Backbone("Deep SVDD", _load_table, _deep_svdd_table, 1e-3, 128, 100),
    "features": Backbone(
        "NeuTraL AD, K = 15, forward", _load_features, _neutral_ad_features, 4e-4, 64, 60
    ),
    "images": Backbone("Deep SVDD, LeNet", _load_images, _deep_svdd_images, 1e-4, 200, 50),
}
"""By name."""
