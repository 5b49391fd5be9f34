"""Nearest neighbours: the distance to the nearest training samples, without a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import kerasocc
from kerasocc.experiments.methods.method import NO_PRETRAINING, Choices, Method, values_of
from kerasocc.experiments.settings import kinds
from kerasocc.experiments.settings.setting import only_if, require, setting


@dataclass(frozen=True, kw_only=True)
class NearestNeighborsSettings:
    """The settings of nearest neighbours."""

    k: int = setting(5, kinds.integer(1), "number of neighbours whose mean distance is the score")
    coreset: str = setting(
        "random",
        kinds.choice("random", "greedy"),
        "which of more than `max_samples` training samples are stored: random ones, or by greedy "
        "k-center those that cover the others best",
    )
    max_samples: int | None = setting(
        None,
        kinds.integer(2),
        "most training samples that are stored, above `k`; with `subsets` the size of each; none: "
        "10000, or 8 times `k` with `subsets`",
        rules=[
            require(
                lambda config: config.max_samples is None or config.max_samples > config.k,
                "must be above k={config.k}",
            )
        ],
        older=10_000,
    )
    subsets: int | None = setting(
        None,
        kinds.integer(1),
        "number of random subsets of the training samples in each of which neighbours are sought, "
        "for hidden anomalies that are alike: 100, with k=1; none: one set",
        rules=[
            only_if(
                lambda config: config.coreset == "random",
                "must be left out with coreset='greedy': subsets are random",
            )
        ],
        older=None,
    )
    components: float | None = setting(
        None,
        kinds.number_or_share(),
        "how many principal components are compared, or if below 1 the share of the variance "
        "that they hold; none: the samples themselves",
        older=None,
    )
    cells: int | None = setting(
        None,
        kinds.integer(1),
        "of images: compare edges of eight directions, averaged over so many cells along the "
        "shorter side, which overlap by half; none: the pixels",
        rules=[
            only_if(
                lambda config: config.network_name is None,
                "must be left out where a network is given, {config.network_name!r}",
            )
        ],
        older=None,
    )


def build(config: Any, encoder: Any, decoder: Any, options: dict[str, Any]) -> Any:
    """The model, which compares embeddings, or the samples themselves with columns at one scale."""
    options = dict(options)
    del options["weight_decay"]
    own = values_of(config, "k", "coreset", "max_samples", "subsets", "components")
    if own["max_samples"] is None:
        own["max_samples"] = "auto"
    if config.network_name is not None or config.cells is not None:
        return kerasocc.NearestNeighbors(encoder, **own, **options)
    # A preprocessing that is asked for has brought the columns to one scale.
    scales = len(encoder.input_shape) == 2 and config.preprocessing is None
    return kerasocc.NearestNeighbors(standardize=scales, **own, **options)


def defaults(choices: Choices) -> dict[str, Any]:
    """There are no steps: an epoch more changes nothing."""
    return {**NO_PRETRAINING, "epochs": 1, "drop_at": (), "weight_decay": 0.0}


def make_encoder(config: Any, shape: tuple[int, ...], samples: int) -> Any:
    """A network without weights."""
    import keras

    if config.cells is not None:
        return kerasocc.networks.oriented_gradients(shape, cells=config.cells)
    return keras.Sequential([keras.Input(shape), keras.layers.Flatten()])


def check_shape(config: Any, shape: tuple[int, ...]) -> None:
    """Raise `ValueError` if oriented gradients are asked for and there are none."""
    if config.cells is not None and len(shape) != 3:
        raise ValueError(
            f"`cells` must be left out: the samples are no images. Received: cells={config.cells}"
        )


METHOD = Method(
    name="nearest-neighbors",
    title="Nearest neighbours",
    settings=NearestNeighborsSettings,
    build=build,
    defaults=defaults,
    pretrained=False,
    encoder=make_encoder,
    check_shape=check_shape,
    uses_own_encoder=lambda config: config.network_name is None,
    rules={
        "hidden": only_if(
            lambda config: False,
            "must be left out: the method 'nearest-neighbors' has no network",
        ),
        "augment": only_if(
            lambda config: False,
            "must be left out: the method 'nearest-neighbors' has no training steps",
        ),
        "latent": only_if(
            lambda config: False,
            "must be left out: the method 'nearest-neighbors' has no training steps",
        ),
        "weight_decay": require(
            lambda config: not config.weight_decay,
            "must be 0: the method 'nearest-neighbors' trains no weights",
        ),
    },
)
