"""The subcommands on the user's own data: scores, figures, exports, and what they refuse."""

import csv
import errno
import io
import json
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import keras
import numpy as np
import pandas
import pytest
import tensorflow as tf
from PIL import Image
from scipy.io import savemat

import kerasocc
from kerasocc.cli import main
from kerasocc.datasets import new_samples, table_files
from kerasocc.experiments import dataset_listing
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.runs import runner
from tests.test_cli import refused, status

SHORT = ["--quiet", "--pretrain-epochs", "1", "--epochs", "2"]
COLUMNS = ["a", "b", "flow rate", "d"]
LABELS = ["--label", "state", "--normal-class", "ok"]
SIDE = 16


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The user's data, below a path with blanks and letters that are not ASCII."""
    place = tmp_path_factory.mktemp("own") / "Zoë's data"
    place.mkdir()
    random = np.random.default_rng(0)
    bad = np.arange(120) % 4 == 3
    frame = pandas.DataFrame(random.normal(size=(120, 4)) + 3 * bad[:, None], columns=COLUMNS)
    frame.assign(state=np.where(bad, "bad", "ok")).to_csv(place / "pumps.csv", index=False)
    images = random.integers(0, 256, (80, SIDE, SIDE, 3)).astype("uint8")
    np.savez(place / "signs.npz", images=images, labels=np.arange(80) % 4)
    for number in range(40):
        folder = place / "pets" / ("cat" if number % 2 else "dög")
        folder.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 256, (20, 24, 3)).astype("uint8")
        Image.fromarray(pixels).save(folder / f"no {number:02}.png")
    return place


def trained(place, name, *arguments):
    out = place.parent / "runs"
    assert main(["train", *SHORT, "--out", str(out), "--name", name, *arguments]) == 0
    return out / name


@pytest.fixture(scope="module")
def pumps(place):
    return trained(place, "pumps", "--dataset", str(place / "pumps.csv"), *LABELS)


@pytest.fixture(scope="module")
def filling(place):
    """A run on the same table that imputes missing values."""
    options = ["--missing", "median", "--optimizer", "sgd", "--hidden", "6,3"]
    return trained(place, "filling", "--dataset", str(place / "pumps.csv"), *LABELS, *options)


@pytest.fixture(scope="module")
def pets(place):
    options = ["--normal-class", "cat", "--image-size", str(SIDE), "--pretrain-epochs", "0"]
    return trained(place, "pets", "--dataset", str(place / "pets"), *options)


@pytest.fixture(scope="module")
def signs(place):
    options = ["--normal-class", "1", "--pretrain-epochs", "0"]
    return trained(place, "signs", "--dataset", str(place / "signs.npz"), *options)


@pytest.fixture
def frame(place):
    return pandas.read_csv(place / "pumps.csv")


def of(run):
    """The options that choose a run."""
    return ["--out", str(run.parent), "--run", run.name]


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def scored(source, run, capsys, *options):
    """The rows that `score` prints."""
    assert main(["score", str(source), *of(run), *options]) == 0
    captured = capsys.readouterr()
    rows = rows_of(captured.out)
    notes = captured.err.splitlines()
    assert len(notes) == 2 and notes[0].startswith(f"Scored {len(rows)} samples of ")
    flagged = sum(int(row["is_anomaly"]) for row in rows)
    assert notes[1].startswith(f"Flagged {flagged} of them ")
    return rows


def scores_in(rows):
    return np.array([float(row["score"]) for row in rows], "float32")


def written(folder, name, frame):
    path = folder / name
    if name.endswith(".csv"):
        frame.to_csv(path, index=False)
    elif name.endswith(".parquet"):
        frame.to_parquet(path)
    elif name.endswith(".npz"):
        np.savez(path, X=frame[COLUMNS].to_numpy())
    elif name.endswith(".npy"):
        np.save(path, frame[COLUMNS].to_numpy())
    else:
        savemat(path, {"X": frame[COLUMNS].to_numpy()})
    return path


@pytest.mark.parametrize("name", ["x.csv", "x.CSV.csv", "x.parquet", "x.npz", "x.npy", "x.mat"])
def test_scores_of_a_table_are_those_of_the_model(name, pumps, frame, tmp_path, capsys):
    # Other columns in another order: they are found by their names, where there are any.
    mixed = frame[["d", "state", "b", "flow rate", "a"]].assign(more="text", z=1.0)
    rows = scored(written(tmp_path, name, mixed), pumps, capsys)
    model = kerasocc.load_model(pumps / "model.keras")
    x = frame[COLUMNS].to_numpy("float32")
    assert list(rows[0]) == ["row", "score", "is_anomaly"]
    assert [row["row"] for row in rows] == [str(i) for i in range(120)]
    np.testing.assert_array_equal(scores_in(rows), model.score(x))
    decisions = np.array([row["is_anomaly"] for row in rows])
    np.testing.assert_array_equal(decisions == "1", model.is_anomaly(x))
    assert set(decisions) == {"0", "1"}


