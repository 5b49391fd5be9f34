"""The cells of the tables of latent outlier exposure."""

import numpy as np
import pytest

from kerasocc.experiments.papers.loe import images, published, sensitivity, tabular, video
from kerasocc.experiments.tables.definition import Options


def cells(table, **options):
    own = {option.name: option.default for option in table.TABLE.own_options}
    own |= options.pop("own", {})
    return table.TABLE.cells(Options(own=own, **options))


def test_a_training_is_described_by_all_that_it_depends_on():
    found = cells(tabular, data=("glass",), seeds=(3,), epochs=7)
    assert [cell.column for cell in found] == ["Blind", "Refine", "LOE-H", "LOE-S"]
    blind, soft = found[0].configuration, found[3].configuration
    assert soft == {
        "experiment": "loe:neutral-ad",
        "data": "glass",
        "normal_class": None,
        "mode": "soft",
        "contamination": 0.1,
        "epochs": 7,
        "seed": 3,
        "assumed": 0.1,
        "refresh": "batch",
        "warmup": 2,
    }
    # Blind knows nothing of the ratio: its result does not depend on it.
    others = ("assumed", "refresh", "warmup")
    assert blind == {**{k: v for k, v in soft.items() if k not in others}, "mode": "blind"}


def test_own_options():
    own = dict(modes=["soft", "known", "soft"], contamination=0.2, assumed="auto", warmup=0)
    soft, known = cells(tabular, data=("glass",), seeds=(0,), own={**own, "most_rows": 50})
    assert soft.configuration["assumed"] == "auto" and soft.configuration["warmup"] == 0
    assert soft.configuration["contamination"] == known.configuration["contamination"] == 0.2
    assert known.column == "known labels" and known.configuration["most_rows"] == 50
    (icl,) = cells(
        tabular, data=("a/glass.npz",), seeds=(0,), own=dict(backbone="icl", modes=["soft"])
    )
    assert icl.configuration["experiment"] == "loe:icl" and icl.row == "glass"
    assert (icl.configuration["data"], icl.data) == ("glass", "a/glass.npz")


def test_the_tables_of_the_paper_come_first(tmp_path, monkeypatch):
    np.savez(tmp_path / "own.npz", X=np.zeros((4, 2)), y=np.arange(4) > 2)
    monkeypatch.setenv("KERASOCC_DATA_DIR", str(tmp_path))
    rows = list(dict.fromkeys(cell.row for cell in cells(tabular, seeds=(0,))))
    assert rows == [*tabular.OF_THE_PAPER, "own"] and len(tabular.OF_THE_PAPER) == 30


def test_wrong_ratios_share_blind():
    found = cells(sensitivity, seeds=(0,), data=("CV_by_a", "glass"))
    assert len(found) == 2 * 4 * 4
    blind = {cell.key for cell in found if cell.column == "Blind"}
    assert len(blind) == 2 and len({cell.key for cell in found}) == 2 + 2 * 3 * 4
    soft = [cell for cell in found if cell.column == "LOE-S" and cell.data == "glass"]
    assert [c.row for c in soft] == ["0.05", "0.1", "0.15", "0.2"]
    assert [c.configuration["assumed"] for c in soft] == [0.05, 0.1, 0.15, 0.2]
    assert {c.configuration["contamination"] for c in soft} == {0.1}
    assert {c.configuration["experiment"] for c in found} == {"loe:features", "loe:neutral-ad"}
    # One that is true is that of the table: its results are shared.
    same = cells(tabular, seeds=(0,), data=("glass",))[3]
    assert soft[1].key == same.key
    true = cells(sensitivity, seeds=(0,), data=("glass",), own=dict(along="contamination"))
    assert len({cell.key for cell in true}) == 16
    assert {c.configuration["assumed"] == c.configuration["contamination"] for c in true[1::4]} == {
        True
    }


def test_rows_of_images_and_video():
    found = cells(images, seeds=(0,))
    assert len(found) == 5 * 10 * 4
    assert {cell.method for cell in found} == {"neutral-ad", "mhrot", "deep-svdd"}
    rows = {cell.row for cell in found}
    figures = [images.TABLE.published(row, "LOE-S", "auc") for row in rows]
    assert sorted(f.value for f in figures if f) == [86.3, 91.2, 92.5, 94.9]
    assert all(not f.checked for f in figures if f)
    of_mnist = next(cell for cell in found if cell.data == "mnist")
    quick = next(c for c in cells(images, seeds=(0,), quick=True) if c.method == "mhrot")
    assert quick.configuration["samples"] == 1000 and quick.configuration["epochs"] == 2
    assert of_mnist.configuration["pretrain_epochs"] == 20 and of_mnist.normal_class == 0
    frames = cells(video, seeds=(0,), data=("/somewhere/UCSDped1",))
    assert [c.row for c in frames[::4]] == ["0.1", "0.2", "0.3"]
    assert frames[0].configuration["data"] == "UCSDped1"
    assert video.TABLE.published("0.3", "Refine", "auc").value == 69.3


def test_published():
    assert published.tabular("thyroid", "LOE-S", "f1") == (82.6, True, None)
    assert published.tabular("thyroid", "LOE-H", "f1") is None
    assert published.images("MHRot, CIFAR-10", "known labels", "auc") is None
    assert published.images("MHRot, CIFAR-10", "Blind", "f1") is None


@pytest.mark.parametrize(
    ("table", "own", "message"),
    [
        (tabular, dict(contamination=1.0), r"`contamination` must be in \[0, 1\)"),
        (tabular, dict(assumed=-0.1), r"`assumed` must be in \[0, 1\)"),
        (tabular, dict(warmup=-1), "`warmup` must be an integer of at least 0"),
        (tabular, dict(most_rows=2), "`most_rows` must be an integer of at least 10"),
        (sensitivity, dict(ratios=[2.0]), r"`ratios` must be in \(0, 1\)"),
        (video, dict(ratios=[0.0]), r"`ratios` must be in \(0, 1\)"),
    ],
)
def test_options_out_of_range(table, own, message):
    with pytest.raises(ValueError, match=message):
        cells(table, own=own)


def test_a_video_set_is_one_folder():
    with pytest.raises(ValueError, match="`data` must be one folder of video frames"):
        cells(video, data=("a", "b"))
