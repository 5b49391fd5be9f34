"""`kerasocc score --server`: the same table as with the model itself, whatever happens between."""

import signal
import subprocess
import sys
import time

import numpy as np
import pandas
import pytest

import kerasocc
from kerasocc.cli import main
from tests.cli.helpers import COLUMNS, SIDE, assert_same_rows, of, refused, rows_of, written
from tests.serving.http_server import ScoringServer


def serving(run, shape, columns=None):
    """A server with the model of a run."""
    model = kerasocc.load_model(run / "model.keras")

    def outputs_of(x):
        score = model.score(x)
        return {
            "score": score,
            "is_anomaly": score > float(model.threshold.numpy()),
            "p_value": model.p_values(x),
        }

    return ScoringServer(outputs_of, shape, ("score", "is_anomaly", "p_value"), columns)


@pytest.fixture(scope="module")
def module_server(pumps):
    server = serving(pumps, (4,), COLUMNS)
    yield server
    server.stop()


@pytest.fixture
def server(module_server):
    module_server.failures.clear()
    module_server.rows, module_server.seconds, module_server.version = 0, 0.0, "1"
    return module_server


def by_server(server, *options):
    return ["--server", server.url, "--served-model", "digits", "--protocol", "v2", *options]


def out_of(capsys):
    captured = capsys.readouterr()
    return rows_of(captured.out), captured.err.splitlines()


@pytest.mark.parametrize("protocol", ["tfserving", "v2"])
@pytest.mark.parametrize("name", ["x.csv", "x.parquet", "x.npz"])
def test_the_table_is_that_of_the_model(protocol, name, server, pumps, frame, tmp_path, capsys):
    path = written(tmp_path, name, frame)
    assert main(["score", str(path), *of(pumps), "--p-values"]) == 0
    wanted, notes = out_of(capsys)
    options = by_server(server, "--protocol", protocol, "--request-rows", "7", "--p-values")
    assert main(["score", str(path), *of(pumps), *options]) == 0
    found, served_notes = out_of(capsys)
    assert_same_rows(found, wanted)
    assert served_notes[0] == f"Scored 120 samples of {path} with 'digits' at {server.url}"
    assert served_notes[1:] == notes[1:]


def test_columns_that_the_server_names_are_found_by_their_names(server, frame, tmp_path, capsys):
    paths = [written(tmp_path, "x.csv", frame), written(tmp_path, "y.csv", frame[COLUMNS[::-1]])]
    tables = []
    for path in paths:
        assert main(["score", str(path), *by_server(server)]) == 0
        tables.append(out_of(capsys)[0])
    assert_same_rows(tables[1], tables[0])
    absent = written(tmp_path, "z.csv", frame.drop(columns="flow rate"))
    message = refused(["score", str(absent), *by_server(server)], capsys)
    assert "no column ['flow rate']" in message


def test_images(signs, place, capsys):
    server = serving(signs, (SIDE, SIDE, 3))
    try:
        assert main(["score", str(place / "signs.npz"), *of(signs)]) == 0
        wanted, _ = out_of(capsys)
        options = by_server(server, "--request-rows", "9")
        assert main(["score", str(place / "signs.npz"), *options]) == 0
        assert_same_rows(out_of(capsys)[0], wanted)
    finally:
        server.stop()


@pytest.mark.parametrize("bad_rows", ["flag", "skip"])
def test_bad_rows(bad_rows, server, pumps, frame, tmp_path, capsys):
    # The first request has none that is good.
    frame.loc[[0, 1, 2, 50], "b"] = np.nan
    path = written(tmp_path, "x.csv", frame)
    assert "row 0 (line 2), column 'b'" in refused(
        ["score", str(path), *of(pumps), *by_server(server)], capsys
    )
    tables = []
    for options in ([], by_server(server, "--request-rows", "3")):
        assert main(["score", str(path), *of(pumps), "--bad-rows", bad_rows, *options]) == 0
        tables.append(out_of(capsys))
    assert_same_rows(tables[1][0], tables[0][0])
    assert tables[1][1][1:] == tables[0][1][1:]


def test_nothing_is_lost_when_the_server_restarts(server, pumps, frame, tmp_path, capsys):
    path = written(tmp_path, "x.csv", pandas.concat([frame] * 5))
    assert main(["score", str(path), *of(pumps)]) == 0
    wanted, _ = out_of(capsys)
    server.restart_after(200, seconds=0.3)
    output = tmp_path / "scores.csv"
    options = by_server(server, "--request-rows", "4", "--output", str(output))
    assert main(["score", str(path), *of(pumps), *options]) == 0
    assert_same_rows(rows_of(output.read_text()), wanted)


@pytest.mark.parametrize("bad_rows", ["error", "skip"])
def test_an_interrupted_command_goes_on(bad_rows, server, pumps, frame, tmp_path, capsys):
    if bad_rows == "skip":
        frame.loc[[3, 20, 21, 100], "b"] = np.nan
    path = written(tmp_path, "x.csv", frame)
    output = tmp_path / "scores.csv"
    command = ["score", str(path), *of(pumps), "--bad-rows", bad_rows]
    assert main(command) == 0
    wanted, notes = out_of(capsys)
    command += by_server(server, "--request-rows", "10", "--in-flight", "1")
    command += ["--output", str(output), "--retry-for", "0.1"]
    server.failures += [None] * 6 + [503] * 99
    message = refused(command, capsys)
    assert "has not answered for 0.1 seconds: status 503" in message
    assert message.endswith(
        "scores.csv.partial has the scores so far; the same command goes on from there"
    )
    assert not output.exists()
    # A block that was not noted, as after a kill between the two.
    with open(f"{output}.partial", "a") as stream:
        stream.write("60,0.1")
    with open(f"{output}.partial.jsonl", "a") as stream:
        stream.write('{"length": 99')
    server.failures.clear()
    server.rows = 0
    assert main(command) == 0
    note = out_of(capsys)[1]
    assert note[0].endswith(", 60 of them before") and note[1:] == notes[1:]
    assert server.rows == 60 - (bad_rows == "skip")
    assert_same_rows(rows_of(output.read_text()), wanted)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["scores.csv", "x.csv"]


