"""Figures of trainings: what is drawn, and what is refused."""

import pytest

from kerasocc import plots
from tests.plots.figures import draw


def test_history_shows_every_phase_and_the_drops():
    rates = [0.1, 0.1, 0.01, 0.01]
    histories = {
        "pretraining": {"loss": [100.0, 10.0, 1.0]},
        "training": {
            "loss": [3.0, 2.0, 1.0, 1.0],
            "embedding_spread": [0.4, 0.3, 0.2, 0.1],
            "learning_rate": rates,
        },
    }
    figure = draw(plots.plot_history(histories))
    first, second = figure.axes[:2]
    assert [first.get_title(), second.get_title()] == ["Pretraining", "Training"]
    assert first.get_yscale() == "log" and second.get_yscale() == "linear"
    assert list(second.lines[0].get_ydata()) == histories["training"]["loss"]
    assert list(second.lines[1].get_xdata()) == [2.5, 2.5]
    assert figure.axes[2].texts[0].get_text() == "not recorded"
    assert len(figure.legends) == 1


def test_history_of_one_epoch_and_of_nothing():
    draw(plots.plot_history({"training": {"loss": [1.0], "embedding_spread": [0.0]}}))
    with pytest.raises(ValueError, match="`histories` must hold at least one phase"):
        plots.plot_history({})


def test_quantities_of_a_phase_are_shown_one_below_the_other():
    history = {
        "loss": [3.0, 2.0, 1.0],
        "radius": [0.0, 0.5, 0.6],
        "val_auc": [0.5, 0.7, 0.9],
        "seconds": [1.0, 1.0, 1.0],
        "learning_rate": [0.1, 0.1, 0.01],
    }
    figure = draw(plots.plot_quantities(history))
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["loss", "validation AUC", "radius R"]
    assert list(figure.axes[2].lines[0].get_ydata()) == history["radius"]
    assert list(figure.axes[2].lines[1].get_xdata()) == [2.5, 2.5], "the drop of the rate"
    assert figure.axes[-1].get_xlabel() == "epoch"
    (axes,) = draw(plots.plot_quantities({})).axes
    assert axes.texts[0].get_text() == "not recorded"
