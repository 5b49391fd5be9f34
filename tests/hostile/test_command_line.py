"""Hostile inputs of the command line, and the one line that answers each of them.

All of them run in one process, one after the other, so that none leaves anything behind for the
next one: neither a file nor a setting.
"""

import shlex
import sys

import pytest

from kerasocc.cli import main
from tests.hostile.files import COLUMNS, DAMAGE, damaged_runs, make_files

# Name, command and what is in its answer. `table` and `photos` are trained runs.
REFUSED = [
    # Tables to train on.
    ("no file", "train --dataset absent.csv", "There is no table 'absent.csv'."),
    ("no such name", "train --dataset absent", "`source` must be 'digits', the path of a table"),
    ("no name", "train --dataset ''", "`dataset` must be a name. Received: dataset=''"),
    ("empty", "train --dataset empty.csv", "empty.csv' is no readable .csv file: it is empty"),
    (
        "empty lines",
        "train --dataset blank.csv",
        "blank.csv' is no readable .csv file: it is empty",
    ),
    ("binary", "train --dataset binary.csv", "binary.csv' is no readable .csv file: it holds NUL"),
    ("only a header", "train --dataset header.csv", "header.csv' must hold a table of numbers"),
    ("only labels", "train --dataset 'only labels.csv'", "must leave a feature of '"),
    ("one row", "train --dataset 'one row.csv'", "`dataset` must leave at least 2 samples"),
    ("ragged", "train --dataset ragged.csv", "2 cells as in line 1. Received: 1 in line 42"),
    ("equal names", "train --dataset duplicate.csv", "Received: 'a' for the columns 1 and 3"),
    ("constant rows", "train --dataset constant.csv", "`dataset` must hold different samples"),
    ("a hole", "train --dataset missing.csv", "in row 40 (line 42), column 'a'. Pass `missing="),
    ("infinity", "train --dataset infinite.csv", "row 40 (line 42), column 'a'. They are not miss"),
    ("1e300", "train --dataset huge.csv", "row 40 (line 42), column 'a'. They are not missing"),
    (
        "1e300, filled",
        "train --dataset huge.csv --missing median",
        "infinite as float32, the first",
    ),
    (
        "nothing but holes",
        "train --dataset nothing.csv",
        "80 missing or infinite values, the first",
    ),
    (
        "holes, filled",
        "train --dataset nothing.csv --missing median",
        "must hold different samples",
    ),
    ("a text", "train --dataset text.csv", "'x' in row 40 (line 42), column 'a', which holds num"),
    ("an open quote", "train --dataset quote.csv", "the quote in line 2 is not closed"),
    (
        "wrong encoding",
        "train --dataset latin.csv --encoding utf-8",
        "latin.csv' is no readable .cs",
    ),
    ("half a character", "train --dataset 'odd utf-16.csv'", "'utf-16-le' codec can't decode"),
    ("no gzip", "train --dataset 'no gzip.csv.gz'", "no gzip.csv.gz' is no readable .csv file"),
    ("cut gzip", "train --dataset cut.csv.gz", "Compressed file ended before the end"),
    ("no zstd", "train --dataset 'no zstd.csv.zst'", "no zstd.csv.zst' is no readable .csv file"),
    ("a cell of 200000", "train --dataset long.csv", "field larger than field limit"),
    ("a web page", "train --dataset page.csv", "every row must have 1 cells as in line 1. Receive"),
    (
        "two readings",
        "train --dataset thousands.csv",
        "`decimal` must be '.' or ','. Received: '1.2",
    ),
    ("other dates", "train --dataset dates.csv", "'01.01.2024' in column 'day'; convert it"),
    ("February 30", "train --dataset 'no day.csv'", "'2024-02-30' in row 29 (line 31), column 'd"),
    ("three labels", "train --dataset 'three labels.csv'", "`normal_class` must name the label"),
    ("no normal row", "train --dataset 'no normal.csv'", "among the classes [1]. Received: 0"),
    ("one normal row", "train --dataset 'one normal.csv'", "at least 2 samples to train on"),
    ("no label", "train --dataset 'holes in labels.csv'", "in row 1 (line 3), column 'label'"),
    ("a folder as table", "train --dataset folder.csv", "folder.csv' must hold images"),
    ("no Parquet", "train --dataset x.parquet", "x.parquet' is no readable Parquet file"),
    ("lists", "train --dataset lists.parquet", "values of type ndarray in column 'a'"),
    ("no zip", "train --dataset x.npz", "x.npz' is no readable .npz file: File is not a zip file"),
    ("cut zip", "train --dataset cut.npz", "cut.npz' is no readable .npz file"),
    ("no rows", "train --dataset 'no rows.npz'", "Received: shape (0, 3), dtype float64"),
    ("arrays of text", "train --dataset text.npz", "Received: shape (30, 3), dtype <U1"),
    ("objects", "train --dataset objects.npz", "Object arrays cannot be loaded"),
    ("complex", "train --dataset complex.npz", "Received: shape (30, 3), dtype complex128"),
    ("one axis", "train --dataset 'one axis.npz'", "Received: shape (30,), dtype float64"),
    (
        "unknown arrays",
        "train --dataset 'no name.npz'",
        "samples called one of ['image', 'images',",
    ),
    ("few labels", "train --dataset 'few labels.npz'", "each of its 40 rows. Received: 3 labels"),
    ("no MATLAB", "train --dataset x.mat", "x.mat' is no readable .mat file: Mat file appears to"),
    ("MATLAB 7.3", "train --dataset 'x 7.3.mat'", "x 7.3.mat' is no readable .mat file"),
    ("few MATLAB", "train --dataset 'few labels.mat'", "each of its 40 rows. Received: 3 labels"),
    ("no workbook", "train --dataset x.xlsx", "x.xlsx' is no readable Excel workbook"),
    ("an empty book", "train --dataset empty.xlsx", "has the sheets []; `sheet` must name one"),
    ("other suffix", "train --dataset x.txt", "`source` must be 'digits', the path of a table or"),
    # Images to train on.
    ("an empty folder", "train --dataset nothing", "nothing' must hold images, or a folder of"),
    ("no images", "train --dataset broken", "0.png' cannot be read: it is no image. Pass `unreada"),
    ("none left", "train --dataset broken --unreadable skip", "None of the 3 image files can be"),
    ("dead links", "train --dataset links", "it is a link to 'nowhere', where nothing is"),
    ("one image", "train --dataset one", "`dataset` must leave at least 2 samples to train on"),
    ("black images", "train --dataset black.npz", "`dataset` must hold different samples to train"),
    ("a loop of links", "train --dataset loop", "loop' must hold images, or a folder of images"),
    ("size 0", "train --dataset photos --image-size 0", "Received: image_size=0"),
    ("size 7", "train --dataset photos --image-size 7", "Received: samples of shape (7, 7, 3)"),
    # Options of a training.
    ("absent label", "train --dataset plain.csv --label nope", "labels called one of ['nope']"),
    ("absent column", "train --dataset plain.csv --drop nope", "`drop` must name columns of '"),
    (
        "no column left",
        "train --dataset plain.csv --drop 'a,b,flow rate,d'",
        "none left of ['a', 'b",
    ),
    (
        "no epochs",
        "train --epochs 0",
        "`epochs` must be an integer of at least 1. Received: epochs=0",
    ),
    ("no number", "train --epochs many", "argument --epochs: invalid int value: 'many'"),
    ("negative seed", "train --seed -1", "`seed` must be an integer of at least 0. Received: seed"),
    ("infinite rate", "train --learning-rate inf", "Received: learning_rate=inf"),
    ("NaN as nu", "train --nu nan", "`nu` must be in (0, 1]. Received: nu=nan"),
    ("wide separator", "train --dataset plain.csv --separator ab", "Received: separator='ab'"),
    ("no encoding", "train --dataset plain.csv --encoding nope", "Received: encoding='nope'"),
    (
        "absent test data",
        "train --dataset plain.csv --test-data absent.csv",
        "`test_data` must be a",
    ),
    ("empty test data", "train --dataset plain.csv --test-data empty.csv", "`test_data`: '"),
    ("path as name", "train --name a/b", "Received: name='a/b'"),
    ("taken name", "train --name table", "`name` must be new, but 'runs/table' exists"),
    ("no folder", "train --out ''", "`out` must be a folder. Received: out=''"),
    ("file as folder", "train --out x.txt", "'x.txt'"),
    ("absent settings", "train --config absent.yaml", "No such file or directory: 'absent.yaml'"),
    ("cut settings", "train --config cut.yaml", "cut.yaml is not a readable YAML file"),
    ("unknown setting", "train --config unknown.yaml", "unknown.yaml must hold settings among"),
    (
        "code as setting",
        "train --config code.yaml",
        "could not determine a constructor for the tag",
    ),
    (
        "a list",
        "train --config list.yaml",
        "list.yaml must hold one mapping of settings. Received:",
    ),
    ("cut JSON", "train --config cut.json", "cut.json is not a readable JSON file"),
    ("absent encoder", "train --dataset plain.csv --encoder nope:f", "No module named 'nope'"),
    ("encoder that exits", "train --dataset plain.csv --encoder exits:f", "SystemExit: 3"),
    ("nothing to resume", "train --resume --name nope", "There is no run 'runs/nope' to resume."),
    # Scoring.
    ("score no file", "score absent.csv --run table", "There is no file or folder 'absent.csv'."),
    ("score empty", "score empty.csv --run table", "'empty.csv' is no readable .csv file: it is"),
    (
        "score binary",
        "score binary.csv --run table",
        "'binary.csv' is no readable .csv file: it ho",
    ),
    ("other columns", "score 'other names.csv' --run table", "no column ['flow rate'] among ['a',"),
    ("score a hole", "score missing.csv --run table", "no value in row 40 (line 42), column 'a'"),
    ("score infinity", "score infinite.csv --run table", "inf in row 40 (line 42), column 'a'"),
    ("score 1e300", "score huge.csv --run table", "1e+300 in row 40 (line 42), column 'a'"),
    ("score text", "score text.csv --run table", "'x' in row 40 (line 42), column 'a'"),
    ("score a folder", "score photos --run table", "`source` must end in one of ['.npz', '.npy'"),
    (
        "score other shape",
        "score 'three columns.npy' --run table",
        "samples of shape (4,), which the",
    ),
    ("no .npy", "score x.npy --run table", "'x.npy' is no readable .npy file"),
    (
        "an empty sheet",
        "score header.xlsx --run table",
        "'header.xlsx' must hold a table of numbers",
    ),
    (
        "a headless table",
        "score plain.csv --no-header --run table",
        "'a' in row 0 (line 1), column",
    ),
    ("other separator", "score plain.csv --separator ';' --run table", "read with separator=';'"),
    ("a device", "score /dev/null --run table", "`source` must end in one of"),
    ("no input", "score - --run table", "standard input is no readable .csv file: it is empty"),
    (
        "to no folder",
        "score plain.csv --output no/x.csv --run table",
        "no folder 'no' for `--output`",
    ),
    ("to a folder", "score plain.csv --output photos --run table", "`--output` must be a file"),
    (
        "to a full disk",
        "score plain.csv --output /dev/full --run table",
        "`--output` must be a file",
    ),
    ("onto itself", "score plain.csv --output plain.csv --run table", "must not replace FILE"),
    ("no such run", "score plain.csv --run nope", "There is no run 'runs/nope'."),
    ("a module that exits", "score plain.csv --run table --import exits", "exits, SystemExit: 3"),
    ("a module that fails", "score plain.csv --run table --import raises", "ZeroDivisionError: no"),
    ("absent model", "score plain.csv --model absent.keras", "no model file 'absent.keras'"),
    (
        "text as model",
        "score plain.csv --model x.keras",
        "'x.keras', which is truncated or no Keras",
    ),
    ("a foreign model", "score plain.csv --model foreign.keras", "which holds a Sequential"),
    ("a foreign zip", "score plain.csv --model other.keras", "'other.keras', which cannot be read"),
    ("score no images", "score nothing --run photos", "'nothing' must hold images (files that end"),
    ("score broken", "score broken --run photos", "'broken/0.png' cannot be read: it is no image"),
    ("score links", "score links --run photos", "'links/0.png' cannot be read: it is a link to"),
    ("a cut image", "score cut --run photos", "'cut/1.png' cannot be read"),
    ("table for images", "score plain.csv --run photos", "`source` must be an image, a folder of"),
    # Evaluating, calibrating, exporting.
    ("evaluate unlabelled", "evaluate plain.csv --run table", "must have labels called one of"),
    ("evaluate empty", "evaluate empty.csv --run table", "'empty.csv' is no readable .csv file"),
    ("rate 2", "calibrate table --fpr 2", "`fpr` must be in [0, 1). Received: fpr=2.0"),
    ("rate NaN", "calibrate table --fpr nan", "`fpr` must be in [0, 1). Received: fpr=nan"),
    ("rate absent", "calibrate table", "the following arguments are required: --fpr"),
    (
        "calibrate on holes",
        "calibrate table --fpr 0.1 --data missing.csv",
        "row 40 (line 42), column",
    ),
    (
        "export onto a file",
        "export plain.csv --run table --overwrite",
        "must be a SavedModel or an",
    ),
    (
        "export onto photos",
        "export photos --run table --overwrite",
        "`path` must be a SavedModel or",
    ),
    (
        "ONNX onto a table",
        "export plain.csv --format onnx --run table --overwrite",
        "exported model",
    ),
    ("export below a file", "export plain.csv/x --run table", "plain.csv'"),
    ("export to pickle", "export x --format pickle", "invalid choice: 'pickle' (choose from"),
    # Damaged runs.
    ("cut model", "score plain.csv --run cut-model", "'runs/cut-model/model.keras', which is trun"),
    ("no model", "score plain.csv --run no-model", "no model file 'runs/no-model/model.keras'"),
    (
        "text for a model",
        "export there --run text-model",
        "'runs/text-model/model.keras', which is",
    ),
    (
        "cut config",
        "evaluate --run cut-config",
        "runs/cut-config/config.json is not a readable JSON",
    ),
    (
        "empty config",
        "score plain.csv --run empty-config",
        "runs/empty-config/config.json is not a",
    ),
    ("other config", "train --resume --name other-config", "config.json must hold a JSON object"),
    ("no results", "score plain.csv --run no-results", "There is no run 'runs/no-results'."),
    (
        "cut results",
        "calibrate cut-results --fpr 0.1",
        "runs/cut-results/results.json is not a read",
    ),
    (
        "other results",
        "export there --run other-results",
        "results.json must hold a JSON object wit",
    ),
    (
        "unfinished",
        "score plain.csv --run unfinished",
        "The run 'runs/unfinished' must be complete",
    ),
    (
        "no threshold",
        "calibrate no-threshold --fpr 0.1",
        "results.json' must hold the threshold, a",
    ),
    ("no format", "score plain.csv --run no-format", "'runs/no-format/sample_format.json'"),
    ("cut format", "score plain.csv --run cut-format", "runs/cut-format/sample_format.json is not"),
    (
        "other format",
        "score plain.csv --run other-format",
        "must be a JSON object with the entries",
    ),
    (
        "wide format",
        "score plain.csv --run wide-format",
        "must fit to the model, which takes sampl",
    ),
    (
        "other data",
        "evaluate --run other-data",
        "'runs/other-data/data.json' must hold the fingerp",
    ),
    (
        "list of data",
        "evaluate --run list-data",
        "'runs/list-data/data.json' must hold the fingerp",
    ),
    (
        "few scores",
        "calibrate few-scores --fpr 0.1",
        "/scores.csv' must hold a row for each of the",
    ),
    ("NaN as score", "calibrate nan-scores --fpr 0.1", "Received: 'nan' in line 4, column 'score'"),
    (
        "binary scores",
        "calibrate binary-scores --fpr 0.1",
        "scores.csv' must hold the columns score",
    ),
    # The command itself.
    ("no command", "", "the following arguments are required: COMMAND"),
    ("unknown command", "nope", "argument COMMAND: invalid choice: 'nope'"),
    ("unknown option", "score plain.csv --nope", "unrecognized arguments: --nope"),
]

