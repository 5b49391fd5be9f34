"""`kerasocc train` and `score` on tables as people have them, and rows that cannot be scored."""

import gzip
import io
import json

import numpy as np
import pandas
import pytest

import kerasocc
from kerasocc.cli import main
from kerasocc.datasets.readers import table_files
from tests.cli.conftest import trained
from tests.cli.helpers import COLUMNS, of, refused, rows_of, scored, scores_in, written

LABELS = ["--label", "state", "--normal-class", "ok"]


def german(frame, path, **options):
    frame.to_csv(path, index=False, sep=";", decimal=",", **options)
    return path


def bare(frame, path, **options):
    frame.to_csv(path, index=False, header=False, **options)
    return path


def model_scores(run, frame):
    return kerasocc.load_model(run / "model.keras").score(frame[COLUMNS].to_numpy("float32"))


def test_semicolons_and_decimal_commas(place, frame, tmp_path, capsys):
    table = german(frame, tmp_path / "Pümpen.csv", encoding="latin-1")
    out = ["--out", str(tmp_path / "runs"), "--quiet", "--pretrain-epochs", "0", "--epochs", "1"]
    assert main(["train", "--dataset", str(table), "--name", "a", *out, *LABELS]) == 0
    run = tmp_path / "runs" / "a"
    kept = json.loads((run / "sample_format.json").read_text())["dialect"]
    assert (kept["separator"], kept["decimal"], kept["header"]) == (";", ",", True)
    capsys.readouterr()
    # Numbers that a point could be meant in are read as in training.
    short = frame.head(3).round(3)
    rows = scored(german(short, tmp_path / "new.csv"), run, capsys)
    np.testing.assert_allclose(scores_in(rows), model_scores(run, short), rtol=1e-5)
    # A file that is written otherwise has the same scores, unless an option says how it is written.
    english = written(tmp_path, "english.csv", frame)
    for options in ([], ["--separator", "auto", "--decimal", "auto"]):
        rows = scored(english, run, capsys, *options)
        np.testing.assert_allclose(scores_in(rows), model_scores(run, frame), rtol=1e-5)
    message = refused(["score", str(english), *of(run), "--separator", ";"], capsys)
    assert "no column ['a', 'b', 'flow rate', 'd'] among" in message
    assert "read with separator=';'" in message
    message = refused(["score", str(english), *of(run), "--separator", "ab"], capsys)
    assert message.startswith("`separator` must be one character such as")


def test_options_of_train_say_how_a_table_is_written(frame, tmp_path, capsys):
    table = tmp_path / "t.csv"
    frame.assign(a=1000 + frame.a.round(3)).to_csv(table, index=False, sep="\t", decimal=",")
    out = ["--out", str(tmp_path / "runs"), "--quiet", "--pretrain-epochs", "0", "--epochs", "1"]
    command = ["train", "--dataset", str(table), *out, *LABELS]
    assert main([*command, "--decimal", ",", "--name", "a"]) == 0
    config = json.loads((tmp_path / "runs" / "a" / "config.json").read_text())
    assert config["decimal"] == "," and config["separator"] is None
    message = refused([*command, "--separator", ";"], capsys)
    assert "must have labels called one of ['state']" in message
    assert "`header` must be left out" in refused(["train", *out, "--no-header"], capsys)


@pytest.fixture(scope="module")
def headerless(place, tmp_path_factory):
    frame = pandas.read_csv(place / "pumps.csv")
    table = bare(frame, tmp_path_factory.mktemp("bare") / "pumps.csv")
    return trained(place, "bare", "--dataset", str(table), "--label", "-1", "--normal-class", "ok")