@pytest.mark.parametrize("name", ["x.csv", "x.parquet", "x.npz", "x.npy"])
def test_blocks_change_nothing(name, pumps, frame, tmp_path, capsys, monkeypatch):
    path = written(tmp_path, name, frame)
    whole = scored(path, pumps, capsys)
    # A default argument is bound where the function is defined.
    monkeypatch.setattr(table_files.read_blocks, "__defaults__", (7,))
    parts = scored(path, pumps, capsys)
    assert [row["row"] for row in parts] == [row["row"] for row in whole]
    np.testing.assert_allclose(scores_in(parts), scores_in(whole), rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="flow rate"), "no column ['flow rate'] among ['a', 'b', 'd', "),
        (lambda f: f.astype({"b": object}).replace({"b": {f.b[70]: "n/k"}}), "'n/k' in row 70, co"),
        (lambda f: f.mask(f == f.b[70]), "1 missing or infinite values, the first in row 70, colu"),
        (lambda f: f.replace({"b": {f.b[70]: np.inf}}), "the first in row 70, column 1. Train wit"),
        (lambda f: f.replace({"b": {f.b[70]: 1e300}}), "the first in row 70, column 1. Train with"),
        (lambda f: f[:0], "must hold a table of numbers, rows and columns. Received: shape (0, 4)"),
    ],
    ids=["column", "text", "missing", "infinite", "too large", "empty"],
)
def test_a_bad_table_is_refused_by_row_and_column(
    change, message, pumps, frame, tmp_path, capsys, monkeypatch
):
    path = written(tmp_path, "x.csv", change(frame))
    assert message in refused(["score", str(path), *of(pumps)], capsys)
    monkeypatch.setattr(table_files.read_blocks, "__defaults__", (7,))
    output = tmp_path / "scores.csv"
    output.write_text("old")
    assert message in refused(["score", str(path), *of(pumps), "--output", str(output)], capsys)
    assert output.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["scores.csv", "x.csv"]


def test_missing_values_are_imputed_as_in_training(filling, frame, tmp_path, capsys, monkeypatch):
    fill = json.loads((filling / "sample_format.json").read_text())["fill"]
    monkeypatch.setattr(table_files.read_blocks, "__defaults__", (7,))
    holes, filled = frame.copy(), frame.copy()
    for number, value in enumerate([np.nan, np.inf, 1e300]):
        holes.iloc[50 + number, 1] = value
        filled.iloc[50 + number, 1] = fill[1]
    found = scores_in(scored(written(tmp_path, "holes.csv", holes), filling, capsys))
    wanted = scores_in(scored(written(tmp_path, "filled.csv", filled), filling, capsys))
    np.testing.assert_array_equal(found, wanted)
    assert TrainConfig.read(filling / "config.json").optimizer == "sgd"
    model = kerasocc.load_model(filling / "model.keras")
    assert model.encoder.output_shape == (None, 3)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.xlsx", b"", "`source` must end in one of ['.npz', '.npy', '.mat', '.csv', '.parquet']"),
        ("x.csv", b"", "is no readable .csv file"),
        ("x.csv", b"a;b;flow rate;d\n1;2;3;4\n", "no column ['a', 'b', 'flow rate', 'd'] among"),
        ("x.csv", b'a,b,flow rate,d\n"1,5",2,3,4\n', "Received: '1,5' in row 0, column 'a'"),
        ("x.csv", b"\xff\xfe\x00\xd8" * 99, "is no readable .csv file"),
        ("x.parquet", b"PAR1" * 99, "is no readable Parquet file"),
        ("x.npz", b"PK\x03\x04" * 99, "is no readable .npz file"),
        ("x.npy", b"\x93NUMPY" * 99, "is no readable .npy file"),
        ("x.mat", b"MATLAB" * 99, "is no readable .mat file"),
    ],
)
def test_a_file_that_is_no_table_is_refused(name, content, message, pumps, tmp_path, capsys):
    (tmp_path / name).write_bytes(content)
    assert message in refused(["score", str(tmp_path / name), *of(pumps)], capsys)


def test_models_of_tables_and_of_images_refuse_the_other(place, pumps, pets, signs, capsys):
    table, folder, file = (str(place / name) for name in ("pumps.csv", "pets", "signs.npz"))
    image = str(place / "pets" / "cat" / "no 01.png")
    absent = str(place / "absent.csv")
    for source, run, message in [
        (folder, pumps, "`source` must end in one of"),
        (image, pumps, "`source` must end in one of"),
        (file, pumps, "must have samples called one of ['x', 'data', 'samples', 'features']"),
        (table, pets, "`source` must be an image, a folder of images or an .npz file of images"),
        (image, signs, "(16, 16, 3), which the model was trained on. Received: shape (20, 24, 3)"),
        (absent, pumps, f"There is no file or folder {absent!r}."),
        (absent, pets, f"There is no file or folder {absent!r}."),
    ]:
        assert message in refused(["score", source, *of(run)], capsys)


def test_scores_of_images(place, pets, capsys, monkeypatch):
    rows = scored(place / "pets", pets, capsys)
    files = sorted((place / "pets").rglob("*.png"))
    assert [row["file"] for row in rows] == [str(file) for file in files]
    sized = [Image.open(f).resize((SIDE, SIDE), Image.Resampling.BILINEAR) for f in files]
    x = np.stack([np.asarray(image) for image in sized])
    model = kerasocc.load_model(pets / "model.keras")
    np.testing.assert_array_equal(scores_in(rows), model.score(x))
    decisions = [row["is_anomaly"] == "1" for row in rows]
    np.testing.assert_array_equal(decisions, model.is_anomaly(x))

    monkeypatch.setattr(new_samples, "IMAGES_AT_ONCE", 7)
    parts = scored(place / "pets", pets, capsys)
    assert [row["file"] for row in parts] == [row["file"] for row in rows]
    np.testing.assert_allclose(scores_in(parts), scores_in(rows), rtol=1e-5)
    single = scored(files[5], pets, capsys)
    assert [row["file"] for row in single] == [str(files[5])]
    np.testing.assert_allclose(scores_in(single), scores_in(rows)[5], rtol=1e-5)


