"""The latent labels in the report of a run."""

from pathlib import Path

import numpy as np
import pytest

from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.reports import latent_labels
from kerasocc.experiments.runs.data import load_data


def figures(labels, labelled, truth, folder):
    data = load_data(TrainConfig.for_dataset())
    object.__setattr__(data, "y_train", np.array(labelled))
    object.__setattr__(data, "truth_train", np.array(truth))
    folder.mkdir(exist_ok=True)
    return latent_labels.write_latent_labels(folder, "refine", np.array(labels), data)


def test_figures_by_hand(tmp_path):
    found = figures([1.0, 0, 1.0, 0, 0, 1], [0, 0, 0, 0, 0, -1], [1, 1, 0, 0, 0, 1], tmp_path)
    # The last one is labelled, which is no guess.
    assert found == {
        "mode": "refine",
        "samples": 5,
        "flagged": 2,
        "share": 0.4,
        "precision": 0.5,
        "recall": 0.5,
    }
    text = (tmp_path / "latent_labels.csv").read_text()
    assert text == "index,latent_label,truth\n0,1,1\n1,0,1\n2,1,0\n3,0,0\n4,0,0\n"
    words = "Refine: 40.0 % of the training samples flagged, 50 % of them anomalies"
    assert latent_labels.in_words(found) == words


def test_figures_without_flags_or_anomalies(tmp_path):
    none = figures([0.0, 0.0], [0, 0], [0, 0], tmp_path)
    assert (none["share"], none["precision"], none["recall"]) == (0.0, None, None)
    assert latent_labels.in_words(none) == "Refine: 0.0 % of the training samples flagged"
    mistaken = figures([1.0, 0.0], [0, 0], [0, 0], tmp_path)
    assert (mistaken["precision"], mistaken["recall"]) == (0.0, None)
    assert latent_labels.in_words(mistaken) == "Refine: 50.0 % of the training samples flagged"


def test_no_table_is_half_written(tmp_path, monkeypatch):
    original = Path.write_text

    def write(self, text, **options):
        if self.name.endswith("latent_labels.csv"):
            original(self, text[:20], **options)
            raise OSError(28, "No space left on device", str(self))
        return original(self, text, **options)

    monkeypatch.setattr(Path, "write_text", write)
    with pytest.raises(OSError, match="No space left"):
        figures([1.0, 0.0], [0, 0], [0, 0], tmp_path)
    assert not list(tmp_path.iterdir())
