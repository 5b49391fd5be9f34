"""Encoders and decoders."""

# First of all: what is registered as soon as it is imported reads modules of this package whole.
import keras  # noqa: F401

from kerasocc.networks.dense import dense_decoder, dense_encoder
from kerasocc.networks.fcdd import fcdd
from kerasocc.networks.fourier import fourier_features
from kerasocc.networks.icl import icl_encoder
from kerasocc.networks.lenet import lenet, lenet_decoder
from kerasocc.networks.mlp import mlp, mlp_decoder
from kerasocc.networks.oriented_gradients import oriented_gradients
from kerasocc.networks.resnet import resnet18
from kerasocc.networks.wide_resnet import wide_resnet

__all__ = [
    "dense_decoder",
    "dense_encoder",
    "fcdd",
    "fourier_features",
    "icl_encoder",
    "lenet",
    "lenet_decoder",
    "mlp",
    "mlp_decoder",
    "oriented_gradients",
    "resnet18",
    "wide_resnet",
]