def test_scores_of_an_npz_file_of_images(place, signs, capsys, monkeypatch):
    rows = scored(place / "signs.npz", signs, capsys)
    with np.load(place / "signs.npz") as file:
        x = file["images"]
    model = kerasocc.load_model(signs / "model.keras")
    np.testing.assert_array_equal(scores_in(rows), model.score(x))
    monkeypatch.setattr(new_samples, "NPZ_ROWS", 7)
    parts = scored(place / "signs.npz", signs, capsys)
    assert [row["row"] for row in parts] == [str(i) for i in range(80)]
    np.testing.assert_allclose(scores_in(parts), scores_in(rows), rtol=1e-5)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": np.zeros((0, SIDE, SIDE, 3))}, "Received: shape (0, 16, 16, 3)"),
        ({"images": np.full((2, SIDE, SIDE, 3), "a")}, "arrays of numbers. Received: shape (2, 16"),
        ({"images": np.float64(3)}, "must hold samples, arrays of numbers. Received: shape ()"),
        ({"pixels": np.zeros((2, SIDE, SIDE, 3))}, "Received: ['pixels']"),
        ({"images": np.array([{}, 1])}, "is no readable .npz file"),
    ],
)
def test_an_npz_file_without_images_is_refused(arrays, message, signs, tmp_path, capsys):
    np.savez(tmp_path / "x.npz", **arrays)
    assert message in refused(["score", str(tmp_path / "x.npz"), *of(signs)], capsys)
    assert capsys.readouterr().out == ""


def test_a_pixel_that_is_no_number_is_refused_by_sample(signs, tmp_path, capsys, monkeypatch):
    x = np.zeros((40, SIDE, SIDE, 3), "float32")
    x[30, 2, 2, 1] = np.nan
    np.savez(tmp_path / "x.npz", x=x)
    monkeypatch.setattr(new_samples, "NPZ_ROWS", 7)
    message = refused(["score", str(tmp_path / "x.npz"), *of(signs)], capsys)
    assert message.endswith(
        "x.npz' must hold finite numbers. Received: NaN or infinity in sample 30"
    )


def test_unreadable_images_are_refused_or_skipped(place, pets, tmp_path, capsys):
    shutil.copytree(place / "pets", tmp_path / "pets")
    broken = tmp_path / "pets" / "cat" / "no 03.png"
    broken.write_bytes(b"no image")
    message = refused(["score", str(tmp_path / "pets"), *of(pets)], capsys)
    assert message.startswith(f"{str(broken)!r} cannot be read")
    skip = ["--unreadable", "skip"]
    with pytest.warns(UserWarning, match="Skipped 1 of 40 image files"):
        rows = scored(tmp_path / "pets", pets, capsys, *skip)
    assert len(rows) == 39 and str(broken) not in {row["file"] for row in rows}
    message = refused(["score", str(broken), *of(pets), *skip], capsys)
    assert message.startswith("None of the 1 image files can be read")


def test_names_of_files_that_are_no_utf8_come_out_as_they_are(place, pets, tmp_path, monkeypatch):
    name = os.fsencode(tmp_path) + b"/l\xe4chelnd.png"
    try:
        shutil.copy(place / "pets" / "cat" / "no 01.png", name)
    except OSError:
        pytest.skip("the file system takes UTF-8 only")
    output = tmp_path / "scores.csv"
    assert main(["score", str(tmp_path), *of(pets), "--output", str(output)]) == 0
    assert name in output.read_bytes()
    printed = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, "utf-8"))
    assert main(["score", str(tmp_path), *of(pets)]) == 0
    assert printed.getvalue() == output.read_bytes()


def test_output_is_what_is_printed(place, pumps, tmp_path, capsys):
    source, output = str(place / "pumps.csv"), tmp_path / "scores.csv"
    assert main(["score", source, *of(pumps)]) == 0
    printed = capsys.readouterr().out
    assert main(["score", source, *of(pumps), "--output", str(output)]) == 0
    assert output.read_text() == printed and printed.count("\n") == 121
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("command", ["score", "evaluate"])
def test_an_output_that_cannot_be_written_is_refused_at_once(
    command, place, pumps, tmp_path, capsys, monkeypatch
):
    def too_late(*_):
        raise AssertionError("the model was loaded")

    monkeypatch.setattr("kerasocc.experiments.runs.trained.FoundModel.load", too_late)
    shutil.copy(place / "pumps.csv", tmp_path / "mine.csv")
    (tmp_path / "link.csv").symlink_to(tmp_path / "mine.csv")
    for output, message in [
        (str(tmp_path), "`--output` must be a file. Received: --output"),
        ("", "`--output` must be a file. Received: --output ''"),
        (os.devnull, "`--output` must be a file"),
        (str(tmp_path / "no" / "x.csv"), f"There is no folder {str(tmp_path / 'no')!r} for"),
        (str(tmp_path / "mine.csv"), "`--output` must not replace FILE"),
        (str(tmp_path / "link.csv"), "`--output` must not replace FILE"),
    ]:
        arguments = [command, str(tmp_path / "mine.csv"), *of(pumps), "--output", output]
        assert message in refused(arguments, capsys)
    assert (tmp_path / "mine.csv").read_bytes() == (place / "pumps.csv").read_bytes()