def test_partial_scores_of_anything_else_are_not_continued(server, pumps, frame, tmp_path, capsys):
    path = written(tmp_path, "x.csv", frame)
    output = tmp_path / "scores.csv"
    command = ["score", str(path), *by_server(server, "--request-rows", "10", "--in-flight", "1")]
    command += ["--output", str(output), "--retry-for", "0.1"]
    server.failures += [None] * 6 + [503] * 99
    refused(command, capsys)
    server.failures.clear()
    before = (tmp_path / "scores.csv.partial").read_text()
    assert "Received: bad_rows='skip', and 'error' when it was begun" in refused(
        [*command, "--bad-rows", "skip"], capsys
    )
    server.version = "2"
    assert "changed the model from version 1 to 2" in refused(command, capsys)
    written(tmp_path, "x.csv", frame[::-1])
    assert f"'{output}.partial' must be scores of the same samples" in refused(command, capsys)
    assert (tmp_path / "scores.csv.partial").read_text() == before


def test_bad_input_leaves_nothing(server, frame, tmp_path, capsys):
    frame.loc[100, "b"] = np.nan
    path = written(tmp_path, "x.csv", frame)
    output = tmp_path / "scores.csv"
    output.write_text("old")
    command = ["score", str(path), *by_server(server), "--output", str(output)]
    for message, extra in [
        ("no value in row 100", []),
        ("`--model` must be left out with `--server`", ["--model", "m.keras"]),
        ("`--shard` must be left out with `--server`", ["--shard", "1/2"]),
        ("`--output-dir` must be left out", ["--output-dir", "scores"]),
        ("`--output` must be a CSV file with `--server`", ["--output", "x.parquet"]),
        ("There is no run", ["--run", "none"]),
        ("Servable not found", ["--protocol", "tfserving", "--served-model", "other"]),
        ("`rows` must be", ["--request-rows", "0"]),
        ("Servable not found", ["--served-model", "other"]),
        ("`server` must be an address", ["--server", "localhost"]),
    ]:
        assert message in refused([*command, *extra], capsys)
    several = ["score", str(path), str(path), *by_server(server)]
    assert "a second FILE must be left out with `--server`" in refused(several, capsys)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["scores.csv", "x.csv"]
    assert output.read_text() == "old"


def test_the_run_must_be_that_of_the_served_model(server, signs, place, capsys):
    command = ["score", str(place / "signs.npz"), *of(signs), *by_server(server)]
    assert "whose samples have the shape (16, 16, 3). Received: one that takes (4,)" in refused(
        command, capsys
    )


def test_p_values_need_a_model_that_has_them(signs, place, capsys):
    server = ScoringServer(None, (SIDE, SIDE, 3), ("score",))
    try:
        command = ["score", str(place / "signs.npz"), *by_server(server), "--p-values"]
        assert "`--p-values` needs a served model with the output 'p_value'" in refused(
            command, capsys
        )
    finally:
        server.stop()


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_process_that_is_ended_goes_on(sent, server, pumps, frame, tmp_path, capsys):
    path = written(tmp_path, "x.csv", pandas.concat([frame] * 20))
    output = tmp_path / "scores.csv"
    command = ["score", str(path), *by_server(server, "--request-rows", "5")]
    command += ["--output", str(output)]
    server.seconds = 0.01
    process = subprocess.Popen(
        [sys.executable, "-m", "kerasocc", *command], stderr=subprocess.PIPE, text=True
    )
    while server.rows < 300 and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(sent)
    said = process.communicate()[1]
    codes = {signal.SIGKILL: -signal.SIGKILL, signal.SIGINT: 130, signal.SIGTERM: 143}
    assert process.returncode == codes[sent]
    assert sent == signal.SIGKILL or said.endswith("the same command goes on from there\n")
    server.seconds = 0.0
    assert not output.exists()
    done, server.rows = server.rows, 0
    assert main(command) == 0
    # At most the blocks in flight were scored twice.
    assert done + server.rows <= 2400 + 5 * 6
    assert " of them before" in out_of(capsys)[1][0]
    assert main(["score", str(path), *of(pumps)]) == 0
    assert_same_rows(rows_of(output.read_text()), out_of(capsys)[0])


def test_keras_is_not_imported(server, frame, tmp_path):
    path = written(tmp_path, "x.csv", frame)
    code = (
        "import sys; from kerasocc.cli import main; code = main(sys.argv[1:]);"
        "found = {'keras', 'tensorflow'} & set(sys.modules); sys.exit(code or found or 0)"
    )
    command = [sys.executable, "-c", code, "score", str(path), *by_server(server)]
    subprocess.run(command, check=True, timeout=60, stdout=subprocess.DEVNULL)
