"""The notebooks of the traffic signs."""

from __future__ import annotations

from kerasocc.experiments.papers.oc_nn.definition import INDUCTIVE, comparison_table

STOP = 14
TABLE = comparison_table(
    "gtsrb",
    "GTSRB",
    (STOP,),
    title="The notebooks of the OC-NN repository on traffic signs: stop signs are normal",
    notes=(
        INDUCTIVE,
        "The signs are read from the folder GTSRB in the folder of the data, or from what --data "
        "names: a folder, or an .npz file of images.",
    ),
)