def test_a_reader_that_has_gone_is_no_error(pumps, frame, tmp_path):
    path = written(tmp_path, "x.csv", pandas.concat([frame] * 200))
    command = [sys.executable, "-m", "kerasocc", "score", str(path), *of(pumps)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdout.readline() == b"row,score,is_anomaly\n"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 1


def test_a_model_file_alone(place, pumps, frame, tmp_path, capsys):
    model = kerasocc.load_model(pumps / "model.keras")
    alone = str(shutil.copy(pumps / "model.keras", tmp_path / "alone.keras"))
    path = str(written(tmp_path, "x.csv", frame[COLUMNS]))
    assert main(["score", path, "--model", alone]) == 0
    scores = model.score(frame[COLUMNS].to_numpy("float32"))
    np.testing.assert_array_equal(scores_in(rows_of(capsys.readouterr().out)), scores)

    message = refused(["score", str(place / "pumps.csv"), "--model", alone], capsys)
    assert "Received: 'ok' in row 0, column 'state'" in message
    message = refused(["evaluate", "--model", alone], capsys)
    assert "`FILE` must be given: a model file alone does not say" in message
    labelled = ["evaluate", str(place / "pumps.csv"), "--model", alone]
    message = refused(labelled, capsys)
    assert "or `label` must name them" in message
    assert "must label normal samples (0)" in refused([*labelled, "--label", "state"], capsys)
    assert main([*labelled, *LABELS]) == 0
    assert "90 normal, 30 anomalous" in capsys.readouterr().out

    # The model in the folder of its run knows the columns.
    in_run = ["score", str(place / "pumps.csv"), "--model", str(pumps / "model.keras")]
    assert main(in_run) == 0
    np.testing.assert_array_equal(scores_in(rows_of(capsys.readouterr().out)), scores)


def test_a_model_without_a_threshold_gives_no_decisions(place, pumps, frame, tmp_path, capsys):
    model = kerasocc.load_model(pumps / "model.keras")
    model.threshold.assign(np.inf)
    model.save(tmp_path / "m.keras")
    options = ["--model", str(tmp_path / "m.keras")]
    path = str(written(tmp_path, "x.csv", frame[COLUMNS]))
    assert main(["score", path, *options]) == 0
    captured = capsys.readouterr()
    rows = rows_of(captured.out)
    assert list(rows[0]) == ["row", "score"] and len(rows) == 120
    assert captured.err.splitlines()[1].startswith("The model has no threshold")
    output = tmp_path / "results.json"
    labelled = [str(place / "pumps.csv"), *LABELS, "--output", str(output)]
    assert main(["evaluate", *labelled, *options]) == 0
    assert "Threshold" not in capsys.readouterr().out
    results = json.loads(output.read_text())
    assert results["threshold"] is None and results["false_positive_rate"] is None
    assert 0 <= results["auc"] <= 1


@pytest.mark.parametrize("command", ["score", "evaluate", "export"])
def test_no_model_is_one_clear_line(command, place, pumps, tmp_path, capsys):
    target = str(tmp_path / "exported") if command == "export" else str(place / "pumps.csv")
    out = tmp_path / "runs"
    for name in ("half", "cut", "torn", "other", "odd", "bare"):
        shutil.copytree(pumps, out / name)
    results = json.loads((pumps / "results.json").read_text())
    (out / "half" / "results.json").write_text(json.dumps({**results, "status": "running"}))
    (out / "cut" / "model.keras").write_bytes((pumps / "model.keras").read_bytes()[:999])
    (out / "torn" / "sample_format.json").write_text('{"kind": "table"')
    (out / "other" / "sample_format.json").write_text('{"kind": "table"}')
    content = json.loads((pumps / "sample_format.json").read_text())
    (out / "odd" / "sample_format.json").write_text(json.dumps({**content, "shape": None}))
    (out / "bare" / "sample_format.json").unlink()
    inside = ["--out", str(out)]
    both = [*of(pumps), "--model", str(pumps / "model.keras")]
    for options, message in [
        ([*inside, "--run", "half"], "must be complete. Received: running"),
        ([*inside, "--run", "cut"], "must be a complete `.keras` file"),
        ([*inside, "--run", "torn"], "sample_format.json is not a readable JSON file"),
        ([*inside, "--run", "other"], "sample_format.json must be a JSON object with the entries"),
        ([*inside, "--run", "odd"], "sample_format.json must fit to the model, which takes sam"),
        ([*inside, "--run", "bare"], "sample_format.json"),
        ([*inside, "--run", "absent"], "There is no run"),
        (["--out", str(tmp_path / "no")], "There is no finished run in"),
        (["--model", str(tmp_path / "no.keras")], "There is no model file"),
        (["--model", str(pumps / "config.json")], "must be a complete `.keras` file"),
        (["--model", str(pumps)], "must be a complete `.keras` file"),
        (both, "`--run` and `--model` exclude each other"),
    ]:
        assert message in refused([command, target, *options], capsys)
    assert not (tmp_path / "exported").exists()


def test_the_run_that_was_finished_last_is_taken(place, pumps, pets, tmp_path, capsys):
    for age, run in ((1, pumps), (2, pets)):
        shutil.copytree(run, tmp_path / run.name)
        os.utime(tmp_path / run.name / "results.json", (10**9 - age, 10**9 - age))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "results.json").write_text("{")
    assert main(["score", str(place / "pumps.csv"), "--out", str(tmp_path)]) == 0
    assert str(tmp_path / "pumps" / "model.keras") in capsys.readouterr().err


