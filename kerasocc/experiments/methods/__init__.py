"""The methods that a run can train, a file each.

A method is added to the command line by a file with a `METHOD` and its line here.
"""

from importlib import import_module

from kerasocc.experiments.methods.method import Method

_MODULES = (
    "auto",
    "deep_svdd",
    "deep_sad",
    "hypersphere_classifier",
    "fcdd",
    "oc_nn",
    "robust_autoencoder",
    "autoencoder",
    "neutral_ad",
    "icl",
    "multi_head_rotnet",
    "geo",
    "nearest_neighbors",
)

_FOUND = (import_module(f"{__name__}.{module}").METHOD for module in _MODULES)
METHODS: dict[str, Method] = {method.name: method for method in _FOUND}
"""Definitions of the methods by name, in the order of the command line."""
