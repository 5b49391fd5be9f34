"""The code of the page on scikit-learn runs."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "scikit_learn.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
PACKAGES = {"pyod", "pythresh", "keras_tuner"}


def imported(block):
    return set(re.findall(r"^(?:import|from) (\w+)", block, re.MULTILINE))


# The blocks go on with the names of those before them.
@pytest.mark.slow
# PyOD and KerasTuner warn of what they import.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("package", ["", "keras_tuner", "pyod"])
def test_the_page_runs(package, tmp_path, monkeypatch, capsys):
    if package:
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    own = {package} | ({"pythresh"} if package == "pyod" else set())
    chosen = [block for block in BLOCKS if imported(block) & PACKAGES <= own]
    names = {"__name__": "docs"}
    for block in chosen:
        exec(compile(block, PAGE.name, "exec"), names)
    assert flags_few(names["detector"], names["X_train"])
    assert "flagged;" in capsys.readouterr().out
    assert 0.9 < names["search"].best_score_ <= 1
    if package == "keras_tuner":
        assert names["best"].score > 0.7
        assert names["model"].is_fitted
    if package == "pyod":
        assert len(names["combined"]) == len(names["labels"]) == len(names["X"])


def flags_few(detector, samples):
    """Whether few of the samples that it was trained on are flagged."""
    return (detector.predict(samples) == -1).mean() < 0.1


def test_every_detector_is_described():
    from kerasocc import estimators

    text = PAGE.read_text("utf-8")
    for name in estimators.__all__:
        if name not in ("OneClassDetector", "NetworkDetector"):
            assert f"`{name}`" in text or name in "".join(BLOCKS), name
