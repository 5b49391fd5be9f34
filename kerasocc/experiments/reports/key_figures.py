"""What the reader of a run wants to know first, in words."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from kerasocc.experiments.reports import evaluation, latent_labels, localization, members
from kerasocc.experiments.reports.markup import element


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
    if is_labelled:
        return "normal"
    hidden = results.get("hidden_anomalies")
    return f"without labels, {'anomalies among them' if hidden else 'taken for normal'}"


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


def headline(results: dict[str, Any]) -> Element:
    """The few figures at the top of a page, large.

    Args:
        results: What `results.json` holds.
    """
    shown = element("dl", class_="figures")
    for name, (value, remark) in _headline(results).items():
        small = element("small", remark) if remark else None
        shown.append(element("div", element("dt", name), element("dd", value, small)))
    return shown


def _headline(results: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Name, value and a remark."""
    found: dict[str, tuple[str, str]] = {}
    normal, anomalous = results.get("normal", 0), results.get("anomalous", 0)
    if results["auc"] is not None:
        chance = 100 * anomalous / max(normal + anomalous, 1)
        found["AUC"] = (f"{100 * results['auc']:.2f} %", "50 % is chance")
        average = f"{100 * results['average_precision']:.2f} %"
        found["Average precision"] = (average, f"{chance:.1f} % is chance")
    true, false = results["true_positive_rate"], results["false_positive_rate"]
    if true is not None:
        found["Anomalies found"] = (f"{100 * true:.1f} %", f"of {anomalous}")
    if false is not None:
        interval = results.get("false_positive_rate_interval")
        remark = f"of {normal}"
        if interval:
            low, high = (f"{100 * end:.1f}" for end in interval)
            remark += f"; 95 % interval {low} to {high} %"
        if not results.get("labelled", True):
            remark += ", if all are normal"
        found["False alarms"] = (f"{100 * false:.1f} %", remark)
    found["Threshold"] = (f"{results['threshold']:.4g}", "larger scores are anomalies")
    return found
