"""The options of `kerasocc train` that choose a method and what is its own."""

from __future__ import annotations

import argparse
import os
from typing import Any

from kerasocc.cli.common import ratio
from kerasocc.cli.settings import option


def add_method(group: Any) -> None:
    """Add the options of single methods, of the network and of the regularizer."""
    option(group, "method", "what to train")
    option(group, "objective", "objective of Deep SVDD")
    option(group, "radius_update", "when the radius is set")
    option(
        group, "nu", "of the soft boundary and of OC-NN: fraction of outliers to allow", type=float
    )
    option(group, "eta", "weight of the labelled samples of Deep SAD", type=float)
    _add_oc_nn(group)
    _add_robust_autoencoder(group)
    _add_self_supervised(group)
    option(group, "regularizer", "against collapse")
    option(
        group,
        "regularizer_weight",
        "fixed weight of the regularizer in place of the adaptive one",
        type=float,
    )
    option(group, "network", "of images instead of a LeNet, not pretrained; MHRot's is wide-resnet")
    option(group, "pooling", "of the ResNet-18")
    option(
        group,
        "weights",
        "file of the ResNet-18's initial weights (.weights.h5, .pth, .safetensors, .npz)",
        type=_path,
        metavar="FILE",
    )
    option(
        group,
        "use_bias",
        "let the networks have biases, which Deep SVDD forbids without a regularizer",
        action=argparse.BooleanOptionalAction,
    )


def _add_oc_nn(group: Any) -> None:
    flag = argparse.BooleanOptionalAction
    option(group, "units", "width of OC-NN's hidden layer", type=int)
    option(group, "activation", "of OC-NN's hidden layer")
    option(
        group,
        "normalize",
        "whether OC-NN scales the embeddings to length 1; none: unless they are frozen and the "
        "activation is sigmoid",
        action=flag,
    )
    option(group, "train_encoder", "let OC-NN train the encoder too; OC-NN: true", action=flag)
    option(
        group,
        "head_epochs",
        "epochs of OC-NN with the encoder frozen before it is trained too; OC-NN: 40",
        type=int,
    )
    option(group, "quantile_update", "when the r of OC-NN is set; OC-NN: batch")


def _add_robust_autoencoder(group: Any) -> None:
    option(
        group,
        "lam",
        "weight of the robust autoencoder's noise, inf for none: residuals up to half of it pass "
        "for ordinary",
        type=float,
    )
    option(group, "norm", "of the noise: l1 for single values, l21 for groups")
    option(group, "groups", "of the norm l21")
    option(group, "encode", "what the robust autoencoder reads: without noise, or as it is")
    option(group, "noise_every", "epochs between two updates of the noise", type=int)


def _add_self_supervised(group: Any) -> None:
    option(group, "num_transforms", "transformations that NeuTraL AD learns", type=int)
    option(
        group,
        "transform",
        "their form, with a network M: M(x) + x, M(x) or sigmoid(M(x)) * x",
    )
    option(
        group,
        "window",
        "columns of a window of ICL; none: 2 up to 40 columns, 10 up to 160, all but 150 beyond",
        type=int,
    )
    option(group, "temperature", "of NeuTraL AD and of ICL", type=float)
    option(
        group,
        "shift",
        "pixels that MHRot shifts images by; none: a quarter of their side",
        type=int,
    )


def add_latent_labels(group: Any) -> None:
    """Add the options of latent outlier exposure, for every method."""
    option(
        group,
        "latent",
        "infer while training which samples are anomalies, and expose them with half (soft) or "
        "all (hard) of their weight, leave them out (refine), or expose the hidden ones of "
        "--contamination (known, an upper bound)",
    )
    option(
        group,
        "assumed_contamination",
        "fraction that is flagged, or auto to estimate it",
        type=ratio,
        metavar="RATIO",
    )
    option(group, "latent_refresh", "when it is inferred")
    option(
        group,
        "latent_warmup",
        "epochs before any sample is flagged; auto needs one",
        type=int,
        metavar="EPOCHS",
    )


def _path(text: str) -> str:
    return os.path.abspath(text)
