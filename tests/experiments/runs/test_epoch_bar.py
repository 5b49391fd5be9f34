"""The progress of a training: rates, time left, and where lines are drawn over."""

import io
import itertools
import sys
import types

import pytest

from kerasocc.experiments.runs import epoch_bar
from kerasocc.experiments.runs.epoch_bar import EpochBar
from kerasocc.experiments.runs.rates import rounded_rate


def drawn(monkeypatch, epochs, *, terminal, columns=120, samples=300, title="Training"):
    """What is written for epochs that take 10 seconds each."""
    clock = itertools.count(0, 10)
    monkeypatch.setattr(epoch_bar.time, "monotonic", lambda: clocked[0])
    clocked = [next(clock)]
    size = types.SimpleNamespace(columns=columns)
    monkeypatch.setattr(epoch_bar.shutil, "get_terminal_size", lambda: size)
    output = io.StringIO()
    output.isatty = lambda: terminal
    monkeypatch.setattr(sys, "stdout", output)
    bar = EpochBar(title, epochs)
    source = types.SimpleNamespace(num_samples=samples)
    bar.set_model(
        types.SimpleNamespace(epochs_trained=0, training_run=types.SimpleNamespace(source=source))
    )
    bar.on_train_begin()
    for epoch in range(epochs):
        clocked[0] = next(clock)
        bar.on_epoch_end(epoch, {"loss": 0.5})
    bar.on_train_end({"loss": 0.5})
    return output.getvalue()


def test_lines_say_the_rate_and_the_time_left(monkeypatch):
    lines = drawn(monkeypatch, 500, terminal=False).splitlines()
    # The first epoch, which compiles, does not count: 300 samples in 10 seconds since.
    assert lines[1].endswith("  2/500 epochs  loss 0.5  30 samples/s  1:23:00 left")
    assert lines[-2].endswith("499/500 epochs  loss 0.5  30 samples/s  0:10 left")
    assert lines[-1].endswith("#] 500/500 epochs  loss 0.5  30 samples/s")


@pytest.mark.parametrize("columns", [80, 120])
def test_a_terminal_is_drawn_over_and_nothing_is_cut_off(columns, monkeypatch):
    text = drawn(monkeypatch, 50, terminal=True, columns=columns)
    lines = text.split("\r")
    assert text.count("\n") == 1 and text.endswith("\n")
    assert all(len(line.rstrip("\n")) < columns for line in lines)
    assert len({line.index("]") for line in lines[1:]}) == 1, "the bar keeps its width"
    # A shorter line covers the longer one before it.
    assert len(lines[-1].rstrip("\n")) >= len(lines[-2].rstrip())
    assert lines[-2].rstrip().endswith("0:10 left") and "samples/s" in lines[-1]


def test_a_notebook_is_drawn_over_too(monkeypatch):
    shell = types.SimpleNamespace(kernel=object())
    notebook = types.SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    assert drawn(monkeypatch, 3, terminal=False).count("\r") == 4
    # IPython in a pipe is no notebook.
    del shell.kernel
    assert drawn(monkeypatch, 3, terminal=False).count("\r") == 0


def test_a_source_that_is_not_counted_has_no_rate(monkeypatch):
    assert "samples/s" not in drawn(monkeypatch, 3, terminal=False, samples=None)


@pytest.mark.parametrize(
    ("rate", "words"),
    [(3.2, "3.2"), (870.4, "870"), (3412, "3.4k"), (45_678, "46k"), (2e6, "2.0M")],
)
def test_rates_in_words(rate, words):
    assert rounded_rate(rate) == words
