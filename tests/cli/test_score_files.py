"""`kerasocc score` from several files, in shares, and to files of several formats."""

import numpy as np
import pandas
import pytest
from pyarrow import parquet

import kerasocc
from kerasocc.cli import main
from kerasocc.datasets.readers import table_files
from kerasocc.experiments.runs import shards
from kerasocc.experiments.runs.file_scores import score_files
from kerasocc.experiments.runs.trained import find_trained
from tests.cli.helpers import COLUMNS, of, refused, rows_of, scored, scores_in, written

FORMATS = ["csv", "parquet", "npz"]


def read(path):
    """An output as a frame."""
    if path.suffix == ".parquet":
        return pandas.read_parquet(path)
    if path.suffix == ".npz":
        with np.load(path) as file:
            return pandas.DataFrame({name: file[name] for name in file.files})
    return pandas.read_csv(path)


@pytest.fixture(scope="module")
def loaded(pumps):
    """The run, loaded: most of the time of a command."""
    return find_trained(pumps.parent, pumps.name, None).load()


@pytest.mark.parametrize("output_format", FORMATS)
def test_every_format_holds_the_same(output_format, loaded, frame, tmp_path, monkeypatch):
    monkeypatch.setattr(table_files, "BLOCK_ROWS", 50)
    frame.loc[70, "b"] = np.nan
    source = written(tmp_path, "x.parquet", frame)
    output = tmp_path / f"out.{output_format}"
    score_files(loaded, [source], output, with_p_values=True, bad_rows="flag")
    found = read(output)
    model = loaded.model
    x = frame[COLUMNS].to_numpy("float32")
    x[70] = 0
    assert list(found.columns) == ["row", "score", "p_value", "is_anomaly"]
    assert found.row.tolist() == list(range(120))
    good = np.arange(120) != 70
    scores = found.score.to_numpy("float32")
    np.testing.assert_allclose(scores[good], model.score(x)[good], rtol=1e-5)
    np.testing.assert_allclose(found.p_value[good], model.p_values(x)[good], rtol=1e-5)
    decisions = found.is_anomaly.to_numpy(bool)
    np.testing.assert_array_equal(decisions[good], model.is_anomaly(x)[good])
    assert np.isnan(scores[70]) and np.isnan(found.p_value[70]) and decisions[70]
    score_files(loaded, [source], output, with_p_values=True, bad_rows="skip")
    left = read(output)
    pandas.testing.assert_frame_equal(left, found[good].reset_index(drop=True), check_dtype=False)


def test_types_of_parquet(loaded, frame, tmp_path):
    output = tmp_path / "out.parquet"
    score_files(loaded, [written(tmp_path, "x.csv", frame)], output)
    schema = parquet.read_schema(output)
    assert dict(zip(schema.names, map(str, schema.types), strict=True)) == {
        "row": "int64",
        "score": "float",
        "is_anomaly": "bool",
    }


def test_what_is_no_plain_number_in_parquet(pumps, frame, tmp_path, capsys):
    # Nullable whole numbers, truth values and text: each as the reader of frames has it.
    mixed = frame[COLUMNS].assign(
        a=pandas.array(range(120), "Int32"),
        b=frame.b.astype("float32"),
        d=(frame.d > 0),
    )
    rows = scored(written(tmp_path, "x.parquet", mixed), pumps, capsys)
    model = kerasocc.load_model(pumps / "model.keras")
    np.testing.assert_array_equal(scores_in(rows), model.score(mixed.astype("float32")))
    whole = frame[COLUMNS].assign(a=pandas.array([7, None] * 60, "Int64"))
    message = refused(["score", str(written(tmp_path, "y.parquet", whole)), *of(pumps)], capsys)
    assert "Received: no value in row 1, column 'a'" in message
    text = frame[COLUMNS].assign(b=frame.b.astype(str).where(frame.index != 9, "n/k"))
    message = refused(["score", str(written(tmp_path, "z.parquet", text)), *of(pumps)], capsys)
    assert "must hold numbers. Received: 'n/k' in row 9, column 'b'" in message


def test_truth_values_and_hexadecimal_numbers_in_text(pumps, frame, tmp_path, capsys):
    mixed = frame[COLUMNS].assign(a=["True", "false"] * 60, b=[hex(i) for i in range(120)])
    rows = scored(written(tmp_path, "x.csv", mixed), pumps, capsys)
    numbers = frame[COLUMNS].assign(a=[1.0, 0.0] * 60, b=np.arange(120.0))
    model = kerasocc.load_model(pumps / "model.keras")
    np.testing.assert_array_equal(scores_in(rows), model.score(numbers.astype("float32")))


