"""`kerasocc score`."""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pandas
import pytest
from PIL import Image

import kerasocc
from kerasocc.cli import main
from kerasocc.datasets.readers import image_arrays, new_samples, table_files
from kerasocc.experiments.config import TrainConfig
from tests.cli.helpers import COLUMNS, SIDE, of, refused, scored, scores_in, written
from tests.full_disk import largest_file


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


def test_p_values_stand_before_the_decisions(pumps, frame, tmp_path, capsys):
    rows = scored(written(tmp_path, "x.csv", frame), pumps, capsys, "--p-values")
    model = kerasocc.load_model(pumps / "model.keras")
    x = frame[COLUMNS].to_numpy("float32")
    assert list(rows[0]) == ["row", "score", "p_value", "is_anomaly"]
    found = np.array([float(row["p_value"]) for row in rows])
    np.testing.assert_array_equal(found, model.p_values(x))
    assert len(set(found)) > 3

    model.calibrate(x, contamination=0.1)
    model.save(tmp_path / "plain.keras")
    command = ["score", str(tmp_path / "x.csv"), "--model", str(tmp_path / "plain.keras")]
    assert "Call `calibrate(x, fpr=...)`" in refused([*command, "--p-values"], capsys)


@pytest.mark.parametrize("name", ["x.csv", "x.parquet", "x.npz", "x.npy"])
def test_blocks_change_nothing(name, pumps, frame, tmp_path, capsys, monkeypatch):
    path = written(tmp_path, name, frame)
    whole = scored(path, pumps, capsys)
    # A default argument is bound where the function is defined.
    monkeypatch.setattr(table_files, "BLOCK_ROWS", 7)
    parts = scored(path, pumps, capsys)
    assert [row["row"] for row in parts] == [row["row"] for row in whole]
    np.testing.assert_allclose(scores_in(parts), scores_in(whole), rtol=1e-5)


PLACE = "row 70 (line 72), column 'b'"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="flow rate"), "no column ['flow rate'] among ['a', 'b', 'd', "),
        (lambda f: f.astype({"b": object}).replace({"b": {f.b[70]: "n/k"}}), f"'n/k' in {PLACE}"),
        (lambda f: f.mask(f == f.b[70]), f"Received: no value in {PLACE}. Train with `missing="),
        (lambda f: f.replace({"b": {f.b[70]: np.inf}}), f"Received: inf in {PLACE}. Score with "),
        (lambda f: f.replace({"b": {f.b[70]: 1e300}}), f"Received: 1e+300 in {PLACE}. Score with"),
        (lambda f: f[:0], "must hold a table of numbers, rows and columns. Received: shape (0, 4)"),
    ],
    ids=["column", "text", "missing", "infinite", "too large", "empty"],
)
def test_a_bad_table_is_refused_by_row_and_column(
    change, message, pumps, frame, tmp_path, capsys, monkeypatch
):
    path = written(tmp_path, "x.csv", change(frame))
    assert message in refused(["score", str(path), *of(pumps)], capsys)
    monkeypatch.setattr(table_files, "BLOCK_ROWS", 7)
    output = tmp_path / "scores.csv"
    output.write_text("old")
    assert message in refused(["score", str(path), *of(pumps), "--output", str(output)], capsys)
    assert output.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["scores.csv", "x.csv"]


def test_missing_values_are_imputed_as_in_training(filling, frame, tmp_path, capsys, monkeypatch):
    fill = json.loads((filling / "sample_format.json").read_text())["fill"]
    monkeypatch.setattr(table_files, "BLOCK_ROWS", 7)
    holes, filled = frame.copy(), frame.copy()
    holes.iloc[50, 1], filled.iloc[50, 1] = np.nan, fill[1]
    found = scores_in(scored(written(tmp_path, "holes.csv", holes), filling, capsys))
    wanted = scores_in(scored(written(tmp_path, "filled.csv", filled), filling, capsys))
    np.testing.assert_array_equal(found, wanted)
    assert TrainConfig.read(filling / "config.json").optimizer == "sgd"
    model = kerasocc.load_model(filling / "model.keras")
    assert model.encoder.output_shape == (None, 3)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.txt", b"", "`source` must end in one of ['.npz', '.npy', '.mat', '.csv', '.tsv', "),
        ("x.xlsx", b"", "is no readable Excel workbook"),
        ("x.csv", b"", "is no readable .csv file"),
        (
            "x.csv",
            b"a;b;c;d\n1;2;3;4\n",
            "no column ['a', 'b', 'flow rate', 'd'] among ['a;b;c;d']",
        ),
        ("x.csv", b"a,b,flow rate,d\none,2,3,4\n", "Received: 'one' in row 0 (line 2), column"),
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
    monkeypatch.setattr(image_arrays, "ROWS_AT_ONCE", 7)
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
    monkeypatch.setattr(image_arrays, "ROWS_AT_ONCE", 7)
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


@pytest.mark.slow
def test_a_reader_that_has_gone_is_no_error(pumps, frame, tmp_path):
    path = written(tmp_path, "x.csv", pandas.concat([frame] * 200))
    command = [sys.executable, "-m", "kerasocc", "score", str(path), *of(pumps)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdout.readline() == b"row,score,is_anomaly\n"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no such device")
def test_a_full_disk_is_named(pumps, place, work, capsys, monkeypatch):
    full = open("/dev/full", "w")
    monkeypatch.setattr(sys, "stdout", full)
    code = main(["score", str(place / "pumps.csv"), *of(pumps)])
    monkeypatch.setattr(sys, "stdout", sys.__stdout__)
    with contextlib.suppress(OSError):  # what is left to be written
        full.close()
    assert code == 2
    assert "No space left on device: 'standard output'\n" in capsys.readouterr().err
    with largest_file(100):
        command = ["score", str(place / "pumps.csv"), *of(pumps), "--output", str(work / "x.csv")]
        assert refused(command, capsys) == f"File too large: '{work / 'x.csv'}'"
    assert not list(work.iterdir())
