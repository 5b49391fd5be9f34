"""The page of a finished run, and the figures that its reader wants to know first."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any, NamedTuple

from kerasocc.experiments.reports import evaluation, latent_labels, localization, members

FIGURES = {
    "samples.png": "Test samples with the smallest and the largest scores",
    "heat_maps.png": "Test samples with the largest scores, and what made their scores",
    "histogram.png": "Scores of the test samples",
    "roc.png": "Receiver operating characteristic on the test samples",
    "decomposition.png": "Training samples with the most noise",
    "training.png": "The training per epoch",
}
"""Files and captions, in the order of the page."""

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
       padding: 0 1rem; color: #222; background: #fff; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .25rem 1.5rem .25rem 0; border-bottom: 1px solid #ddd; }
th { font-weight: normal; color: #555; white-space: nowrap; }
td { font-variant-numeric: tabular-nums; }
figure { margin: 2rem 0; }
img { max-width: 100%; height: auto; }
figcaption { color: #555; }
.note { border-left: 4px solid #d55e00; padding-left: 1rem; }
"""


def key_figures(results: dict[str, Any]) -> dict[str, str]:
    """What a reader wants to know first, in words.

    Args:
        results: What `results.json` holds.
    """
    seconds, calibration = results["seconds"], results["calibration"]
    training, test = results["samples"]["training"], results["samples"]["test"]
    hidden, labelled = training["anomalous"], training["labelled"]
    noise, latent = results.get("auc_of_noise"), results.get("latent_labels")
    phases = ", ".join(f"{name} {value:.2f} s" for name, value in seconds.items())
    return {
        **evaluation.ranking_in_words(results, " (test)"),
        **localization.in_words(results.get("localization")),
        **({"AUC (noise)": f"{100 * noise:.2f} % of the training samples"} if noise else {}),
        "Threshold": f"{results['threshold']:.4g}, for a false positive rate of "
        f"{100 * calibration['rate']:g} %, set on {calibration['samples']} {calibration['on']}",
        **_change(results),
        **_true_rate(calibration),
        **evaluation.flagged_in_words(results, "test samples"),
        **({"Latent labels": latent_labels.in_words(latent)} if latent else {}),
        **(members.in_words(results["members"]) if results.get("members") else {}),
        "Time": phases,
        "Samples": f"trained on {training['normal']} {_kind_of_training(results)}"
        f"{f', {hidden} hidden anomalous' if hidden else ''}"
        f"{f', {labelled} labelled anomalous' if labelled else ''}; "
        f"tested on {_tested_on(results, test)}",
    }


def _change(results: dict[str, Any]) -> dict[str, str]:
    """When the threshold of a trained run was changed, and what it was; nothing if it was not."""
    earlier = results.get("earlier_thresholds")
    if not earlier:
        return {}
    before = earlier[-1]
    return {
        "Changed": f"{results['calibration']['changed']}; before, the threshold was "
        f"{before['threshold']:.4g}, for a false positive rate of {100 * before['rate']:g} %"
    }


def _kind_of_training(results: dict[str, Any]) -> str:
    is_labelled = "train" not in results.get("unlabelled_parts", ())
    return "normal" if is_labelled else "without labels, taken for normal"


def _tested_on(results: dict[str, Any], test: dict[str, int]) -> str:
    if not results.get("labelled", True):
        return evaluation.samples_in_words(results)
    return f"{test['normal']} normal and {test['anomalous']} anomalous"


def _true_rate(calibration: dict[str, Any]) -> dict[str, str]:
    """What the false positive rate on new normal samples can be; nothing where it is unknown."""
    interval = calibration.get("interval")
    if interval is None:
        return {}
    samples, rate = calibration["samples"], 100 * calibration["rate"]
    low, high = (_percent(bound) for bound in interval)
    return {
        "True rate": f"between {low} and {high} % (95 % interval) of new normal samples, as the "
        f"threshold for {rate:g} % rests on {samples} samples"
    }


def _percent(fraction: float) -> str:
    percent = 100 * fraction
    if percent >= 10:
        return f"{percent:.0f}"
    return f"{percent:.1g}" if percent < 1 else f"{percent:.2g}"


class Extreme(NamedTuple):
    """A test sample among those with the largest scores.

    Attributes:
        name: Its row or file.
        score: Its score.
        label: `"normal"`, `"anomaly"`, or `""` without a label.
        flagged: Whether its score is above the threshold.
        because: The columns that made its score, in words, or `""`.
    """

    name: str
    score: float
    label: str
    flagged: bool
    because: str = ""


def page(
    results: dict[str, Any],
    shown: Sequence[str] = tuple(FIGURES),
    extremes: Sequence[Extreme] = (),
) -> str:
    """The report as HTML, with the figures beside it.

    Args:
        results: What `results.json` holds.
        shown: Which of `FIGURES` there are.
        extremes: The test samples with the largest scores, where samples have names.
    """
    title = html.escape(f"{results['method']}: {results['run']}")
    versions = ", ".join(f"{name} {value}" for name, value in results["versions"].items() if value)
    rows = {
        **key_figures(results),
        "Seed": str(results["seed"]),
        "Software": f"{versions}; backend {results['backend']}",
    }
    table = "\n".join(
        f'<tr><th scope="row">{html.escape(name)}</th><td>{html.escape(value)}</td></tr>'
        for name, value in rows.items()
    )
    figures = "\n".join(
        f'<figure><img src="{name}" alt="{caption}"><figcaption>{caption}</figcaption></figure>'
        for name, caption in FIGURES.items()
        if name in shown
    )
    note = results["calibration"]["note"]
    of_members = members.table(results["members"]) if results.get("members") else ""
    left_out = "".join(
        f'<p class="note">Left out: {html.escape(name)}: {html.escape(reason)}</p>\n'
        for name, reason in results.get("left_out", {}).items()
    )
    latent = latent_labels.FILE if results.get("latent_labels") else None
    more = f'\nLatent labels: <a href="{latent}">{latent}</a>.' if latent else ""
    notes = [f"Threshold: {note}"] if note else []
    notes += [f"Data: {text}" for text in results.get("notes", ())]
    warning = "".join(f'<p class="note">{html.escape(text)}.</p>\n' for text in notes)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<table>
{table}
</table>
{warning}{left_out}{of_members}{_extremes_table(extremes)}{figures}
<p>All figures: <a href="results.json">results.json</a>. Settings:
<a href="config.json">config.json</a>. Scores: <a href="scores.csv">scores.csv</a>.{more}</p>
</main>
</body>
</html>
"""


def _extremes_table(extremes: Sequence[Extreme]) -> str:
    """The samples with the largest scores; nothing where there are none."""
    if not extremes:
        return ""
    rows = "\n".join(
        f"<tr><td>{html.escape(sample.name)}</td><td>{sample.score:.4g}</td>"
        f"<td>{'flagged' if sample.flagged else ''}</td><td>{sample.label}</td>"
        f"{f'<td>{html.escape(sample.because)}</td>' if sample.because else ''}</tr>"
        for sample in extremes
    )
    return f"""<h2>Test samples with the largest scores</h2>
<table>
{rows}
</table>
"""
