"""The command line on tables with text, dates, booleans and ids."""

import json

import numpy as np
import pytest

import kerasocc
from kerasocc.cli import main
from tests.cli.helpers import assert_same_rows, of, rows_of
from tests.datasets.mixed_examples import make_frame

SHORT = ["--quiet", "--pretrain-epochs", "0", "--epochs", "1"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("mixed")


@pytest.fixture(scope="module")
def frame():
    return make_frame()


@pytest.fixture(scope="module")
def table(place, frame):
    frame.to_csv(place / "shop.csv", index=False)
    return place / "shop.csv"


@pytest.fixture(scope="module")
def run(table, place):
    labels = ["--label", "fraud", "--normal-class", "False", "--id", "customer"]
    out = ["--out", str(place / "runs"), "--name", "a"]
    assert main(["train", "--dataset", str(table), *labels, *out, *SHORT]) == 0
    return place / "runs" / "a"


def test_scores_have_ids(run, frame):
    rows = rows_of((run / "scores.csv").read_text())
    assert list(rows[0]) == ["index", "row", "customer", "label", "score", "is_anomaly"]
    assert [r["customer"] for r in rows] == frame.customer[[int(r["row"]) for r in rows]].tolist()
    model = kerasocc.load_model(run / "model.keras")
    assert model.feature_names == ("amount", "city", "when", "paid")
    scores = model.score(frame)
    np.testing.assert_allclose(
        [float(r["score"]) for r in rows], scores[[int(r["row"]) for r in rows]], rtol=1e-5
    )


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_new_rows(suffix, run, frame, tmp_path, capsys):
    """Other order, other columns beside them, an unseen value, ids with leading zeros."""
    new = frame.drop(columns="fraud")[["when", "customer", "paid", "city", "amount"]].assign(more=1)
    new.loc[4, "city"] = "Rome"
    getattr(new, f"to_{suffix}")(tmp_path / f"new.{suffix}", index=False)
    assert main(["score", str(tmp_path / f"new.{suffix}"), *of(run), "--p-values"]) == 0
    rows = rows_of(capsys.readouterr().out)
    assert list(rows[0]) == ["row", "customer", "score", "p_value", "is_anomaly"]
    assert [r["customer"] for r in rows] == frame.customer.tolist()
    model = kerasocc.load_model(run / "model.keras")
    expected = model.score(new.drop(columns="more"))
    np.testing.assert_allclose([float(r["score"]) for r in rows], expected, rtol=1e-5)
    assert expected[4] != model.score(frame)[4]


def test_a_block_of_rows_is_read_like_the_whole(run, frame, tmp_path, capsys, monkeypatch):
    """Booleans and numbers that stand for text, where a block holds nothing else."""
    from kerasocc.datasets.readers import raw_tables

    read = raw_tables.read_frames

    def in_small_blocks(path, dialect=None, rows=3, as_text=()):
        return read(path, dialect, min(rows, 3), as_text)

    new = frame.drop(columns="fraud").astype(object)
    new.loc[:2, "city"] = "007"
    new.loc[5, "paid"] = "true"
    new.to_csv(tmp_path / "new.csv", index=False)
    assert main(["score", str(tmp_path / "new.csv"), *of(run)]) == 0
    whole = rows_of(capsys.readouterr().out)
    monkeypatch.setattr(raw_tables, "read_frames", in_small_blocks)
    assert main(["score", str(tmp_path / "new.csv"), *of(run)]) == 0
    assert_same_rows(rows_of(capsys.readouterr().out), whole)


def test_bad_rows(run, frame, tmp_path, capsys):
    new = frame.drop(columns="fraud").astype(object)
    new.loc[2, "amount"], new.loc[9, "when"] = "", "soon"
    path = tmp_path / "bad.csv"
    new.to_csv(path, index=False)
    assert main(["score", str(path), *of(run)]) == 2
    error = capsys.readouterr().err
    assert "Column 'amount' must not have missing values" in error and "row 2 (line 4)" in error
    assert main(["score", str(path), *of(run), "--bad-rows", "flag"]) == 0
    captured = capsys.readouterr()
    rows = rows_of(captured.out)
    assert [r["row"] for r in rows if not r["score"]] == ["2", "9"]
    assert [rows[2]["customer"], rows[2]["is_anomaly"]] == ["002", "1"]
    assert "2 more cannot be scored" in captured.err
    scores = kerasocc.load_model(run / "model.keras").score(frame)
    assert float(rows[10]["score"]) == pytest.approx(float(scores[10]), rel=1e-5)
    assert main(["score", str(path), *of(run), "--bad-rows", "skip"]) == 0
    assert len(rows_of(capsys.readouterr().out)) == len(frame) - 2


def test_a_model_file_alone_takes_raw_rows(run, table, tmp_path, capsys):
    model = tmp_path / "alone.keras"
    model.write_bytes((run / "model.keras").read_bytes())
    assert main(["score", str(table), "--model", str(model)]) == 0
    alone = rows_of(capsys.readouterr().out)
    assert main(["score", str(table), *of(run)]) == 0
    beside = rows_of(capsys.readouterr().out)
    assert [r["score"] for r in alone] == [r["score"] for r in beside]


def test_evaluate(run, table, capsys):
    assert main(["evaluate", str(table), *of(run)]) == 0
    assert "210 normal, 30 anomalous" in capsys.readouterr().out
    assert main(["evaluate", *of(run)]) == 0


def test_settings_from_a_file(table, place, capsys):
    settings = {"drop": ["customer"], "normal_class": False, "label": "fraud", "time": "when"}
    (place / "settings.yaml").write_text(json.dumps(settings))
    out = ["--out", str(place / "runs"), "--name", "yaml", "--dataset", str(table)]
    assert main(["train", "--config", str(place / "settings.yaml"), *out, *SHORT]) == 0
    config = json.loads((place / "runs" / "yaml" / "config.json").read_text())
    assert (config["drop"], config["normal_class"]) == (["customer"], False)
    rows = rows_of((place / "runs" / "yaml" / "scores.csv").read_text())
    when = make_frame().when
    tested = [int(r["row"]) for r in rows]
    assert when[tested].min() > when.drop(index=tested).max()


@pytest.mark.parametrize(
    "options, message",
    [
        (["--drop", "nothing"], "`drop` must name columns of"),
        (["--group", "customer", "--time", "when"], "`time` must be left out with `group`"),
        (["--normal-class", "maybe"], "`normal_class` must be a label"),
    ],
)
def test_what_does_not_fit(options, message, table, tmp_path, capsys):
    arguments = ["--label", "fraud", "--out", str(tmp_path / "runs"), *options, *SHORT]
    code = main(["train", "--dataset", str(table), *arguments])
    error = capsys.readouterr().err
    assert code == 2 and message in error and error.count("\n") == 1
    assert not list(tmp_path.glob("runs/*"))
