"""Encoders and decoders."""

from kerasocc.networks.fcdd import fcdd
from kerasocc.networks.fourier import fourier_features
from kerasocc.networks.icl import icl_encoder
from kerasocc.networks.lenet import lenet, lenet_decoder
from kerasocc.networks.mlp import mlp, mlp_decoder
from kerasocc.networks.resnet import resnet18
from kerasocc.networks.wide_resnet import wide_resnet

__all__ = [
    "fcdd",
    "fourier_features",
    "icl_encoder",
    "lenet",
    "lenet_decoder",
    "mlp",
    "mlp_decoder",
    "resnet18",
    "wide_resnet",
]