def evaluated(tmp_path, capsys, *arguments):
    """What `evaluate` writes, after a look at what it prints."""
    output = tmp_path / "evaluation.json"
    assert main(["evaluate", *map(str, arguments), "--output", str(output)]) == 0
    results = json.loads(output.read_text())
    captured = capsys.readouterr()
    assert f"{100 * results['auc']:.2f} %" in captured.out and captured.err == ""
    assert f"{results['normal']} normal, {results['anomalous']} anomalous" in captured.out
    return results


def test_evaluate_gives_the_figures_of_the_run(pumps, pets, signs, tmp_path, capsys):
    for run in (pumps, pets, signs):
        of_run = json.loads((run / "results.json").read_text())
        found = evaluated(tmp_path, capsys, *of(run))
        assert found == {name: of_run[name] for name in found}
        assert {"auc", "threshold", "true_positive_rate", "normal"} < set(found)


def test_evaluate_labelled_files(place, pumps, pets, signs, frame, tmp_path, capsys):
    results = evaluated(tmp_path, capsys, place / "pumps.csv", *of(pumps))
    rows = scored(place / "pumps.csv", pumps, capsys)
    flagged = np.array([row["is_anomaly"] == "1" for row in rows])
    bad = (frame.state == "bad").to_numpy()
    assert (results["normal"], results["anomalous"]) == (90, 30)
    assert results["false_positive_rate"] == flagged[~bad].mean()
    assert results["true_positive_rate"] == flagged[bad].mean()
    other = evaluated(tmp_path, capsys, place / "pumps.csv", *of(pumps), "--normal-class", "bad")
    assert other["auc"] == pytest.approx(1 - results["auc"])

    renamed = frame.assign(quality=(frame.state == "bad") + 1).drop(columns="state")
    path = written(tmp_path, "renamed.csv", renamed)
    options = ["--label", "quality", "--normal-class", "1"]
    assert evaluated(tmp_path, capsys, path, *of(pumps), *options) == results

    assert evaluated(tmp_path, capsys, place / "pets", *of(pets))["normal"] == 20
    counts = evaluated(tmp_path, capsys, place / "signs.npz", *of(signs))
    assert (counts["normal"], counts["anomalous"]) == (20, 60)


def test_evaluate_refuses_what_it_cannot_rank(place, pumps, pets, signs, frame, tmp_path, capsys):
    table, folder = place / "pumps.csv", place / "pets"
    one = written(tmp_path, "one.csv", frame[frame.state == "ok"])
    hole = written(tmp_path, "hole.csv", frame.assign(state=frame.state.mask(frame.index == 3)))
    bare = written(tmp_path, "bare.csv", frame[COLUMNS])
    array = written(tmp_path, "bare.npy", frame)
    with np.load(place / "signs.npz") as file:
        np.savez(tmp_path / "few.npz", images=file["images"], labels=file["labels"][:79])
    for arguments, message in [
        (
            [one, *of(pumps)],
            "must label normal samples (ok) and anomalies. Received: labels ['ok']",
        ),
        ([table, *of(pumps), "--normal-class", "7"], "must label normal samples (7) and anomalies"),
        (
            [table, *of(pumps), "--label", "no"],
            "must have labels called one of ['no']. Received: [",
        ),
        ([hole, *of(pumps)], "must label every row. Received: no label in row 3, column 'state'"),
        ([bare, *of(pumps)], "must have labels called one of ['state']"),
        ([array, *of(pumps)], "must have labels, and .npy files hold one array only"),
        ([folder / "cat", *of(pets)], "must hold a folder of images per class"),
        ([folder, *of(pets), "--normal-class", "cow"], "Received: labels ['cat', 'dög']"),
        ([folder, *of(pets), "--label", "x"], "`label` must be left out: the folders of"),
        ([tmp_path / "few.npz", *of(signs)], "one label for each of its 80 samples. Received: 79"),
        ([*of(pumps), "--label", "x"], "`--label` must be left out without FILE"),
        ([*of(pumps), "--normal-class", "bad"], "`--normal-class` must be left out without FILE"),
        ([*of(pets), "--unreadable", "skip"], "`--unreadable` must be left out without FILE"),
    ]:
        assert message in refused(["evaluate", *map(str, arguments)], capsys)


def test_evaluate_needs_the_data_of_the_run_where_they_were(place, pumps, tmp_path, capsys):
    shutil.copytree(pumps, tmp_path / "runs" / "moved")
    config = json.loads((pumps / "config.json").read_text())
    gone = {**config, "dataset": str(tmp_path / "gone.csv")}
    (tmp_path / "runs" / "moved" / "config.json").write_text(json.dumps(gone))
    message = refused(["evaluate", *of(tmp_path / "runs" / "moved")], capsys)
    assert message == f"There is no table {str(tmp_path / 'gone.csv')!r}."


