"""Deep SVDD on GTSRB: stop signs are normal, adversarially altered ones anomalous."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from kerasocc.experiments.config.protocols import fixed_by
from kerasocc.experiments.papers.named_files import name_of, path_of
from kerasocc.experiments.papers.training import quick_or_given
from kerasocc.experiments.tables.cell import Cell, Published
from kerasocc.experiments.tables.definition import (
    AUC,
    Context,
    Metric,
    Options,
    OwnOption,
    Result,
    TableDefinition,
)

PAPER = "deep-svdd"
ROW = "stop signs"
SIGNS = "gtsrb32_subset"
SEEDS = tuple(range(10))
METHODS = {
    "oc-svm": "OC-SVM",
    "if": "IF",
    "dcae": "DCAE",
    "soft-boundary": "soft-boundary",
    "one-class": "one-class",
}
CLASSICAL = ("oc-svm", "if")
PUBLISHED = {
    "OC-SVM": 67.5,
    "IF": 73.8,
    "DCAE": 79.1,
    "soft-boundary": 77.8,
    "one-class": 80.3,
}
"""Mean AUC in % over ten seeds, recalled."""
ATTACK = {"adversarial": 20, "attack_steps": 5000, "classifier_epochs": 20, "start": "noise"}
QUICK_ATTACK = {**ATTACK, "attack_steps": 500}
QUICK = {"pretrain_epochs": 20, "epochs": 20}


def cells(options: Options) -> list[Cell]:
    """All cells: every method, one seed after the other."""
    epochs = quick_or_given(options, QUICK)
    attack = QUICK_ATTACK if options.quick else ATTACK
    chosen = options.own.get("attack_steps")
    attack = attack if chosen is None else {**attack, "attack_steps": chosen}
    signs = options.own.get("signs") or SIGNS
    return [
        _cell(method, seed, epochs, {**attack, "signs": signs, "seed": seed})
        for seed in options.seeds or SEEDS
        for method in METHODS
    ]


def _cell(method: str, seed: int, epochs: dict[str, int], attack: dict[str, Any]) -> Cell:
    data = {**attack, "signs": name_of(attack["signs"])}
    settings: dict[str, Any] = {} if method in CLASSICAL else _settings(method, seed, epochs)
    configuration = {"experiment": f"{PAPER}:gtsrb:{method}", "data": data, "settings": settings}
    return Cell(
        row=ROW, column=METHODS[method], configuration=configuration, seed=seed, method=method
    )


def _settings(method: str, seed: int, epochs: dict[str, int]) -> dict[str, Any]:
    """Those of MNIST, in batches of 64, as in the authors' code for GTSRB, and from scratch."""
    fixed = fixed_by(PAPER, "mnist")
    if epochs:
        fixed = {k: v for k, v in fixed.items() if not k.endswith(("epochs", "drop_at"))}
    settings = {**fixed, **epochs, "batch_size": 64, "preprocessing": "unit", "seed": seed}
    if method == "dcae":
        return settings
    return {**settings, "pretrain_epochs": 0, "pretrain_drop_at": (), "objective": method}


def group(cell: Cell) -> str:
    """Cells with one attack."""
    data = cell.configuration["data"]
    return f"{PAPER}-gtsrb-{data['attack_steps']}-seed-{cell.seed}"


def run(cells: Sequence[Cell], context: Context) -> Iterator[tuple[Cell, Result]]:
    """Alter signs, unless they are there, then train and test every method on them."""
    from kerasocc.experiments.papers.deep_svdd.stop_signs import stop_signs

    attack = dict(cells[0].configuration["data"])
    data, facts = stop_signs(context.store, attack, path_of(attack["signs"]))
    for cell in cells:
        begun = time.perf_counter()
        model = _fitted(cell, data, context)
        yield cell, {**_result(model, data, begun), **facts}


def _fitted(cell: Cell, data: Any, context: Context) -> Any:
    if cell.method in CLASSICAL:
        from kerasocc import baselines

        options = dict(preprocessing=data.preprocessing, seed=cell.seed)
        if cell.method == "oc-svm":
            return baselines.OCSVM(components=0.95, **options).fit(data.x_train)
        return baselines.IsolationForest(**options).fit(data.x_train)
    from kerasocc.experiments.config import TrainConfig
    from kerasocc.experiments.runs.model_training import pretrain_model, train_model

    # The name chooses the network.
    config = TrainConfig.for_dataset("gtsrb", **cell.configuration["settings"])
    folder = context.store.work_folder(cell.key)
    train = pretrain_model if cell.method == "dcae" else train_model
    trained = train(config, folder, data, progress=context.progress)
    context.store.discard(folder)
    return trained[0] if cell.method == "dcae" else trained.model


def _result(model: Any, data: Any, begun: float) -> Result:
    from kerasocc.engine.evaluation import ranking_metrics

    metrics = ranking_metrics(data.y_test, model.score(data.x_test))
    return {
        "metrics": {name: float(value) for name, value in metrics.items()},
        "seconds": round(time.perf_counter() - begun, 1),
        "samples": len(data.x_train),
    }


def published(row: str, column: str, metric: str) -> Published | None:
    """The figure of a column, or None."""
    return Published(PUBLISHED[column], checked=False) if metric == AUC.name else None


TABLE = TableDefinition(
    paper=PAPER,
    name="gtsrb",
    title="Deep SVDD, section 4.3: stop signs against adversarially altered ones",
    source="Ruff et al., Deep One-Class Classification, ICML 2018",
    metrics=(AUC, Metric("average_precision", "average precision in %")),
    cells=cells,
    run=run,
    group=group,
    published=published,
    mean=None,
    own_options=(
        OwnOption(
            name="signs",
            help="file of arrays `image`, `label` and `source`, or folder of GTSRB (default: "
            f"{SIGNS} below KERASOCC_DATA_DIR)",
        ),
        OwnOption(name="attack_steps", kind=int, help="of the boundary attack (default: 5000)"),
    ),
    notes=(
        "The paper has 780 stop signs to train on, 270 to test with and 20 altered ones. A file "
        "without GTSRB's own test part is divided by tracks, a quarter of them to test with: "
        "images of one track are nearly equal.",
        "The attack is the boundary attack of Brendel et al. (ICLR 2018) on a classifier of all "
        "signs that are not tested with, from uniform noise (from signs of other classes where the "
        "classifier takes all noise for stop signs). How many steps the paper's attack "
        "took, and on which classifier, is not known: the anomalies may be nearer to the normal "
        "signs than the paper's, or farther.",
        "OC-SVM is on 95 % of the variance (PCA), with nu 0.1 and the width of scikit-learn's "
        "`scale`; IF on pixels. Deep SVDD starts from random weights, as in the authors' code.",
    ),
)