def test_files_without_header(headerless, pumps, frame, tmp_path, capsys):
    expected = model_scores(headerless, frame)
    # With the labels and without them, none of the rows is taken for a header.
    for columns in ([*COLUMNS, "state"], COLUMNS):
        rows = scored(bare(frame[columns], tmp_path / "x.csv"), headerless, capsys)
        assert [row["row"] for row in rows] == [str(i) for i in range(120)]
        np.testing.assert_allclose(scores_in(rows), expected, rtol=1e-5)
    message = refused(
        ["score", str(bare(frame[["a", "b"]], tmp_path / "y.csv")), *of(headerless)], capsys
    )
    assert "must have the 4 columns that the model was trained on, in their order" in message
    message = refused(["score", str(written(tmp_path, "z.csv", frame)), *of(headerless)], capsys)
    assert "must hold numbers. Received: 'a' in row 0 (line 1), column '0'" in message
    # A model of named columns does not guess which they are.
    path = bare(frame[COLUMNS], tmp_path / "x.csv")
    assert "no column ['a', 'b', " in refused(["score", str(path), *of(pumps)], capsys)
    rows = scored(path, pumps, capsys, "--no-header")
    np.testing.assert_allclose(scores_in(rows), model_scores(pumps, frame), rtol=1e-5)


def test_a_model_file_alone_takes_files_with_and_without_header(pumps, frame, tmp_path, capsys):
    (tmp_path / "m.keras").write_bytes((pumps / "model.keras").read_bytes())
    path = bare(frame[COLUMNS], tmp_path / "x.csv")
    assert main(["score", str(path), "--model", str(tmp_path / "m.keras")]) == 0
    rows = rows_of(capsys.readouterr().out)
    np.testing.assert_allclose(scores_in(rows), model_scores(pumps, frame), rtol=1e-5)


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.parquet", "x.npz", "x.npy", "x.mat"])
def test_standard_input(name, pumps, frame, tmp_path, capsys, monkeypatch):
    path = written(tmp_path, name.removesuffix(".gz"), frame)
    data = path.read_bytes()
    data = gzip.compress(data) if name.endswith(".gz") else data
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert main(["score", "-", *of(pumps)]) == 0
    captured = capsys.readouterr()
    assert "Scored 120 samples of standard input" in captured.err
    expected = model_scores(pumps, frame)
    np.testing.assert_allclose(scores_in(rows_of(captured.out)), expected, rtol=1e-5)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,2\n")))
    message = refused(["score", "-", *of(pumps)], capsys)
    assert message.startswith("standard input must have the columns that the model was trained on")


BAD = {"b": {7: np.nan, 20: "n/k", 50: 1e300}, "d": {20: np.inf, 90: -np.inf}}
BAD_ROWS = [7, 20, 50, 90]


@pytest.fixture
def with_bad_rows(frame, tmp_path):
    changed = frame.astype({"b": object})
    for column, values in BAD.items():
        for row, value in values.items():
            changed.loc[row, column] = value
    return written(tmp_path, "bad.csv", changed)


@pytest.mark.parametrize("block_rows", [2**16, 7, 1])
def test_bad_rows_are_flagged_or_skipped(
    block_rows, pumps, frame, with_bad_rows, capsys, monkeypatch
):
    monkeypatch.setattr(table_files, "BLOCK_ROWS", block_rows)
    good = np.setdiff1d(np.arange(120), BAD_ROWS)
    model = kerasocc.load_model(pumps / "model.keras")
    x = frame[COLUMNS].to_numpy("float32")
    command = ["score", str(with_bad_rows), *of(pumps), "--p-values", "--bad-rows"]
    assert main([*command, "flag"]) == 0
    captured = capsys.readouterr()
    rows = rows_of(captured.out)
    assert list(rows[0]) == ["row", "score", "p_value", "is_anomaly"]
    assert [row["row"] for row in rows] == [str(i) for i in range(120)]
    for row in BAD_ROWS:
        assert list(rows[row].values()) == [str(row), "", "", "1"]
    found = scores_in([rows[i] for i in good])
    np.testing.assert_allclose(found, model.score(x[good]), rtol=1e-5)
    decisions = np.array([rows[i]["is_anomaly"] == "1" for i in good])
    # The threshold is the score of one of these rows: rounding decides on which side that lies.
    apart = ~np.isclose(found, float(model.threshold), rtol=1e-5)
    assert apart.sum() >= len(good) - 2
    np.testing.assert_array_equal(decisions[apart], model.is_anomaly(x[good])[apart])
    assert (
        "4 more cannot be scored and are flagged beside them: no value in row 7 (line 9), column "
        "'b'" in captured.err
    )
    assert main([*command, "skip"]) == 0
    captured = capsys.readouterr()
    assert rows_of(captured.out) == [rows[i] for i in good]
    assert "4 more cannot be scored and are left out: no value in row 7" in captured.err


