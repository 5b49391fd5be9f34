"""The settings of the encoder."""

from __future__ import annotations

import os
from dataclasses import dataclass

from kerasocc.experiments.settings import kinds
from kerasocc.experiments.settings.setting import only_if, setting


def _absolute(text: str) -> str:
    return os.path.abspath(text)


_HAS_WEIGHTS = only_if(
    lambda config: config.network == "resnet18" or config.encoder is not None,
    "needs the network 'resnet18' or an `encoder`",
)
_RESNET18 = only_if(
    lambda config: config.network == "resnet18", "is of the network 'resnet18' alone"
)


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """What the encoder is."""

    hidden: tuple[int, ...] | None = setting(
        None,
        kinds.widths(),
        "widths of the encoder for tables, and of both encoders of ICL, the last being the "
        "dimension of the embedding; none: by the number of columns",
    )
    network: str | None = setting(
        None,
        kinds.choice("resnet18", "wide-resnet"),
        "encoder of images, not pretrained (the papers on MHRot use wide-resnet); none: a LeNet, "
        "for tables an MLP",
    )
    code: int | None = setting(
        None,
        kinds.integer(1),
        "dimension of the embedding of a LeNet; none: that of the architecture",
        rules=(
            only_if(
                lambda config: not (config.network or config.hidden or config.encoder),
                "is of the LeNets alone",
            ),
        ),
        older=None,
    )
    encoder: str | None = setting(
        None,
        kinds.name(),
        "function of yours that makes the encoder: it is called with the shape of a sample and "
        "returns a Keras model; its module lies in the working directory or is installed",
        metavar="MODULE:FUNCTION",
        rules=(
            only_if(
                lambda config: config.network is None and config.hidden is None,
                "must stand without `network` and `hidden`",
            ),
        ),
        older=None,
    )
    pooling: str = setting(
        "avg", kinds.choice("avg", "max", "none"), "pooling of the ResNet-18", rules=(_RESNET18,)
    )
    weights: str | None = setting(
        None,
        kinds.name(_absolute),
        "file of the initial weights of the ResNet-18 (.weights.h5, .pth, .safetensors, .npz) or "
        "of `encoder` (.weights.h5, .keras); none: random weights, or those that it comes with",
        metavar="FILE",
        rules=(_HAS_WEIGHTS,),
    )
    use_bias: bool = setting(
        False,
        kinds.flag(),
        "let the networks have biases and trainable BatchNorm parameters, which Deep SVDD "
        "forbids without a regularizer",
    )
    batch_norm: bool = setting(
        True,
        kinds.flag(),
        "let the encoder of a table, and its decoder, have BatchNorm",
        older=True,
    )
