"""The settings of a run in words: those that have an effect, and what they mean."""

from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.reports.markup import as_text, element
from kerasocc.experiments.reports.settings_in_words import (
    in_words,
    settings_in_words,
    used_settings,
)


def told(**settings):
    return as_text(element("div", settings_in_words(TrainConfig.for_dataset(**settings))))


def test_settings_of_other_methods_and_ignored_ones_are_left_out():
    used = used_settings(TrainConfig.for_dataset(method="deep-svdd"))
    assert {"nu", "epochs", "dataset"} <= set(used)
    # Of other methods; without latent labels or a regularizer; of another network.
    assert not {"lam", "time_budget", "assumed_contamination", "noise_k", "pooling"} & set(used)
    used = used_settings(TrainConfig.for_dataset(method="deep-svdd", latent="soft"))
    assert "assumed_contamination" in used
    assert "epochs" not in used_settings(TrainConfig.for_dataset(method="auto"))
    # The method has no network.
    used = used_settings(TrainConfig.for_dataset(method="nearest-neighbors"))
    assert not {"batch_norm", "hidden"} & set(used)


def test_a_line_per_group_and_every_setting_with_its_meaning():
    text = told(method="deep-svdd", epochs=7, use_bias=True, regularizer="noise")
    short, _, long = text.partition("<details>")
    assert '<th scope="row">Method</th><td>deep-svdd</td>' in short
    assert "epochs 7; " in short and ">use bias; batch norm<" in short and "none" not in short
    assert "normal class 0; " in short and "seed 0" in short
    assert '<td>7<span class="explained">Epochs of the method; none: as many as' in long


def test_values_in_words():
    values = (None, (), "", True, False, (50, 100), 1e-4, "adam", 3)
    words = ["none", "none", "none", "yes", "no", "50, 100", "0.0001", "adam", "3"]
    assert list(map(in_words, values)) == words