def test_export_a_run(pumps, frame, tmp_path, capsys):
    path = tmp_path / "served" / "1"
    command = ["export", str(path), *of(pumps)]
    assert main(command) == 0
    assert f"Exported {pumps / 'model.keras'} to {path} (tf_saved_model)" in capsys.readouterr().out
    scorer = tf.saved_model.load(str(path)).signatures["serving_default"]
    x = frame[COLUMNS].to_numpy("float32")
    outputs = scorer(inputs=tf.constant(x))
    model = kerasocc.load_model(pumps / "model.keras")
    np.testing.assert_allclose(outputs["score"], model.score(x), rtol=1e-5)
    np.testing.assert_array_equal(outputs["is_anomaly"], model.is_anomaly(x))

    before = (path / "saved_model.pb").stat().st_mtime_ns
    assert "must not exist unless `overwrite=True`" in refused(command, capsys)
    assert (path / "saved_model.pb").stat().st_mtime_ns == before
    assert main([*command, "--overwrite"]) == 0
    assert (path / "saved_model.pb").stat().st_mtime_ns > before
    (tmp_path / "thesis.txt").write_text("years of work")
    mistaken = ["export", str(tmp_path), *of(pumps), "--overwrite"]
    assert "must be a SavedModel or an empty folder" in refused(mistaken, capsys)
    assert (tmp_path / "thesis.txt").exists()
    assert "invalid choice: 'h5'" in refused(["export", "x", "--format", "h5"], capsys)


def listed(capsys):
    """The table that `datasets` prints, by name."""
    assert main(["datasets"]) == 0
    lines = capsys.readouterr().out.split("\n\n")[0].splitlines()
    starts = [lines[0].index(head) for head in ("name", "kind", "samples", "where")]
    cells = (
        [*(line[a:b].strip() for a, b in zip(starts, starts[1:] + [None], strict=True))]
        for line in lines[1:]
    )
    return {name: rest for name, *rest in cells}


def test_datasets_lists_what_is_on_disk(place, tmp_path, capsys, monkeypatch):
    kept = tmp_path / "tfds"
    for name, content in {
        "mnist": {"splits": [{"shardLengths": ["60000"]}, {"shardLengths": ["4000", "6000"]}]},
        "birds": {"splits": [{"name": "train"}]},
        "odd": ["no", "description"],
    }.items():
        (kept / name / "1.0.0").mkdir(parents=True)
        (kept / name / "1.0.0" / "dataset_info.json").write_text(json.dumps(content))
    (kept / "torn" / "1.0.0").mkdir(parents=True)
    (kept / "torn" / "1.0.0" / "dataset_info.json").write_text('{"splits"')
    (kept / "downloads").mkdir()
    root = tmp_path / "root"
    (root / "deeper").mkdir(parents=True)
    np.savez(root / "deeper" / "4_cardio.npz", X=np.zeros((7, 3)), y=np.zeros(7))
    (root / "broken.npz").write_bytes(b"PK")
    (root / "dangling.npz").symlink_to(tmp_path / "nowhere.npz")
    (root / "loop").symlink_to(root)
    shutil.copy(place / "signs.npz", root)
    shutil.copy(place / "pumps.csv", root)
    shutil.copytree(place / "pets", root / "pets")
    for part in ("train/good", "test/good", "test/crack", "ground_truth/crack"):
        shutil.copytree(place / "pets" / "cat", root / "mvtec" / "bottle" / part)
    (root / "empty").mkdir()
    monkeypatch.setenv("TFDS_DATA_DIR", str(kept))
    monkeypatch.setenv("KERASOCC_DATA_DIR", str(root))
    assert listed(capsys) == {
        "digits": ["images", "1797 of 8x8", "embedded"],
        "mnist": ["images", "70000", str(kept / "mnist")],
        "fashion_mnist": ["images", "?", "downloaded on first use"],
        "cifar10": ["images", "?", "downloaded on first use"],
        **{name: ["images", "?", str(kept / name)] for name in ("birds", "odd", "torn")},
        "broken": ["unreadable", "?", str(root / "broken.npz")],
        "dangling": ["unreadable", "?", str(root / "dangling.npz")],
        "cardio": ["table", "7 of 3", str(root / "deeper" / "4_cardio.npz")],
        "pumps": ["table", "?", str(root / "pumps.csv")],
        "signs": ["images", "80 of 16x16x3", str(root / "signs.npz")],
        "pets": ["folder of images", "?", str(root / "pets")],
        "bottle": ["folder of images", "?", str(root / "mvtec" / "bottle")],
    }


def test_datasets_survives_folders_that_cannot_be_read(place, tmp_path, capsys, monkeypatch):
    shutil.copytree(place / "pets", tmp_path / "pets")
    (tmp_path / "secret").mkdir()
    look = Path.iterdir

    def forbidden(self):
        if self.name == "secret":
            raise PermissionError(errno.EACCES, "Permission denied", str(self))
        return look(self)

    monkeypatch.setattr(Path, "iterdir", forbidden)
    monkeypatch.setenv("KERASOCC_DATA_DIR", str(tmp_path))
    assert listed(capsys)["pets"][0] == "folder of images"


def test_datasets_hints_at_the_variable_and_imports_nothing_heavy(tmp_path):
    code = (
        "import sys\nfrom kerasocc.cli import main\nprint(main(['datasets']))\n"
        "print([m for m in sys.modules if m in 'keras tensorflow torch sklearn pandas'.split()])"
    )
    unset = {k: v for k, v in os.environ.items() if k != "KERASOCC_DATA_DIR"}
    for variables, hinted in (
        ({}, True),
        ({"KERASOCC_DATA_DIR": str(tmp_path / "no")}, False),
        ({"TFDS_DATA_DIR": str(tmp_path / "no"), "KERASOCC_DATA_DIR": ""}, True),
    ):
        command = [sys.executable, "-c", code]
        output = subprocess.run(command, env=unset | variables, capture_output=True, text=True)
        assert output.stderr == "" and output.stdout.splitlines()[-2:] == ["0", "[]"]
        assert ("KERASOCC_DATA_DIR is not set" in output.stdout) == hinted