@pytest.fixture
def halves(frame, tmp_path):
    folder = tmp_path / "new"
    folder.mkdir()
    written(folder, "b.parquet", frame[50:].reset_index(drop=True))
    written(folder, "a.csv", frame[:50])
    return folder


def test_several_files_make_one_output(halves, pumps, frame, tmp_path, capsys):
    model = kerasocc.load_model(pumps / "model.keras")
    expected = model.score(frame[COLUMNS].to_numpy("float32"))
    pattern, output = str(halves / "*"), tmp_path / "out.csv"
    # Each file once, though two of the arguments stand for the first.
    command = ["score", pattern, str(halves / "a.csv"), *of(pumps)]
    assert main([*command, "--output", str(output)]) == 0
    assert "Scored 120 samples of 2 files with" in capsys.readouterr().err
    rows = rows_of(output.read_text())
    assert list(rows[0]) == ["file", "row", "score", "is_anomaly"]
    names = [str(halves / "a.csv")] * 50 + [str(halves / "b.parquet")] * 70
    assert [row["file"] for row in rows] == names
    assert [row["row"] for row in rows] == [*map(str, range(50)), *map(str, range(70))]
    np.testing.assert_allclose(scores_in(rows), expected, rtol=1e-5)
    assert main(command) == 0
    assert capsys.readouterr().out == output.read_text()
    for suffix in ("parquet", "npz"):
        assert main([*command, "--output", str(tmp_path / f"out.{suffix}")]) == 0
        found = read(tmp_path / f"out.{suffix}")
        assert list(found.columns) == list(rows[0]) and found.file.tolist() == names


@pytest.mark.parametrize("output_format", ["csv", "npz"])
def test_one_output_for_each_file(output_format, halves, pumps, frame, tmp_path, capsys):
    model = kerasocc.load_model(pumps / "model.keras")
    folder = tmp_path / "scores"
    command = ["score", str(halves / "*"), *of(pumps), "--output-dir", str(folder)]
    command += ["--format", output_format]
    assert main(command) == 0
    assert sorted(p.name for p in folder.iterdir()) == [f"a.{output_format}", f"b.{output_format}"]
    joined = pandas.concat([read(p) for p in sorted(folder.iterdir())])
    expected = model.score(frame[COLUMNS].to_numpy("float32"))
    np.testing.assert_allclose(joined.score.to_numpy("float32"), expected, rtol=1e-5)
    # What is there is left as it is, and what is not there is made.
    (folder / f"a.{output_format}").unlink()
    kept = folder / f"b.{output_format}"
    kept.write_text("mine")
    capsys.readouterr()
    assert main([*command, "--skip-existing"]) == 0
    assert "Scored 50 samples of " in capsys.readouterr().err
    assert kept.read_text() == "mine" and len(read(folder / f"a.{output_format}")) == 50


def test_files_that_do_not_fit_together_are_refused(halves, place, pumps, pets, tmp_path, capsys):
    table, into = str(halves / "a.csv"), ["--output-dir", str(tmp_path / "scores")]
    written(halves, "b.csv", pandas.read_csv(table))
    (tmp_path / "taken").write_text("")
    for arguments, message in [
        ([str(halves / "*.npz")], f"There is no file that matches {str(halves / '*.npz')!r}."),
        ([table, "-"], "`FILE` must be - alone, or paths. Received: ["),
        ([table, "--format", "npz"], "`--format` must come with `--output-dir`"),
        ([table, "--skip-existing"], "`--skip-existing` must come with `--output-dir`"),
        ([table, *into, "--output", "x.csv"], "`--output` and `--output-dir` exclude each other"),
        ([str(halves / "b.*"), *into], "`--output-dir` needs inputs of different names. Received"),
        ([table, "--output-dir", str(halves)], "`--output` must not replace FILE. Received"),
        ([table, "--output-dir", str(tmp_path / "taken")], "File exists: '"),
        ([table, "--shard", "3/2"], "must be I/N with I from 1 to N, such as 2/4. Received: 3/2"),
        ([table, "--shard", "half"], "such as 2/4. Received: half"),
    ]:
        assert message in refused(["score", *arguments, *of(pumps)], capsys)
    assert pandas.read_csv(table).columns.tolist()[:4] == COLUMNS
    images = str(place / "pets")
    message = refused(["score", images, str(place / "signs.npz"), *of(pets)], capsys)
    assert "must be tables and arrays, or images and folders of them, not both" in message
    message = refused(["score", images, "--shard", "1/2", *of(pets)], capsys)
    assert "must deal out whole FILEs where they are images or folders of them" in message


