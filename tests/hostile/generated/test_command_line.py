"""Generated tables and arguments of the command line: an exit code and one line, no traceback."""

import shlex
import warnings

import numpy as np
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasocc.cli import main
from tests.cli.helpers import rows_of
from tests.hostile.generated.profiles import cases
from tests.hostile.generated.text_tables import text_tables

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("generated")
    x = np.random.default_rng(0).normal(size=(40, 3))
    pandas.DataFrame(x, columns=list("abc")).to_csv(place / "plain.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        options = "--dataset plain.csv --name table --method nearest-neighbors --quiet"
        assert main(["train", *options.split()]) == 0
        yield place


def answer(arguments, capsys):
    capsys.readouterr()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            code = main(arguments)
        except SystemExit as exit_:  # argparse's own
            code = exit_.code
    return code, *capsys.readouterr()


def check_answer(code, errors):
    assert code in (0, 2)
    if code == 2:
        assert errors.startswith("kerasocc: error: ") and errors.count("\n") == 1


CELLS = st.one_of(
    st.floats().map(str),
    st.integers(-(10**9), 10**9).map(str),
    st.sampled_from(["", "NA", "1e300", "1,5", "1.234", "x", '"', "'", " 1 ", "0x1", "1_0", "١"]),
)


@cases(0.05)
@given(
    rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=6),
    bad_rows=st.sampled_from(["error", "flag", "skip"]),
)
def test_scores_are_finite_or_empty_and_flagged(place, capsys, rows, bad_rows):
    lines = [",".join(row) for row in [["a", "b", "c"], *rows]]
    (place / "new.csv").write_text("\n".join(lines) + "\n")
    code, output, errors = answer(
        ["score", "new.csv", "--run", "table", "--bad-rows", bad_rows], capsys
    )
    if code != 0:
        check_answer(code, errors)
        return
    for row in rows_of(output):
        if row["score"]:
            assert np.isfinite(float(row["score"]))
        else:
            assert bad_rows == "flag" and row["is_anomaly"] == "1"


@cases(0.025)
@given(table=text_tables())
def test_any_table_is_scored_or_refused_in_one_line(place, capsys, table):
    (place / "new.csv").write_bytes(table.content)
    code, _, errors = answer(["score", "new.csv", "--run", "table"], capsys)
    if code != 0:
        check_answer(code, errors)


WORDS = st.one_of(
    st.sampled_from(
        shlex.split(
            "score evaluate calibrate export plain.csv new.csv absent.csv '' table --run --output "
            "--fpr --data --format --label --normal-class --separator --decimal --header "
            "--bad-rows --encoding --model --import --comment none auto ; , 0 0.1 -1 nan out.csv"
        )
    ),
    st.text(max_size=3).filter(lambda text: not {"\x00", "/", "."} & set(text)),
)


@cases(0.025)
@given(arguments=st.lists(WORDS, max_size=6))
def test_any_arguments_get_one_line(place, capsys, arguments):
    if "-" in arguments or {"-h", "--help"} & set(arguments):
        return
    code, _, errors = answer(arguments, capsys)
    check_answer(code, errors if code else "")
