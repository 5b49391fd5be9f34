"""The cells of the tables of Deep SAD: data, labels and what is trained on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerasocc.experiments.config.data_defaults import HIDDEN
from kerasocc.experiments.config.protocols import PROTOCOLS
from kerasocc.experiments.papers.training import quick_or_given
from kerasocc.experiments.tables.cell import Cell, key_of
from kerasocc.experiments.tables.definition import Options, OwnOption

PAPER = "deep-sad"
SOURCE = "Ruff et al., Deep Semi-Supervised Anomaly Detection, ICLR 2020"

RAW = {"oc-svm": "OC-SVM", "ssad": "SSAD"}
HYBRIDS = {"oc-svm-hybrid": "OC-SVM hybrid", "ssad-hybrid": "SSAD hybrid"}
NETWORKS = {
    "deep-svdd": "Deep SVDD",
    "ss-dgm": "SS-DGM",
    "deep-sad": "Deep SAD",
    "supervised": "supervised",
}
TITLES = {**RAW, **HYBRIDS, **NETWORKS}
TITLES |= {f"{m}-hindsight": f"{t}, hindsight" for m, t in {**RAW, **HYBRIDS}.items()}
"""Titles of the columns by method."""
UNSUPERVISED = {"oc-svm", "oc-svm-hybrid", "deep-svdd"}
"""Methods that are trained without the labelled anomalies."""
NEED_LABELS = {"ss-dgm", "supervised"}

QUICK = {
    "mnist": {"pretrain_epochs": 10, "epochs": 10},
    "fashion_mnist": {"pretrain_epochs": 10, "epochs": 10},
    "cifar10": {"pretrain_epochs": 5, "epochs": 5},
    "table": {"pretrain_epochs": 20, "epochs": 20},
}
"""Epochs under `--quick`; the drops of the learning rates keep their places in proportion."""
SS_DGM = {"pretrain_epochs": 100, "epochs": 50}
"""Epochs of both models of SS-DGM: the defaults of the authors' code."""
SSAD_SAMPLES, QUICK_SSAD_SAMPLES = 3000, 1500

LABELLED = OwnOption(
    name="labelled",
    help="classes of the labelled anomalies: the one after the normal class, or each in turn as in "
    "the paper (default: all, with --quick next)",
    choices=("next", "all"),
)
CLASSICAL_NOTE = (
    "Hybrids read the codes of the autoencoder that Deep SAD is pretrained with. The width of "
    "their kernels is scikit-learn's rule; the published ones were chosen by the labels of a tenth "
    "of the test samples, as in the columns under --hindsight by all of them."
)
SUPERVISED_NOTE = (
    "The supervised classifier is the encoder of Deep SAD, not pretrained, with a linear layer; "
    "unlabelled samples count as normal. SS-DGM has the widths and epochs of the authors' code."
)


def labelled_classes(options: Options, normal_class: int) -> list[int]:
    """The classes that labelled anomalies come from, one at a time."""
    chosen = options.own.get("labelled") or ("next" if options.quick else "all")
    after = [(normal_class + step) % 10 for step in range(1, 10)]
    return after[:1] if chosen == "next" else sorted(after)


def cells_of(
    row: str,
    methods: Sequence[str],
    options: Options,
    dataset: str,
    *,
    seed: int,
    normal_class: int | None = None,
    labelled: float = 0.0,
    classes: Sequence[int] | None = None,
    contamination: float = 0.0,
    column: str | None = None,
    **more: Any,
) -> list[Cell]:
    """One cell per method, on the same data.

    Args:
        row: Its row.
        methods: Keys of `TITLES`. Those that need labels are left out where there are none.
        options: What the user asks for.
        dataset: Name of images or of a table.
        seed: Of the draws, the networks and the order of the samples.
        normal_class: The normal class of images.
        labelled: Share of labelled anomalies.
        classes: Classes of the labelled anomalies.
        contamination: Share of hidden anomalies among the others.
        column: In place of the title of the method.
        **more: Other settings of Deep SAD.
    """
    fixed = dict(PROTOCOLS[PAPER][dataset])
    is_table = dataset in HIDDEN
    quick = QUICK["table" if is_table else dataset]
    epochs = quick_or_given(options, quick)
    if epochs:
        fixed = {k: v for k, v in fixed.items() if not k.endswith(("epochs", "drop_at"))}
    data = {
        "dataset": dataset,
        **({"hidden": HIDDEN[dataset]} if is_table else {"normal_class": normal_class}),
        "contamination": contamination,
        "seed": seed,
    }
    labels = {"labelled": labelled, **({} if classes is None else {"labelled_classes": classes})}
    found = []
    for method in methods:
        kind = method.removesuffix("-hindsight")
        if kind in NEED_LABELS and not labelled:
            continue
        settings = {**fixed, **epochs, **data, **more}
        settings.pop("labelled", None)
        if kind in UNSUPERVISED or not labelled:
            settings |= {"method": "deep-svdd"}
            settings.pop("eta", None)
        else:
            settings |= labels
        configuration = {
            "experiment": f"{PAPER}:{_trained(method, labelled)}",
            "settings": settings,
            **_own(kind, options, epochs),
        }
        found.append(
            Cell(
                row=row,
                column=column or TITLES[method],
                configuration=configuration,
                normal_class=normal_class,
                seed=seed,
                method=method,
                data=dataset,
            )
        )
    return found


def cells_by_labelled_class(
    row: str,
    methods: Sequence[str],
    options: Options,
    dataset: str,
    *,
    normal_class: int,
    labelled: float,
    **more: Any,
) -> list[Cell]:
    """`cells_of` for each class that labelled anomalies come from; arguments as there."""
    found = []
    for anomalous in labelled_classes(options, normal_class):
        own = dict(normal_class=normal_class, labelled=labelled, classes=[anomalous], **more)
        found += cells_of(row, methods, options, dataset, **own)
    return found


def _trained(method: str, labelled: float) -> str:
    """What is trained: without labels Deep SAD is Deep SVDD, and they share the result."""
    return "deep-svdd" if method == "deep-sad" and not labelled else method


def _own(kind: str, options: Options, epochs: dict[str, int]) -> dict[str, Any]:
    """What the result of a baseline depends on beside the settings of Deep SAD."""
    if kind in ("ssad", "ssad-hybrid"):
        return {"max_samples": QUICK_SSAD_SAMPLES if options.quick else SSAD_SAMPLES}
    return {"ss_dgm": {**SS_DGM, **epochs}} if kind == "ss-dgm" else {}


_OF_PRETRAINING = ("network", "code", "hidden", "preprocessing")
_OF_DATA = ("dataset", "normal_class", "contamination", "labelled", "labelled_classes", "seed")


def group(cell: Cell) -> str:
    """Cells on one data set with one pretraining."""
    settings = cell.configuration["settings"]
    shared = {
        name: settings[name]
        for name in (*_OF_DATA, *_OF_PRETRAINING, *sorted(settings))
        if name in (*_OF_DATA, *_OF_PRETRAINING) or name.startswith("pretrain")
        if name in settings
    }
    return f"{PAPER}-{cell.data}-{key_of(shared)[:12]}"
