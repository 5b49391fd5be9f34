"""Encoders and decoders."""

from kerasocc.networks.lenet import lenet, lenet_decoder
from kerasocc.networks.mlp import mlp, mlp_decoder
from kerasocc.networks.resnet import resnet18

__all__ = ["lenet", "lenet_decoder", "mlp", "mlp_decoder", "resnet18"]