# Name, command, what is in its output, and how many rows that has.
DEFINED = [
    ("flagged", "score missing.csv --bad-rows flag --run table", "\n40,,1\n", 42),
    ("flagged infinity", "score infinite.csv --bad-rows flag --run table", "\n40,,1\n", 42),
    ("flagged 1e300", "score huge.csv --bad-rows flag --run table", "\n40,,1\n", 42),
    ("flagged text", "score text.csv --bad-rows flag --run table", "\n40,,1\n", 42),
    ("skipped", "score missing.csv --bad-rows skip --run table", "\n39,", 41),
    ("carriage returns", "score returns.csv --run table", "\n39,", 41),
    ("a byte order mark", "score marked.csv --run table", "\n39,", 41),
    ("images of all modes", "score modes --run photos", "RGBA.png,", 5),
    ("one image", "score one --run photos", "1.png,", 2),
]

SHORT = "--method nearest-neighbors --quiet"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("hostile")
    make_files(place)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        for name, source in (("table", "plain.csv"), ("photos", "photos")):
            options = ["--dataset", source, "--name", name, *SHORT.split()]
            assert main(["train", *options]) == 0
        damaged_runs(place / "runs" / "table")
    return place


@pytest.fixture
def work(place, monkeypatch):
    monkeypatch.chdir(place)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return place


