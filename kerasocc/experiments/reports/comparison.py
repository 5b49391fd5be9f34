"""The page that compares several runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kerasocc import plots
from kerasocc.experiments.config.train_config import Config
from kerasocc.experiments.reports.charts import WIDTH, chart
from kerasocc.experiments.reports.document import Section, document
from kerasocc.experiments.reports.markup import Content, data_table, element
from kerasocc.experiments.reports.scored_samples import ScoredSamples
from kerasocc.experiments.reports.settings_in_words import in_words, is_unset, used_settings

MOST_CURVES = 6
"""ROC curves that can be told apart; of more runs the best are drawn."""


@dataclass(frozen=True)
class ComparedRun:
    """A finished run.

    Attributes:
        name: Its name.
        results: What `results.json` holds.
        config: Its settings.
        tested: Its test samples.
    """

    name: str
    results: dict[str, Any]
    config: Config
    tested: ScoredSamples


def comparison_page(runs: Sequence[ComparedRun]) -> str:
    """Compare runs as one HTML file, which needs no other.

    Args:
        runs: At least one.
    """
    ordered = sorted(runs, key=lambda run: -(run.results["auc"] or 0.0))
    names = ", ".join(dict.fromkeys(Path(run.config.dataset).name for run in ordered))
    return document(
        f"Comparison of {len(runs)} run{'' if len(runs) == 1 else 's'}",
        _sections(ordered),
        subtitle=f"Data: {names}",
        opening=element("p", _opening(ordered)),
    )


def _opening(runs: Sequence[ComparedRun]) -> str:
    first = runs[0]
    if first.results["auc"] is None:
        return "No run has labels of normal samples and anomalies, so that none is the best."
    best = f"{100 * first.results['auc']:.2f} %"
    words = f"{first.name} ({first.results['method']}) has the best AUC: {best}."
    if not _same_test(runs):
        words += " The runs were tested on different samples: their figures do not compare."
    return words


def _sections(runs: Sequence[ComparedRun]) -> Iterator[Section]:
    yield Section("Results", _results(runs))
    yield Section("Curves", _curves(runs))
    yield Section("Where they disagree", _disagreement(runs))
    yield Section("Settings that differ", _settings(runs))


def _results(runs: Sequence[ComparedRun]) -> Content:
    heads = (
        "run",
        "method",
        "AUC, %",
        "average precision, %",
        "anomalies found, %",
        "false alarms, %",
        "training, s",
    )
    rows = []
    for run in runs:
        found = run.results
        seconds = sum(s for name, s in found["seconds"].items() if name != "scoring")
        rates = ("auc", "average_precision", "true_positive_rate", "false_positive_rate")
        cells = ("" if found[key] is None else f"{100 * found[key]:.2f}" for key in rates)
        rows.append((run.name, found["method"], *cells, f"{seconds:.1f}"))
    return data_table(heads, rows, numbers=range(2, 7))


def _curves(runs: Sequence[ComparedRun]) -> Content:
    ranked = [run for run in runs if run.results["auc"] is not None]
    if not ranked:
        return None
    drawn = {run.name: (run.tested.labels, run.tested.scores) for run in ranked[:MOST_CURVES]}
    more = f" The best {MOST_CURVES} are drawn." if len(ranked) > MOST_CURVES else ""
    curves = chart(
        "rocs",
        f"ROC curves of {len(drawn)} runs",
        f"How many anomalies are found at the cost of how many false alarms.{more}",
        plots.plot_rocs,
        drawn,
    )
    metrics = {"AUC": "auc", "average precision": "average_precision"}
    values = {
        title: {run.name: 100 * run.results[name] for run in ranked}
        for title, name in metrics.items()
    }
    places = chart(
        "metrics",
        f"AUC and average precision of {len(ranked)} runs, as in the table",
        "Both say how well the scores rank; neither depends on the threshold.",
        plots.plot_places,
        values,
        x="%",
        width=WIDTH,
    )
    return element("div", curves, places, class_="charts")


def _same_test(runs: Sequence[ComparedRun]) -> bool:
    first = runs[0].tested
    return all(
        len(run.tested.scores) == len(first.scores)
        and np.array_equal(run.tested.labels, first.labels)
        and np.array_equal(run.tested.names, first.names)
        for run in runs
    )


def _disagreement(runs: Sequence[ComparedRun], listed: int = 10) -> Content:
    """The test samples that the runs rank most differently."""
    if len(runs) < 2 or not _same_test(runs):
        return None
    ranks = np.array([np.argsort(np.argsort(run.tested.scores)) for run in runs])
    ranks = ranks / max(len(runs[0].tested.scores) - 1, 1)
    spread = np.ptp(ranks, axis=0)
    chosen = np.argsort(-spread, kind="stable")[:listed]
    tested = runs[0].tested
    kinds = tested.labels is not None or tested.classes is not None
    heads = ["sample", *(["what it is"] if kinds else []), *(run.name for run in runs)]
    rows = (
        [
            tested.name(index),
            *([tested.kind(index)] if kinds else []),
            *(f"{100 * own[index]:.0f}" for own in ranks),
        ]
        for index in map(int, chosen)
    )
    first = 2 if kinds else 1
    table = data_table(heads, rows, numbers=range(first, first + len(runs)))
    text = (
        "The test samples that the runs rank most differently: how many of 100 test samples have "
        "a smaller score."
    )
    return [element("p", text), table]


def _settings(runs: Sequence[ComparedRun]) -> Content:
    used = [(run, used_settings(run.config)) for run in runs]
    differing = []
    for name in runs[0].config.schema.fields:
        # One that has no effect counts as one that is not set.
        values = [getattr(run.config, name) if name in own else None for run, own in used]
        if len({repr(None if is_unset(value) else value) for value in values}) > 1:
            differing.append(name)
    if not differing:
        return None if len(runs) < 2 else element("p", "None: the runs differ in nothing.")
    heads = ["setting", *(run.name for run in runs)]
    rows = (
        [
            name.replace("_", " "),
            *(in_words(getattr(run.config, name)) if name in own else "" for run, own in used),
        ]
        for name in differing
    )
    return data_table(heads, rows)
