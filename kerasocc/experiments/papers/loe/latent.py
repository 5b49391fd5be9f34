"""The cells that the tables of latent outlier exposure consist of, and their options."""

from __future__ import annotations

from typing import Any, NamedTuple

from kerasocc.checks import AUTO, check_choice, check_fraction, check_integer
from kerasocc.experiments.papers.loe.backbones import BACKBONES
from kerasocc.experiments.settings.latent import MODE_TITLES
from kerasocc.experiments.settings.parsing import ratio
from kerasocc.experiments.tables.cell import Cell
from kerasocc.experiments.tables.definition import Options, OwnOption

SOURCE = (
    "Qiu et al., Latent Outlier Exposure for Anomaly Detection with Contaminated Data, ICML 2022"
)
TABLE_MODES = ("blind", "refine", "hard", "soft")
"""Columns of the paper's tables; `"known"` is its upper bound."""
WITHOUT_RATIO = ("blind", "known")
"""Modes that do not use the assumed ratio."""
SEEDS = range(5)

MODES = OwnOption(
    name="modes",
    help=f"columns, see LatentLabels (default: {' '.join(TABLE_MODES)})",
    choices=tuple(MODE_TITLES),
    several=True,
)
CONTAMINATION = OwnOption(
    name="contamination",
    help="true fraction of anomalies in the training data (default: 0.1)",
    kind=float,
    default=0.1,
)
ASSUMED = OwnOption(
    name="assumed",
    help="fraction that the training assumes, or auto (default: the true one)",
    kind=ratio,
)
REFRESH = OwnOption(
    name="refresh",
    help="when the labels are inferred (default: batch)",
    choices=("batch", "epoch"),
    default="batch",
)
WARMUP = OwnOption(
    name="warmup", help="epochs of Blind before it (default: 2)", kind=int, default=2
)
MOST_ROWS = OwnOption(
    name="most_rows",
    help="rows that are drawn of a larger table (default: all)",
    kind=int,
)
LATENT_OPTIONS = (MODES, CONTAMINATION, ASSUMED, REFRESH, WARMUP)


class Problem(NamedTuple):
    """What is trained on.

    Attributes:
        backbone: A key of `BACKBONES`.
        source: Name or path of the data.
        name: What they are called.
        normal_class: Of images, else None.
    """

    backbone: str
    source: str
    name: str
    normal_class: int | None = None


class Labelling(NamedTuple):
    """How the latent labels are inferred.

    Attributes:
        mode: A key of `MODE_TITLES`.
        contamination: True fraction of anomalies in the training data.
        assumed: The fraction that is told, `"auto"`, or None for the true one.
    """

    mode: str
    contamination: float
    assumed: float | str | None = None


def labellings(options: Options) -> list[Labelling]:
    """Those of the user's modes.

    Raises:
        ValueError: For an option out of range.
    """
    own = {option.name: option.default for option in LATENT_OPTIONS} | dict(options.own)
    contamination = check_fraction("contamination", own["contamination"], zero=True)
    assumed = own["assumed"]
    if assumed not in (None, AUTO):
        assumed = check_fraction("assumed", assumed, zero=True)
    modes = dict.fromkeys(own["modes"] or TABLE_MODES)
    return [Labelling(check_choice("modes", m, MODE_TITLES), contamination, assumed) for m in modes]


def latent_cell(
    row: str, problem: Problem, labelling: Labelling, seed: int, options: Options
) -> Cell:
    """One training."""
    own = {option.name: option.default for option in LATENT_OPTIONS} | dict(options.own)
    warmup = check_integer("warmup", own["warmup"], minimum=0)
    backbone = BACKBONES[problem.backbone]
    usual = backbone.quick_epochs if options.quick else backbone.epochs
    configuration: dict[str, Any] = {
        "experiment": f"loe:{problem.backbone}",
        "data": problem.name,
        "normal_class": problem.normal_class,
        "mode": labelling.mode,
        "contamination": labelling.contamination,
        "epochs": options.epochs or usual,
        "seed": seed,
    }
    if options.quick:
        configuration |= backbone.quick
    if own.get("most_rows") is not None:
        configuration["most_rows"] = check_integer("most_rows", own["most_rows"], minimum=10)
    if backbone.pretrain_epochs:
        usual = 2 if options.quick else backbone.pretrain_epochs
        configuration["pretrain_epochs"] = options.pretrain_epochs or usual
    if labelling.mode not in WITHOUT_RATIO:
        assumed = labelling.contamination if labelling.assumed is None else labelling.assumed
        inferred = {"assumed": assumed, "refresh": own["refresh"], "warmup": warmup}
        configuration |= inferred
    return Cell(
        row=row,
        column=MODE_TITLES[labelling.mode],
        configuration=configuration,
        normal_class=problem.normal_class,
        seed=seed,
        data=problem.source,
    )


def group(cell: Cell) -> str:
    """Cells with the same data."""
    names = ("experiment", "data", "normal_class", "contamination", "most_rows", "seed")
    values = (cell.configuration.get(name) for name in names)
    return "-".join(str(value) for value in values if value is not None)