def state(folder):
    """All files and folders with what tells that one was written."""
    paths = (path for path in folder.rglob("*") if "__pycache__" not in path.parts)
    return {path: (s := path.lstat(), s.st_mtime_ns)[1:] + (s.st_size,) for path in paths}


def answer(command, capfd):
    """Exit code, output and errors, of the process and not only of Python."""
    try:
        code = main(shlex.split(command))
    except SystemExit as exit_:  # argparse's own
        code = exit_.code
    return code, *capfd.readouterr()


def test_the_table_is_long_and_each_case_has_a_name():
    assert len(REFUSED) >= 60
    names = [name for name, *_ in REFUSED]
    assert len(set(names)) == len(names)
    used = " ".join(command for _, command, _ in REFUSED)
    assert all(f" {name}" in used for name in DAMAGE)


def test_every_hostile_input_is_answered_by_one_line(work, capfd, monkeypatch):
    monkeypatch.setattr("sys.stdin", open("/dev/null"))
    before, wrong = state(work), []
    for name, command, expected in REFUSED:
        command += f" {SHORT}" if command.startswith("train") and "resume" not in command else ""
        try:
            code, _, errors = answer(command, capfd)
        except BaseException as error:
            wrong.append(f"{name}: traceback, {error!r}")
            continue
        lines = [line for line in errors.splitlines() if not line.startswith("kerasocc: warning:")]
        if code != 2 or len(lines) != 1 or not lines[0].startswith("kerasocc: error: "):
            wrong.append(f"{name}: exit code {code}, {errors!r}")
        elif expected not in lines[0]:
            wrong.append(f"{name}: {lines[0]!r} has no {expected!r}")
        after = state(work)
        if after != before:
            changed = [str(path) for path, _ in before.items() ^ after.items()]
            wrong.append(f"{name}: leaves {sorted(set(changed))}")
            before = after
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("case", DEFINED, ids=[name for name, *_ in DEFINED])
def test_what_is_hostile_and_has_a_defined_result(case, work, capfd):
    _, command, expected, rows = case
    code, output, _ = answer(command, capfd)
    assert code == 0
    assert expected in output and output.count("\n") == rows
    assert "nan" not in output
    assert len(COLUMNS) == 4
