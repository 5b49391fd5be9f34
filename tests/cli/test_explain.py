"""`kerasocc explain` and `score --explain`, and what a run with outliers shows."""

import json

import numpy as np
import pandas
import pytest
from PIL import Image

import kerasocc
from kerasocc.cli import main
from kerasocc.datasets.alterations import draw_strokes, masks_of_strokes
from tests.cli.helpers import of, refused, rows_of

STROKES = dict(thickness=4, strokes=(1, 1))


def save(folder, images, suffix=""):
    folder.mkdir(parents=True)
    for number, image in enumerate(images):
        Image.fromarray(image[..., 0]).save(folder / f"{number:02}{suffix}.png")


def pixels(path):
    with Image.open(str(path)) as image:
        return np.array(image)


@pytest.fixture(scope="module")
def tiles(tmp_path_factory):
    """Images in the layout of MVTec-AD, with masks, outliers beside them, and a run on them."""
    root = tmp_path_factory.mktemp("tiles")
    random = np.random.default_rng(0)
    images = random.integers(100, 140, (60, 16, 16, 1)).astype("uint8")
    defective = draw_strokes(images[50:], seed=1, **STROKES)
    masks = masks_of_strokes(images[50:], seed=1, **STROKES)
    save(root / "tile" / "train" / "good", images[:40])
    save(root / "tile" / "test" / "good", images[40:50])
    save(root / "tile" / "test" / "scratch", defective)
    save(
        root / "tile" / "ground_truth" / "scratch", 255 * masks[..., None].astype("uint8"), "_mask"
    )
    save(root / "outliers", draw_strokes(images[:40], seed=2, **STROKES))
    options = ["--dataset", str(root / "tile"), "--outliers", str(root / "outliers")]
    options += ["--method", "fcdd", "--epochs", "60", "--batch-size", "32", "--quiet"]
    options += ["--image-size", "16"]
    assert main(["train", *options, "--out", str(root / "runs"), "--name", "fcdd"]) == 0
    return root


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A run on a table with text."""
    folder = tmp_path_factory.mktemp("table")
    random = np.random.default_rng(0)
    frame = pandas.DataFrame(
        {
            "amount": random.normal(50, 5, 200).round(2),
            "hour": random.integers(8, 18, 200),
            "city": random.choice(["Bonn", "Kiel", "Ulm"], 200),
        }
    )
    frame.to_csv(folder / "train.csv", index=False)
    new = frame.head(3).copy()
    new.loc[0, "amount"], new.loc[2, "city"] = 5000.0, "Rome"
    new.to_csv(folder / "new.csv", index=False)
    options = ["--dataset", str(folder / "train.csv"), "--label", "none", "--quiet"]
    assert main(["train", *options, "--out", str(folder / "runs"), "--name", "rows"]) == 0
    return folder


@pytest.mark.slow
def test_a_run_with_outliers_and_masks(tiles):
    run = tiles / "runs" / "fcdd"
    results = json.loads((run / "results.json").read_text())
    assert results["auc"] > 0.9 and results["method"] == "FCDD"
    found = results["localization"]
    assert found["pixel_auc"] > 0.85 and found["aupro"] > 0.4
    assert found["images"] == 10 and found["method"] == "heat-map"
    page = (run / "report.html").read_text("utf-8")
    assert "Pixel AUC" in page and "AUPRO" in page
    pictures = json.loads((run / "pictures.json").read_text())
    assert set(pictures["maps"]) == set(pictures["samples"]) and len(pictures["maps"]) > 5
    assert len(set(pictures["maps"].values())) > 5
    assert not (run / "reference.npy").exists()


@pytest.mark.slow
def test_pictures_and_arrays(tiles, tmp_path, capsys):
    run, source = tiles / "runs" / "fcdd", tiles / "tile" / "test" / "scratch"
    for name in ("maps.npz", "maps.png"):
        output = ["--output", str(tmp_path / name)]
        assert main(["explain", str(source), *of(run), *output]) == 0
        assert "Explained 10 samples" in capsys.readouterr().err
    assert pixels(tmp_path / "maps.png").shape[1] > 500
    arrays = np.load(tmp_path / "maps.npz")
    model = kerasocc.load_model(run / "model.keras")
    images = np.stack([pixels(p)[..., None] for p in arrays["name"]])
    np.testing.assert_allclose(arrays["contributions"], model.explain(images), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(arrays["score"], model.score(images), rtol=1e-5)
    method = ["--method", "occlusion", "--output", str(tmp_path / "other.npz")]
    assert main(["explain", str(source), *of(run), *method]) == 0
    other = np.load(tmp_path / "other.npz")["contributions"]
    assert other.shape == arrays["contributions"].shape and not np.allclose(
        other, arrays["contributions"]
    )


@pytest.mark.slow
def test_the_columns_of_rows(table, capsys, tmp_path):
    run, source = table / "runs" / "rows", str(table / "new.csv")
    assert main(["explain", source, *of(run), "--top", "1"]) == 0
    rows = rows_of(capsys.readouterr().out)
    assert list(rows[0])[:3] == ["row", "score", "because"]
    assert rows[0]["because"].startswith("amount +") and ";" not in rows[0]["because"]
    assert rows[2]["because"].startswith("city +")
    names = [f"contribution of {name}" for name in ("amount", "hour", "city")]
    assert list(rows[0])[3:] == names
    # Compared with the typical row of the training: contributions add up to nearly the score.
    total = sum(float(rows[0][name]) for name in names)
    assert total == pytest.approx(float(rows[0]["score"]), rel=0.1)
    assert main(["explain", source, *of(run), "--output", str(tmp_path / "c.npz")]) == 0
    arrays = np.load(tmp_path / "c.npz")
    assert arrays["columns"].tolist() == ["amount", "hour", "city"]
    assert arrays["contributions"].shape == (3, 3)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["csv", "parquet", "npz"])
def test_scores_with_their_columns(table, tmp_path, capsys, suffix):
    run, output = table / "runs" / "rows", tmp_path / f"scores.{suffix}"
    source = str(table / "new.csv")
    assert main(["score", source, *of(run), "--explain", "--output", str(output)]) == 0
    if suffix == "parquet":
        because = pandas.read_parquet(output)["because"].tolist()
    elif suffix == "npz":
        because = np.load(output)["because"].tolist()
    else:
        because = [row["because"] for row in rows_of(output.read_text("utf-8"))]
    assert because[0].startswith("amount +") and because[2].startswith("city +")
    page = (run / "report.html").read_text("utf-8")
    assert any(f"{name} +" in page for name in ("city", "amount", "hour"))


@pytest.mark.slow
def test_rows_that_cannot_be_scored_have_no_columns(table, tmp_path, capsys):
    frame = pandas.read_csv(table / "new.csv")
    frame.loc[1, "amount"] = np.nan
    frame.to_csv(tmp_path / "bad.csv", index=False)
    run = table / "runs" / "rows"
    options = ["--explain", "--bad-rows", "flag"]
    assert main(["score", str(tmp_path / "bad.csv"), *of(run), *options]) == 0
    rows = rows_of(capsys.readouterr().out)
    assert [row["because"].split(" ")[0] for row in rows] == ["amount", "", "city"]
    error = refused(["explain", str(tmp_path / "bad.csv"), *of(run)], capsys)
    assert "amount" in error and "line 3" in error


BAD = [
    ("tiles", "--method reconstruction", "`--method` must be one of"),
    ("tiles", "--output maps.csv", "`--output` must be .npz, or for images .png, .svg, .pdf"),
    ("table", "--output maps.png", "`--output` must be .npz or CSV for the rows of a table"),
    ("table", "--top 0", "`--top` must be at least 1. Received: --top 0"),
    ("table", "--method heat-map", "`--method` must be one of"),
    ("table", "--output nowhere/x.npz", "There is no folder 'nowhere'"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "options", "message"), BAD)
def test_what_it_refuses(kind, options, message, request, capsys, monkeypatch, tmp_path):
    folder = request.getfixturevalue(kind)
    monkeypatch.chdir(tmp_path)
    run, source = {
        "tiles": (folder / "runs" / "fcdd", folder / "tile" / "test" / "scratch"),
        "table": (folder / "runs" / "rows", folder / "new.csv"),
    }[kind]
    assert message in refused(["explain", str(source), *of(run), *options.split()], capsys)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_images_have_no_columns(tiles, capsys):
    run, source = tiles / "runs" / "fcdd", tiles / "tile" / "test" / "scratch"
    error = refused(["score", str(source), *of(run), "--explain"], capsys)
    assert error.startswith("`--explain` needs a model of a table")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--outliers nope", "`outliers` must be a path, or for images the name of a set"),
        ("--outliers digits", "`outliers` must be other data than `dataset`"),
        ("--labelled 0", "`labelled` must be above 0, or `outliers` be given"),
        ("--outlier-fraction 0.3", "`outlier_fraction` needs `outliers`"),
        ("--network resnet18", "`network` must be left out: the method 'fcdd' has an encoder"),
    ],
)
def test_settings_of_outliers_that_are_refused(options, message, tmp_path, capsys):
    arguments = ["train", "--dataset", "digits", "--method", "fcdd", "--out", str(tmp_path)]
    assert message in refused([*arguments, *options.split()], capsys)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_labelled_anomalies_take_the_place_of_outliers(tmp_path):
    options = ["--dataset", "digits", "--normal-class", "0", "--epochs", "25", "--quiet"]
    options += ["--method", "hypersphere-classifier", "--labelled", "0.3"]
    assert main(["train", *options, "--out", str(tmp_path), "--name", "hsc"]) == 0
    results = json.loads((tmp_path / "hsc" / "results.json").read_text())
    assert results["auc"] > 0.95 and results["samples"]["training"]["labelled"] > 20