def test_a_server_scores_one_file_into_csv(pumps, place, capsys):
    command = ["score", str(place / "pumps.csv"), "--server", "http://127.0.0.1:9"]
    for more, message in [
        (["other.csv"], "a second FILE must be left out with `--server`"),
        (["--shard", "1/2"], "`--shard` must be left out with `--server`"),
        (["--output-dir", "x"], "`--output-dir` must be left out with `--server`"),
        (["--output", "x.parquet"], "`--output` must be a CSV file with `--server`. Received: "),
    ]:
        assert message in refused([command[0], command[1], *more, *command[2:]], capsys)


def test_a_bad_row_is_named_with_its_file(halves, pumps, frame, tmp_path, capsys):
    written(halves, "b.parquet", frame.assign(a=np.nan)[:3])
    files = [str(halves / "a.csv"), str(halves / "b.parquet")]
    message = refused(["score", *files, *of(pumps)], capsys)
    assert f"{files[1]!r} must hold numbers" in message and "row 0, column 'a'" in message
    message = refused(["score", *files, *of(pumps), "--bad-rows", "flag"], capsys)
    assert f"{files[1]!r} must hold samples that can be scored. Received: 3 that cannot" in message
    written(halves, "b.parquet", frame.assign(a=frame.a.where(frame.index != 1))[:3])
    for into in ([], ["--output-dir", str(tmp_path / "scores")]):
        assert main(["score", *files, *of(pumps), "--bad-rows", "skip", *into]) == 0
        assert f"1 more cannot be scored and are left out: {files[1]}: no value in row 1" in (
            capsys.readouterr().err
        )


@pytest.mark.parametrize(("name", "suffix"), [("x.csv", "csv"), ("x.parquet", "npz")])
def test_shards_have_every_row_once(name, suffix, loaded, frame, tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "ROWS_DEALT", 7)
    monkeypatch.setattr(table_files, "BLOCK_ROWS", 16)
    frame.loc[[20, 90], "b"] = np.nan
    sources = [written(tmp_path, name, frame)]
    score_files(loaded, sources, tmp_path / f"whole.{suffix}", bad_rows="flag")
    parts = []
    for number in (1, 2, 3):
        output = tmp_path / f"{number}.{suffix}"
        score_files(loaded, sources, output, bad_rows="flag", shard=shards.Shard(number, 3))
        parts.append(read(output))
        assert set(parts[-1].row // 7 % 3) == {number - 1}
    joined = pandas.concat(parts).sort_values("row", ignore_index=True)
    whole = read(tmp_path / f"whole.{suffix}")
    assert joined.row.tolist() == list(range(120))
    pandas.testing.assert_frame_equal(joined, whole, rtol=1e-5)


def test_a_shard_without_rows_has_a_header(loaded, pumps, place, tmp_path, capsys):
    source, columns = str(place / "pumps.csv"), ["row", "score", "is_anomaly"]
    for suffix in FORMATS:
        output = tmp_path / f"x.{suffix}"
        score_files(loaded, [source], output, shard=shards.Shard(2, 2))
        assert list(read(output).columns) == columns and len(read(output)) == 0
    assert main(["score", source, *of(pumps), "--shard", "2/2"]) == 0
    assert "Scored 0 samples" in capsys.readouterr().err


def test_enough_files_are_dealt_out_as_they_are(halves, pumps, tmp_path, capsys):
    folder = tmp_path / "scores"
    for number, name in ((1, "a"), (2, "b")):
        command = ["score", str(halves / "*"), *of(pumps), "--shard", f"{number}/2"]
        assert main([*command, "--output-dir", str(folder)]) == 0
        assert (folder / f"{name}.csv").exists()
    assert len(list(folder.iterdir())) == 2
    # Fewer files than shards: rows of each, and the share in the name.
    assert main([*command[:-1], "3/3", "--output-dir", str(folder)]) == 0
    assert sorted(p.name for p in folder.iterdir())[1:4:2] == ["a.csv", "b.csv"]
    assert (folder / "a-3-of-3.csv").exists() and (folder / "b-3-of-3.csv").exists()
