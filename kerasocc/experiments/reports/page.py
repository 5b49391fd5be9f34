"""The page of a finished run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kerasocc import plots
from kerasocc.experiments.config.train_config import Config
from kerasocc.experiments.reports import by_class, latent_labels, members, samples
from kerasocc.experiments.reports.charts import WIDTH, chart
from kerasocc.experiments.reports.document import Section, document, note
from kerasocc.experiments.reports.key_figures import headline, key_figures
from kerasocc.experiments.reports.markup import Content, element, rows_table
from kerasocc.experiments.reports.pictures import Pictures
from kerasocc.experiments.reports.scored_samples import ScoredSamples
from kerasocc.experiments.reports.settings_in_words import settings_in_words

Histories = Mapping[str, Mapping[str, Sequence[float]]]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a page shows beside the figures of `results.json`.

    Attributes:
        tested: The test samples; None shows none.
        histories: Logs per epoch, by phase.
        pictures: Of test samples and of a decomposition.
        config: The settings; None leaves them out.
        sections: Parts of the page that others have made, such as explanations.
    """

    tested: ScoredSamples | None = None
    histories: Histories = field(default_factory=dict)
    pictures: Pictures = field(default_factory=Pictures)
    config: Config | None = None
    sections: Sequence[Section] = ()


def page(results: dict[str, Any], shown: Shown | None = None) -> str:
    """The report of a run as one HTML file, which needs no other.

    Args:
        results: What `results.json` holds.
        shown: What else there is.
    """
    shown = shown or Shown()
    return document(
        f"{results['method']}: {results['run']}",
        _sections(results, shown),
        subtitle=_subtitle(results, shown.config),
        opening=[headline(results), *_notes(results)],
    )


def _subtitle(results: dict[str, Any], config: Config | None) -> str | None:
    finished = results.get("finished")
    day = f"{finished[:10]} {finished[11:16]}" if finished else ""
    data = "" if config is None else f"Data: {Path(config.dataset).name}"
    if config is not None and config.normal_class is not None:
        data += f", normal: {config.normal_class}"
    return "; ".join(part for part in (data, day) if part) or None


def _notes(results: dict[str, Any]) -> Iterator[Content]:
    about_threshold = results["calibration"]["note"]
    if about_threshold:
        yield note(f"Threshold: {about_threshold}.")
    for text in results.get("notes", ()):
        yield note(f"Data: {text}.")
    for name, reason in results.get("left_out", {}).items():
        yield note(f"Left out: {name}: {reason}")


def _sections(results: dict[str, Any], shown: Shown) -> Iterator[Section]:
    facts = key_figures(results)
    # They stand at the top of the page.
    told = ("AUC (test)", "Average precision")
    yield Section("Results", rows_table({k: v for k, v in facts.items() if k not in told}))
    tested, threshold = shown.tested, results["threshold"]
    if tested is not None:
        yield Section("Scores", _score_charts(results, tested))
        yield Section("Classes", by_class.table(by_class.by_class(tested, threshold)))
        look = samples.worth_a_look(tested.labels, tested.scores, threshold)
        for title, groups in (
            ("Worth a look", look),
            ("Extremes", samples.extremes(tested.scores)),
        ):
            content = samples.show(groups, tested, threshold, shown.pictures)
            yield Section(title, content)
    yield from shown.sections
    yield Section("Reconstruction and noise", _decomposition(shown.pictures))
    if results.get("members"):
        yield Section("Members", members.table(results["members"]))
    yield Section("Training", _training_charts(shown.histories))
    if shown.config is not None:
        yield Section("Settings", settings_in_words(shown.config))
    yield Section("Files and software", _files(results))


def _score_charts(results: dict[str, Any], tested: ScoredSamples) -> Content:
    threshold, calibration = results["threshold"], results["calibration"]
    interval = calibration.get("threshold_interval")
    words = (
        f"The threshold {threshold:.4g} is to be exceeded by {100 * calibration['rate']:g} % of "
        f"new normal samples. It was set on {calibration['samples']} {calibration['on']}"
    )
    if interval is not None:
        low, high = interval
        ends = (
            "any lower value" if low is None else f"{low:.4g}",
            "any higher value" if high is None else f"{high:.4g}",
        )
        words += (
            f". Of all normal samples {100 * calibration['rate']:g} % exceed a score between "
            f"{ends[0]} and {ends[1]} (95 % interval)"
        )
    histogram = chart(
        "histogram",
        f"Histogram of the scores of {len(tested.scores)} test samples, with the threshold "
        f"{threshold:.4g}",
        f"{words}.",
        plots.plot_histogram,
        tested.scores,
        tested.labels,
        threshold,
        interval=interval,
        width=WIDTH,
    )
    charts = [histogram]
    if results["auc"] is not None:
        curve = (tested.labels, tested.scores, threshold)
        charts += [
            chart(
                "roc",
                f"ROC curve with an area of {100 * results['auc']:.2f} %",
                "How many anomalies are found at the cost of how many false alarms.",
                plots.plot_roc,
                *curve,
            ),
            chart(
                "precision-recall",
                "Precision against recall, with an average precision of "
                f"{100 * results['average_precision']:.2f} %",
                "How many of the flagged samples are anomalies when so many anomalies are found.",
                plots.plot_precision_recall,
                *curve,
            ),
        ]
    return element("div", charts, class_="charts")


def _training_charts(histories: Histories) -> Content:
    charts = []
    for number, (phase, history) in enumerate(histories.items()):
        epochs = len(next(iter(history.values()), ()))
        if epochs < 2:
            continue
        drops = len(set(history.get("learning_rate", ()))) > 1
        title = f"{phase[:1].upper()}{phase[1:]}, {epochs} epochs."
        caption = f"{title} The dotted line is a drop of the learning rate." if drops else title
        alt = f"Training curves of {phase}, {epochs} epochs"
        charts.append(chart(f"training-{number}", alt, caption, plots.plot_quantities, history))
    return element("div", charts, class_="charts") if charts else None


def _decomposition(pictures: Pictures) -> Content:
    if not pictures.decomposition:
        return None
    names = ("Training sample", "Its reconstruction", "Its noise")
    small = "small" if pictures.is_small else None
    tiles = (
        element(
            "li",
            (
                element("img", src=address, alt=f"{name} {number}", class_=small)
                for name, address in zip(names, column, strict=True)
            ),
            class_="tile",
        )
        for number, column in enumerate(pictures.decomposition, 1)
    )
    text = (
        "The training samples with the most noise: each one above its reconstruction, and below "
        "that the noise that was separated from it."
    )
    return [element("p", text), element("ul", tiles, class_="tiles")]


def _files(results: dict[str, Any]) -> Content:
    versions = ", ".join(f"{name} {value}" for name, value in results["versions"].items() if value)
    beside = "model.keras, results.json, config.json, history.json, scores.csv and the pictures"
    latent = f", {latent_labels.FILE}" if results.get("latent_labels") else ""
    return rows_table(
        {
            "Software": f"{versions}; backend {results['backend']}",
            "Seed": str(results["seed"]),
            "Beside this page": f"In the folder of the run: {beside} as PNG files{latent}.",
        }
    )
