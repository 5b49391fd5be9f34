"""The notebooks of CIFAR-10."""

from __future__ import annotations

from kerasocc.experiments.papers.oc_nn.definition import INDUCTIVE, comparison_table

TABLE = comparison_table(
    "cifar10",
    "cifar10",
    range(10),
    title="The notebooks of the OC-NN repository on CIFAR-10: one class is normal",
    notes=(
        INDUCTIVE,
        "What the repository calls OC-NN here is a hypersphere loss around a center, see "
        "MIGRATING.md.",
    ),
)