def test_warnings_are_one_line_without_code(capsys, monkeypatch):
    usual = warnings.formatwarning
    shown = []

    def warn():
        shown.append(warnings.formatwarning(UserWarning("two\nlines"), UserWarning, "x.py", 3))
        return []

    monkeypatch.setattr(dataset_listing, "entries", warn)
    assert main(["datasets"]) == 0
    assert shown == ["kerasocc: warning: two lines\n"] and warnings.formatwarning is usual


@pytest.fixture
def work(tmp_path, monkeypatch):
    """The working directory, with the folder `runs` of the runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("dataset", "options", "message"),
    [
        ("pumps.csv", [], "must have labels called one of ['y', 'label', 'labels', 'class', "),
        ("pumps.csv", ["--label", "state"], "or `normal_class` must name the label of normal rows"),
        ("pumps.csv", ["--label", "no"], "must have labels called one of ['no']"),
        ("pumps.csv", [*LABELS[:3], "OK"], "`normal_class` must be a label of"),
        ("pumps.csv", [*LABELS, "--image-size", "32"], "`image_size` must be left out:"),
        ("pumps.csv", [*LABELS, "--unreadable", "skip"], "`unreadable` must be left out:"),
        ("pumps.csv", [*LABELS, "--hidden", ","], "`hidden` must hold at least one width"),
        ("pumps.csv", [*LABELS, "--hidden", "8,0"], "`hidden` must be an integer of at least 1"),
        ("pumps.csv", [*LABELS, "--hidden", "8,x"], "argument --hidden: must be whole numbers"),
        ("pumps.csv", [*LABELS, "--optimizer", "sdg"], "argument --optimizer: invalid choice"),
        ("pumps.csv", [*LABELS, "--protocol", "deep-svdd"], "is for the data sets ['cifar10', "),
        ("pets", ["--label", "state"], "`label` must be left out:"),
        ("pets", ["--missing", "median"], "`missing` must be left out:"),
        ("pets", ["--hidden", "8"], "`hidden` must be left out: the samples are images"),
        ("pets", ["--image-size", "30"], "multiples of 8 from 16 on, 32 for instance. Received: s"),
        ("pets", ["--image-size", "32x"], "argument --image-size: must be such as 64 or 48x64"),
        ("pets", ["--image-size", "1x2x3"], "argument --image-size: must be such as 64 or 48x64"),
        ("pets", ["--normal-class", "cow"], "must be among the classes ['cat', 'dög'] or their"),
        ("pets/cat", [], "must hold a folder of images per class"),
        ("signs.npz", ["--label", "labels"], "`label` must be left out:"),
        ("absent.csv", [], "There is no table"),
        ("absent", [], "the name of one below KERASOCC_DATA_DIR, or that of an image set"),
        ("", [], "`dataset` must be a name. Received: dataset=''"),
    ],
)
def test_train_refuses_what_does_not_fit_and_leaves_no_run(
    dataset, options, message, place, work, capsys
):
    source = str(place / dataset) if dataset else ""
    assert message in refused(["train", "--dataset", source, *options], capsys)
    assert not (work / "runs").exists() or not list((work / "runs").iterdir())


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999"])
def test_train_refuses_numbers_that_are_none(value, work, capsys):
    names = ["nu", "test", "validation", "contamination", "threshold-rate", "learning-rate"]
    for name in [*names, "weight-decay", "pretrain-learning-rate", "pretrain-weight-decay"]:
        message = refused(["train", f"--{name}={value}"], capsys)
        assert message.startswith(f"`{name.replace('-', '_')}` must be ")
    assert not (work / "runs").exists()


def test_a_misspelled_name_gets_near_names(place, work, capsys, monkeypatch):
    monkeypatch.setenv("KERASOCC_DATA_DIR", str(place))
    message = refused(["train", "--dataset", "pumsp"], capsys)
    assert "Near names: pumps" in message and message.endswith("Received: 'pumsp'")
    assert "Near names: mnist" in refused(["train", "--dataset", "mnsit"], capsys)
    assert "Near names: digits" in refused(["train", "--dataset", "digts"], capsys)


def test_a_name_below_the_data_folder(place, pumps, work, capsys, monkeypatch):
    monkeypatch.setenv("KERASOCC_DATA_DIR", str(place))
    assert main(["train", *SHORT, "--dataset", "pumps", *LABELS]) == 0
    assert (work / "runs" / "pumps-ok-deep-svdd" / "report.html").exists()
    found = work / "runs" / "pumps-ok-deep-svdd" / "scores.csv"
    assert found.read_bytes() == (pumps / "scores.csv").read_bytes()


def test_settings_from_a_file(place, pumps, work, capsys):
    # YAML 1.1 takes 1e-4 for text.
    (work / "settings.yaml").write_text(
        f"dataset: {json.dumps(str(place / 'pumps.csv'))}\nlabel: state\nnormal_class: ok\n"
        "learning_rate: 1e-4\nhidden: [8, 4]\npretrain_epochs: 1\nepochs: 3\ndrop_at: [2]\n"
    )
    command = ["train", "--quiet", "--config", "settings.yaml"]
    options = ["--epochs", "2", "--hidden", "5", "--seed", "3"]
    assert main([*command, *options, "--name", "mine"]) == 0
    config = TrainConfig.read(work / "runs" / "mine" / "config.json")
    assert (config.learning_rate, config.pretrain_epochs, config.label) == (1e-4, 1, "state")
    assert (config.epochs, config.hidden, config.seed) == (2, (5,), 3)
    assert all(0 < drop < 2 for drop in config.drop_at)

    assert (
        main(["train", "--quiet", "--config", str(pumps / "config.json"), "--name", "again"]) == 0
    )
    scores = [run / "scores.csv" for run in (pumps, work / "runs" / "again")]
    assert scores[0].read_bytes() == scores[1].read_bytes()
    configs = [run.parent / "config.json" for run in scores]
    assert configs[0].read_bytes() == configs[1].read_bytes()

    message = refused(["train", "--resume", "--config", "settings.yaml"], capsys)
    assert message.startswith("`--config` must be left out with `--resume`")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.yaml", "learning_rat: 1", "x.yaml must hold settings among ['dataset', "),
        ("x.yaml", "1: 2", "Received: [1]"),
        ("x.yaml", "- 1", "x.yaml must hold one mapping of settings. Received: list"),
        ("x.yaml", "", "x.yaml must hold one mapping of settings. Received: NoneType"),
        ("x.yaml", "a: [1", "x.yaml is not a readable YAML file"),
        ("x.yaml", "seed: !!int x", "x.yaml is not a readable YAML file"),
        ("x.yaml", "seed: 2024-99-99", "x.yaml is not a readable YAML file"),
        ("x.yml", b"\xff\xfe\xfa", "x.yml is not a readable YAML file"),
        ("x.yaml", "a: !!python/name:os.system", "x.yaml is not a readable YAML file"),
        ("x.yaml", "[" * 3000, "x.yaml is nested too deeply to be read"),
        ("x.json", "[" * 100000, "x.json is nested too deeply to be read"),
        ("x.json", '{"epochs": ', "x.json is not a readable JSON file"),
        ("x.toml", "epochs = 1", "`config` must be a .json, .yaml or .yml file"),
        ("x.yaml", None, "No such file or directory: 'x.yaml'"),
        ("x.yaml", "epochs: many", "`epochs` must be an integer of at least 1. Received: epochs='"),
        ("x.yaml", "batch_size: 1e3", "`batch_size` must be an integer"),
        ("x.yaml", "learning_rate: fast", "`learning_rate` must be a finite number"),
        ("x.yaml", "learning_rate: .inf", "`learning_rate` must be a finite number"),
        ("x.yaml", "hidden: [8, x]", "`hidden` must be an integer of at least 1"),
        ("x.yaml", "drop_at: 3", "`drop_at` must hold epochs"),
        ("x.yaml", "dataset: [digits]", "`dataset` must be a name"),
        ("x.yaml", "normal_class: 1.5", "`normal_class` must be the number or the name of a class"),
        ("x.yaml", "protocol: {}", "`protocol` must be one of"),
    ],
)
def test_a_bad_file_of_settings_is_refused(name, content, message, work, capsys):
    if content is not None:
        (work / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert message in refused(["train", "--config", name], capsys)
    assert not (work / "runs").exists()


def test_a_relative_path_is_resumed_from_another_folder(place, pumps, work, capsys, monkeypatch):
    shutil.copy(place / "pumps.csv", work)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "_finish", interrupted)
    assert main(["train", *SHORT, "--dataset", "pumps.csv", *LABELS]) == 130
    run = work / "runs" / "pumps-ok-deep-svdd"
    assert status(run) == "interrupted"
    assert "must be complete. Received: interrupted" in refused(["score", "x", *of(run)], capsys)
    monkeypatch.undo()
    monkeypatch.chdir(place)
    other = ["train", "--resume", "--out", str(work / "runs"), "--dataset", "pumps.csv"]
    assert "`--dataset` must be left out or equal" in refused(other, capsys)
    assert main([*other[:-2], "--quiet"]) == 0
    assert (run / "scores.csv").read_bytes() == (pumps / "scores.csv").read_bytes()
    assert Path(TrainConfig.read(run / "config.json").dataset) == (work / "pumps.csv").resolve()


@pytest.mark.parametrize("file", ["config.json", "pretraining.history.json", "model.keras"])
def test_a_full_disk_leaves_nothing_half_written(file, place, pumps, work, capsys, monkeypatch):
    def full(path):
        Path(path).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    write_text = Path.write_text

    def write(self, *arguments, **options):
        if self.name.endswith(f"-{file}"):
            full(self)
        return write_text(self, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", write)
    if file == "model.keras":
        monkeypatch.setattr(keras.Model, "save", lambda self, path, **_: full(path))
    command = ["train", *SHORT, "--dataset", str(place / "pumps.csv"), *LABELS, "--name", "run"]
    assert refused(command, capsys).startswith("No space left on device")
    monkeypatch.undo()
    monkeypatch.chdir(work)
    if file == "config.json":
        assert list((work / "runs").iterdir()) == []
        return
    run = work / "runs" / "run"
    assert status(run) == "interrupted"
    left = {p.name for p in run.rglob("*") if p.is_file()}
    assert file not in left and not [name for name in left if name.startswith(".")]
    assert main(["train", "--resume", "--quiet"]) == 0
    assert (run / "scores.csv").read_bytes() == (pumps / "scores.csv").read_bytes()


@pytest.mark.parametrize(("text", "value"), [("3", 3), ("05", "05"), ("cat", "cat"), ("0", 0)])
def test_a_class_is_a_number_or_a_name(text, value):
    from kerasocc.cli.common import class_name

    assert class_name(text) == value and type(class_name(text)) is type(value)