def test_what_a_model_puts_in_is_missing_alone(filling, with_bad_rows, capsys):
    assert main(["score", str(with_bad_rows), *of(filling), "--bad-rows", "flag"]) == 0
    captured = capsys.readouterr()
    rows = rows_of(captured.out)
    assert [i for i, row in enumerate(rows) if row["score"] == ""] == [20, 50, 90]
    assert "3 more cannot be scored" in captured.err and "no number in row 20 (line 22)" in (
        captured.err
    )


@pytest.mark.parametrize("done", ["flag", "skip"])
def test_a_file_of_bad_rows_alone_is_refused(done, pumps, frame, tmp_path, capsys):
    path = written(tmp_path, "x.csv", frame.assign(a=np.nan))
    output = tmp_path / "scores.csv"
    command = ["score", str(path), *of(pumps), "--bad-rows", done, "--output", str(output)]
    message = refused(command, capsys)
    assert "must hold samples that can be scored. Received: 120 that cannot, the first: " in message
    assert not output.exists()


def test_images_that_are_not_finite_are_flagged(signs, tmp_path, capsys):
    x = np.zeros((40, 16, 16, 3), "float32")
    x[30, 2, 2, 1] = np.nan
    np.savez(tmp_path / "x.npz", x=x)
    assert main(["score", str(tmp_path / "x.npz"), *of(signs), "--bad-rows", "flag"]) == 0
    rows = rows_of(capsys.readouterr().out)
    assert [i for i, row in enumerate(rows) if row["score"] == ""] == [30]
    assert rows[30]["is_anomaly"] == "1"


def test_infinite_values_are_not_missing_in_training(frame, tmp_path, capsys):
    frame.loc[30, "b"] = 1e300
    path = written(tmp_path, "t.csv", frame)
    command = ["train", "--dataset", str(path), *LABELS, "--missing", "median"]
    message = refused([*command, "--out", str(tmp_path / "runs")], capsys)
    assert (
        "1 values that are infinite as float32, the first in row 30 (line 32), column 'b'"
        in message
    )
    assert not list((tmp_path / "runs").glob("*"))


@pytest.fixture(scope="module")
def seconds(place, tmp_path_factory):
    """Rows whose seconds since 1970 are all the same as float32, and a run on them."""
    random = np.random.default_rng(0)
    bad = np.arange(300) % 5 == 4
    frame = pandas.DataFrame(
        {
            "time": 1_700_000_000 + np.where(bad, -50, 20) + random.integers(0, 20, 300),
            "value": random.normal(size=300).round(6),
            "state": np.where(bad, "bad", "ok"),
        }
    )
    assert len(set(frame.time.to_numpy("float32"))) == 1
    path = written(tmp_path_factory.mktemp("seconds"), "t.csv", frame)
    options = ["--method", "nearest-neighbors"]
    command = ["train", "--quiet", "--dataset", str(path), *LABELS, *options, "--name", "seconds"]
    assert main([*command, "--out", str(place.parent / "runs")]) == 0
    return place.parent / "runs" / "seconds", path, frame


def test_seconds_since_1970(seconds, tmp_path, capsys):
    run, path, frame = seconds
    assert json.loads((run / "results.json").read_text())["auc"] > 0.99
    x = frame[["time", "value"]].to_numpy("float64")
    model = kerasocc.load_model(run / "model.keras")
    expected = model.score(x)
    np.testing.assert_allclose(scores_in(scored(path, run, capsys)), expected, rtol=1e-5)
    np.testing.assert_array_equal(model.score(frame[["value", "time"]]), expected)
    kerasocc.export(model, tmp_path / "saved", signatures=["serving_default"])
    import tensorflow as tf

    scorer = tf.saved_model.load(tmp_path / "saved").signatures["serving_default"]
    found = scorer(inputs=tf.constant(x))["score"]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.save(tmp_path / "x.npy", x)
    rows = scored(tmp_path / "x.npy", run, capsys)
    np.testing.assert_allclose(scores_in(rows), expected, rtol=1e-5)
