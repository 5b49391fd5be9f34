"""The notebooks of MNIST."""

from __future__ import annotations

from kerasocc.experiments.papers.oc_nn.definition import INDUCTIVE, comparison_table

TABLE = comparison_table(
    "mnist",
    "mnist",
    range(10),
    title="The notebooks of the OC-NN repository on MNIST: one digit is normal",
    notes=(INDUCTIVE,),
)
