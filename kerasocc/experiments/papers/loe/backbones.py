"""The data and models of a study of latent outlier exposure.

Keras and NumPy are imported when the functions are called: the command line reads the tables
without them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import kerasocc
from kerasocc.experiments.papers.loe.frames import frame_features
from kerasocc.experiments.papers.loe.pretrained import embedded_images
from kerasocc.experiments.papers.numeric_tables import read_rows

if TYPE_CHECKING:
    from kerasocc.datasets import OneClassDataset
    from kerasocc.models.base import OneClassModel

    Make = Callable[[OneClassDataset, Mapping[str, Any]], OneClassModel]

NORMAL_PER_ANOMALY = 4
"""Most normal feature vectors per anomaly: at 20 % contamination half of these are left."""


class Backbone(NamedTuple):
    """Data and training of a backbone.

    Attributes:
        title: For tables.
        load: From the configuration of a cell and the name or path of the data to the data.
        make: From the data and the configuration to a model, pretrained where it needs to be.
        learning_rate: Of Adam.
        batch_size: Samples per step.
        epochs: Of the training.
        quick_epochs: The same under `--quick`.
        pretrain_epochs: Of an autoencoder before it, 0 for none.
        quick: What else `--quick` changes, in the configuration of a cell.
    """

    title: str
    load: Callable[[Mapping[str, Any], str], OneClassDataset]
    make: Make
    learning_rate: float
    batch_size: int
    epochs: int
    quick_epochs: int
    pretrain_epochs: int = 0
    quick: Mapping[str, Any] = MappingProxyType({})


def _load_table(cell: Mapping[str, Any], source: str) -> OneClassDataset:
    rows = read_rows(source, most_rows=cell.get("most_rows"), seed=cell["seed"])
    options = dict(contamination=cell["contamination"], seed=cell["seed"])
    return kerasocc.datasets.half_split(rows, **options)


def _load_features(cell: Mapping[str, Any], source: str) -> OneClassDataset:
    import numpy as np

    x, y = read_rows(source)
    # Real anomalies contaminate: with more normal rows too few would be left to test with.
    normal, anomalies = (np.flatnonzero(y == label) for label in (0, 1))
    generator = np.random.default_rng([cell["seed"], 9])
    normal = generator.permutation(normal)[: NORMAL_PER_ANOMALY * len(anomalies)]
    rows = np.sort(np.concatenate([normal, anomalies]))
    options = dict(contamination=cell["contamination"], seed=cell["seed"])
    return kerasocc.datasets.half_split((x[rows], y[rows]), perturb=False, **options)


def _load_images(cell: Mapping[str, Any], source: str) -> OneClassDataset:
    names = ("normal_class", "contamination", "seed")
    data = kerasocc.datasets.one_vs_rest(source, **{name: cell[name] for name in names})
    return _with_fewer(data, cell["samples"], cell["seed"]) if "samples" in cell else data


def _with_fewer(data: OneClassDataset, samples: int, seed: int) -> OneClassDataset:
    """So many training samples, hidden anomalies in proportion, and as many test samples."""
    import numpy as np

    generator = np.random.default_rng([seed, 13])
    train, test = (
        np.sort(generator.permutation(len(y))[:samples]) for y in (data.y_train, data.y_test)
    )
    parts = {n: getattr(data, n)[train] for n in ("x_train", "y_train", "truth_train")}
    return replace(data, **parts, x_test=data.x_test[test], y_test=data.y_test[test])


def _load_image_features(cell: Mapping[str, Any], source: str) -> OneClassDataset:
    return embedded_images(_load_images(cell, source))


def _load_frames(cell: Mapping[str, Any], source: str) -> OneClassDataset:
    return frame_features(source, contamination=cell["contamination"], seed=cell["seed"])


def _neutral_ad(data: OneClassDataset, cell: Mapping[str, Any]) -> OneClassModel:
    seed = cell["seed"]
    encoder = kerasocc.networks.mlp([data.x_train.shape[1], 64, 64, 32], seed=seed)
    options = dict(preprocessing=data.preprocessing, seed=seed)
    return kerasocc.NeuTraLAD(encoder, num_transforms=9, **options)


def _neutral_ad_features(data: OneClassDataset, cell: Mapping[str, Any]) -> OneClassModel:
    seed = cell["seed"]
    encoder = kerasocc.networks.mlp([data.x_train.shape[1], 128, 64], seed=seed)
    # The features as they come: scaled to equal deviations, those of no use count like others.
    return kerasocc.NeuTraLAD(encoder, num_transforms=15, transform="forward", seed=seed)


def _icl(data: OneClassDataset, cell: Mapping[str, Any]) -> OneClassModel:
    # One order of the columns and all windows, as in the tables that we have reported.
    whole = dict(permutations=1, num_windows=None)
    encoder = kerasocc.networks.icl_encoder(data.x_train.shape[1], seed=cell["seed"], **whole)
    return kerasocc.ICL(encoder, preprocessing=data.preprocessing, seed=cell["seed"])


def _deep_svdd_table(data: OneClassDataset, cell: Mapping[str, Any]) -> OneClassModel:
    encoder = kerasocc.networks.mlp([data.x_train.shape[1], 64, 32], seed=cell["seed"])
    return kerasocc.DeepSVDD(encoder, preprocessing=data.preprocessing, seed=cell["seed"])


def _deep_svdd_images(data: OneClassDataset, cell: Mapping[str, Any]) -> OneClassModel:
    import keras

    name, seed = cell["data"], cell["seed"]
    networks = kerasocc.networks
    encoder, decoder = networks.lenet(name, seed=seed), networks.lenet_decoder(name, seed=seed)
    kerasocc.pretrain(
        encoder,
        decoder,
        data.x_train,
        epochs=cell["pretrain_epochs"],
        batch_size=200,
        optimizer=keras.optimizers.Adam(1e-3),
        preprocessing=data.preprocessing,
        seed=seed,
        verbose=0,
    )
    options = dict(preprocessing=data.preprocessing, seed=seed)
    return kerasocc.DeepSVDD(encoder, weight_decay=0.5e-6, **options)


def _mhrot(data: OneClassDataset, cell: Mapping[str, Any]) -> OneClassModel:
    shape, seed = tuple(data.x_train.shape[1:]), cell["seed"]
    depth, width = cell.get("network", (16, 4))
    network = dict(depth=depth, width=width, use_bias=True, seed=seed)
    encoder = kerasocc.networks.wide_resnet(shape, **network)
    options = dict(shift=shape[0] // 4, preprocessing=data.preprocessing, seed=seed)
    return kerasocc.MultiHeadRotNet(encoder, **options)


BACKBONES = {
    "neutral-ad": Backbone(
        "NeuTraL AD, K = 9, residual", _load_table, _neutral_ad, 1e-3, 128, 300, 30
    ),
    "icl": Backbone("ICL", _load_table, _icl, 1e-3, 128, 100, 30),
    "deep-svdd": Backbone("Deep SVDD", _load_table, _deep_svdd_table, 1e-3, 128, 100, 30),
    "features": Backbone(
        "NeuTraL AD, K = 15, forward", _load_features, _neutral_ad_features, 4e-4, 64, 60, 20
    ),
    "image-features": Backbone(
        "NeuTraL AD, features", _load_image_features, _neutral_ad_features, 4e-4, 500, 30, 5
    ),
    "mhrot": Backbone(
        "MHRot",
        _load_images,
        _mhrot,
        1e-3,
        10,
        16,
        2,
        # One image is 36 inputs of a wide ResNet: on a CPU the whole table takes weeks.
        quick={"samples": 1000, "network": [10, 1]},
    ),
    "deep-svdd-images": Backbone(
        "Deep SVDD, LeNet", _load_images, _deep_svdd_images, 1e-4, 200, 50, 5, 20
    ),
    "frames": Backbone(
        "NeuTraL AD, frame features", _load_frames, _neutral_ad_features, 4e-4, 128, 30, 3
    ),
}
"""By name."""
