"""`kerasocc score --server` for a table with text and dates: the scores of the model itself."""

import numpy as np
import pytest

import kerasocc
from kerasocc.cli import main
from kerasocc.serving.client import ServedModel
from tests.cli.helpers import assert_same_rows, of, refused, rows_of
from tests.datasets.mixed_examples import make_frame
from tests.serving.http_server import ScoringServer

tf = pytest.importorskip("tensorflow")

OUTPUTS = ("score", "is_anomaly", "threshold", "p_value", "confidence")
PROTOCOLS = ["tfserving", "v2"]
CLOSE = dict(rtol=1e-4, atol=1e-6)


def rows(count, seed):
    """Rows of a shop, `when` a date and `net amount` a number with a name that no input has."""
    frame = make_frame(count, seed=seed).rename(columns={"amount": "net amount"})
    return frame.drop(columns=["fraud"])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    place = tmp_path_factory.mktemp("columns")
    rows(200, 0).to_csv(place / "shop.csv", index=False)
    command = f"train --dataset {place}/shop.csv --id customer --method nearest-neighbors --quiet"
    assert main([*command.split(), "--out", str(place / "runs"), "--name", "a"]) == 0
    return place / "runs" / "a"


@pytest.fixture(scope="module")
def server(run):
    """The exported SavedModel behind both protocols."""
    model = kerasocc.load_model(run / "model.keras")
    kerasocc.export(model, run.parent / "saved", signatures=["serving_default"])
    loaded = tf.saved_model.load(run.parent / "saved")
    signature = loaded.signatures["serving_default"]
    dtypes = {n: s.dtype.name for n, s in signature.structured_input_signature[1].items()}

    def outputs_of(columns):
        inputs = {name: tf.constant(columns[name], dtype) for name, dtype in dtypes.items()}
        return {name: value.numpy() for name, value in signature(**inputs).items()}

    server = ScoringServer(outputs_of, (), OUTPUTS, column_inputs=dtypes)
    yield server
    server.stop()


@pytest.fixture
def new():
    frame = rows(60, 1)
    frame.loc[3, "city"] = "Atlantis"  # no training row has it
    return frame


def by_server(server, *options):
    return ["--server", server.url, "--served-model", "digits", *options]


def both(path, run, server, capsys, *options, protocol="tfserving"):
    """The rows by the model itself and by the server, and the last notes of both."""
    found = []
    for through in ([], by_server(server, "--protocol", protocol, "--request-rows", "7")):
        assert main(["score", str(path), *of(run), *options, *through]) == 0
        captured = capsys.readouterr()
        found.append((rows_of(captured.out), captured.err.splitlines()[1:]))
    return found


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_table_is_that_of_the_model(protocol, suffix, run, server, new, tmp_path, capsys):
    path = tmp_path / f"new.{suffix}"
    # The order of the columns in a file does not matter.
    table = new[new.columns[::-1]]
    table.to_csv(path, index=False) if suffix == "csv" else table.to_parquet(path)
    (wanted, notes), (found, served_notes) = both(
        path, run, server, capsys, "--p-values", protocol=protocol
    )
    assert list(wanted[0]) == ["row", "customer", "score", "p_value", "is_anomaly"]
    assert_same_rows(found, wanted, **CLOSE)
    assert served_notes == notes
    assert len({row["score"] for row in found}) > 40


@pytest.mark.parametrize("bad_rows", ["flag", "skip"])
def test_bad_rows(bad_rows, run, server, new, tmp_path, capsys):
    # The first request has none that is good; a number is missing, none, or too large.
    new["net amount"] = new["net amount"].astype(object)
    new.loc[:6, "net amount"] = None
    new.loc[20, "net amount"] = "much"
    new.loc[40, "net amount"] = 1e300
    new.to_csv(tmp_path / "new.csv", index=False)
    (wanted, _), (found, notes) = both(
        tmp_path / "new.csv", run, server, capsys, "--bad-rows", bad_rows
    )
    assert_same_rows(found, wanted, **CLOSE)
    assert len(found) == (60 if bad_rows == "flag" else 51)
    assert "9 more cannot be scored" in notes[0] and "a missing value in row 0" in notes[0]


def test_a_bad_row_is_an_error_otherwise(run, server, new, tmp_path, capsys):
    new.loc[30, "net amount"] = np.nan
    new.to_csv(tmp_path / "new.csv", index=False)
    output = tmp_path / "scores.csv"
    options = by_server(server, "--output", str(output))
    message = refused(["score", str(tmp_path / "new.csv"), *of(run), *options], capsys)
    assert message.endswith("new.csv': a missing value in row 30") and not output.exists()


def test_without_a_run_the_inputs_are_the_columns(run, server, new, tmp_path, capsys):
    new.rename(columns={"net amount": "net_amount"}).to_csv(tmp_path / "inputs.csv", index=False)
    new.to_csv(tmp_path / "new.csv", index=False)
    assert main(["score", str(tmp_path / "inputs.csv"), *by_server(server)]) == 0
    found = rows_of(capsys.readouterr().out)
    assert main(["score", str(tmp_path / "new.csv"), *of(run)]) == 0
    wanted = [
        {k: v for k, v in r.items() if k != "customer"} for r in rows_of(capsys.readouterr().out)
    ]
    assert_same_rows(found, wanted, **CLOSE)
    message = refused(["score", str(tmp_path / "new.csv"), *by_server(server)], capsys)
    assert "no column ['net_amount']" in message


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_frames_in_python(protocol, run, server, new):
    model = kerasocc.load_model(run / "model.keras")
    served = ServedModel(server.url, model="digits", protocol=protocol, rows=7)
    np.testing.assert_allclose(served.score(new), model.score(new), rtol=1e-4, atol=1e-6)
    columns = {name: new[name].tolist() for name in new}
    np.testing.assert_array_equal(served.score(columns), served.score(new))
    with pytest.raises(ValueError, match="must be a data frame or a dict of columns, which the"):
        served.score(np.zeros((3, 4)))
    with pytest.raises(ValueError, match=r"a column for each input.*Received: none for \['city'\]"):
        served.score(new.drop(columns="city"))
    new.loc[2, "net amount"] = np.inf
    with pytest.raises(ValueError, match="must hold numbers .* in row 2 of 7"):
        served.score(new)


def test_a_server_of_another_model_is_refused(run, new, tmp_path, capsys):
    new.to_csv(tmp_path / "new.csv", index=False)
    others = [
        (dict(column_inputs={"city": "string"}), "takes the inputs ['city']"),
        (dict(), "takes samples of shape (4,)"),
    ]
    for options, expected in others:
        server = ScoringServer(lambda x: x, (4,), OUTPUTS, **options)
        try:
            command = ["score", str(tmp_path / "new.csv"), *of(run), *by_server(server)]
            message = refused(command, capsys)
            assert "must be that of the run, a SavedModel with an input for each" in message
            assert message.endswith(expected)
        finally:
            server.stop()
