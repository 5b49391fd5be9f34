"""Table 1 of Deep SVDD: MNIST and CIFAR-10, one class normal."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

from kerasocc.experiments.config.protocols import fixed_by
from kerasocc.experiments.papers import classical
from kerasocc.experiments.papers.deep_svdd.published import published_auc, row_name
from kerasocc.experiments.papers.training import (
    is_jax,
    quick_or_given,
    score_pretrained,
    train_config,
)
from kerasocc.experiments.tables.cell import Cell
from kerasocc.experiments.tables.definition import Context, Options, Result, TableDefinition

PAPER = "deep-svdd"
SEEDS = tuple(range(10))
METHODS = {
    **classical.RAW,
    "dcae": "DCAE",
    "soft-boundary": "soft-boundary",
    "one-class": "one-class",
    **classical.HYBRIDS,
}
QUICK = {
    "mnist": {"pretrain_epochs": 20, "epochs": 20},
    "cifar10": {"pretrain_epochs": 10, "epochs": 10},
}
"""Epochs under `--quick`; the drops of the learning rates keep their places in proportion."""
_OF_DATA = ("method", "validation", "contamination", "dataset", "normal_class", "seed")
"""Settings that the detectors of raw samples depend on."""


def cells(options: Options) -> list[Cell]:
    """All cells: every class and method, one seed after the other."""
    methods = [*METHODS, *(classical.HINDSIGHT if options.hindsight else ())]
    return [
        _cell(dataset, normal_class, method, seed, quick_or_given(options, QUICK[dataset]))
        for seed in options.seeds or SEEDS
        for dataset in QUICK
        for normal_class in range(10)
        for method in methods
    ]


def _cell(dataset: str, normal_class: int, method: str, seed: int, epochs: dict[str, int]) -> Cell:
    fixed = fixed_by(PAPER, dataset)
    if epochs:
        fixed = {k: v for k, v in fixed.items() if not k.endswith(("epochs", "drop_at"))}
    settings = {
        **fixed,
        **epochs,
        "dataset": dataset,
        "normal_class": normal_class,
        "seed": seed,
        **({"objective": method} if method in ("soft-boundary", "one-class") else {}),
    }
    if classical.is_raw(method):
        # Whatever the length of trainings, the result is the same.
        settings = {name: settings[name] for name in _OF_DATA}
        settings |= {"preprocessing": classical.PREPROCESSING}
    return Cell(
        row=row_name(dataset, normal_class),
        column={**METHODS, **classical.HINDSIGHT}[method],
        configuration={"experiment": f"{PAPER}:{method}", "settings": settings},
        normal_class=normal_class,
        seed=seed,
        method=method,
        data=dataset,
    )


def group(cell: Cell) -> str:
    """Cells with one pretraining; under JAX those of all seeds, which train in one program."""
    name = f"{PAPER}-{cell.data}-{cell.normal_class}-{_lengths(cell)}"
    return name if is_jax() else f"{name}-seed-{cell.seed}"


def _lengths(cell: Cell) -> str:
    settings = cell.configuration["settings"]
    return f"{settings.get('pretrain_epochs', 0)}+{settings.get('epochs', 0)}"


def run(cells: Sequence[Cell], context: Context) -> Iterator[tuple[Cell, Result | Exception]]:
    """Train, one pretraining for all methods of a class and a seed."""
    if not is_jax():
        for cell in cells:
            yield cell, _result(cell, context)
        return
    import kerasocc

    by_seed: dict[int, list[Cell]] = {}
    for cell in cells:
        if cell.method in classical.METHODS:
            yield cell, _result(cell, context)
        else:
            by_seed.setdefault(cell.seed, []).append(cell)
    trainings = [functools.partial(_results, own, context) for own in by_seed.values()]
    for results in kerasocc.train_together(trainings) if trainings else ():
        yield from results


def _results(cells: Sequence[Cell], context: Context) -> list[tuple[Cell, Result | Exception]]:
    """The results of a seed; a training that fails must not be taken for that of another seed."""
    from kerasocc.callbacks import CollapseError

    found: list[tuple[Cell, Result | Exception]] = []
    for cell in cells:
        try:
            found.append((cell, _result(cell, context)))
        except (CollapseError, FloatingPointError) as error:
            found.append((cell, error))
    return found


def _result(cell: Cell, context: Context) -> Result:
    settings: dict[str, Any] = dict(cell.configuration["settings"])
    work = f"{PAPER}-{cell.data}-{cell.normal_class}-{_lengths(cell)}-seed-{cell.seed}"
    if cell.method in classical.METHODS:
        return classical.score_classical(cell.method, settings, work, context)
    if cell.method == "dcae":
        return score_pretrained(settings, work, context)
    return train_config(settings, work, cell.key, context)


TABLE = TableDefinition(
    paper=PAPER,
    name="table1",
    title="Deep SVDD, table 1: one class of MNIST or CIFAR-10 is normal",
    source="Ruff et al., Deep One-Class Classification, ICML 2018",
    cells=cells,
    run=run,
    group=group,
    published=published_auc,
    heads="normal class",
    notes=(
        "The published figures are means over ten seeds.",
        classical.NOTE,
        "DCAE is the autoencoder of the pretraining, scored by its reconstruction error.",
        "Every training takes the settings of the authors' PyTorch code; the first layer of the "
        "paper's own code starts from a learned dictionary, which ours does not.",
    ),
)
