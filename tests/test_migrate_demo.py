"""The guide for those who leave the OC-NN repository, and the comparison of its notebooks."""

import csv
import json
import logging
import os
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import kerasocc
from kerasocc.callbacks import CollapseError
from kerasocc.cli import main, make_parser
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.papers.oc_nn import comparison
from kerasocc.experiments.papers.oc_nn.comparison import COMPARED, Outcome
from kerasocc.experiments.papers.oc_nn.published import CAVEATS, PUBLISHED, published_auc
from kerasocc.experiments.papers.oc_nn.run import _without_retracing_warnings
from kerasocc.experiments.papers.oc_nn.table import Table
from kerasocc.experiments.runs import data as run_data
from kerasocc.experiments.runs import runner
from kerasocc.experiments.settings.data import absolute
from tests.test_cli import refused, status

GUIDE = (Path(__file__).parent.parent / "MIGRATING.md").read_text(encoding="utf-8")

# Of `src/config.py`, without those that are set by the loaders.
CONFIGURATION_KEYS = """
    floatX seed softmax_loss svdd_loss reconstruction_loss nn_solver batch_size learning_rate
    lr_decay lr_decay_after_epoch lr_drop lr_drop_factor lr_drop_in_epoch momentum rho
    use_batch_norm eps leaky_relu dropout dropout_architecture weight_dict_init pretrain ae_loss
    ae_lr_drop ae_lr_drop_factor ae_lr_drop_in_epoch ae_weight_decay ae_C weight_decay C
    reconstruction_penalty C_rec nu c_mean_init c_mean_init_n_batches hard_margin block_coordinate
    k_update_epochs R_update_solver R_update_scalar_method R_update_lp_obj center_fixed QP_solver
    warm_up_n_epochs out_frac ad_experiment pca unit_norm_used gcn zca_whitening mnist_val_frac
    mnist_bias mnist_rep_dim mnist_architecture mnist_normal mnist_outlier cifar10_val_frac
    cifar10_bias cifar10_rep_dim cifar10_architecture cifar10_normal cifar10_outlier gtsrb_rep_dim
    xp_path title_suffix svm_C svm_nu svm_GridSearchCV kde_GridSearchCV nnet_diagnostics
    e1_diagnostics ae_diagnostics learning_rate_init
""".split()
CLASSES = """
    OneClass_SVDD RCAE_AD DCAE Deep_SVDD OC_NN OCNN Adjust_svdd_Radius RcaeParamSaver FF_NN LeNet
    Fake_Noise_FF_NN SupervisedNN SupervisedFakeNoiseNN OCNNFakeNoiseNN OCSVM SVM KDE IsoForest
    DataLoader MNIST_DataLoader CIFAR_10_DataLoader GTSRB_DataLoader CreateDataSet Log AD_Log
""".split()
LOSSES = ["ONE_CLASS_NEURAL_NETWORK", "ONE_CLASS_DEEP_SVDD", "SOFT_BOUND_DEEP_SVDD"]


def blocks(language):
    found = re.findall(r"^```(\w*)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    return [text for name, text in found if name == language]


def commands():
    """Every command of the guide, of its blocks and of its table."""
    lines = "".join(blocks("")).replace("\\\n", " ").splitlines()
    lines += re.findall(r"`((?:kerasocc )?migrate-demo [^`]+)`", GUIDE)
    return [shlex.split(line.removeprefix("kerasocc ")) for line in lines if line.strip()]


def test_lines_are_short():
    assert max(map(len, GUIDE.splitlines())) <= 100


@pytest.mark.parametrize("name", [*CONFIGURATION_KEYS, *CLASSES, *LOSSES])
def test_the_table_has_a_row_for_every_old_name(name):
    rows = re.findall(r"^\| (.*`.*) \| (.*\S.*) \|$", GUIDE, re.MULTILINE)
    assert [new for old, new in rows if f"`{name}`" in old], name


def test_options_and_names_of_the_guide_exist():
    commands = make_parser()._subparsers._group_actions[0].choices
    known = {o for command in commands.values() for o in command._option_string_actions}
    assert set(re.findall(r"(?<=[ `])--[a-z][a-z-]+", GUIDE)) <= known
    for path in set(re.findall(r"kocc\.([\w.]+)", GUIDE)):
        value = kerasocc
        for part in path.split("."):
            value = getattr(value, part)


@pytest.mark.parametrize("arguments", commands(), ids=" ".join)
def test_commands_of_the_guide_are_valid(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "GTSRB").mkdir()
    parsed = vars(make_parser().parse_args(arguments))
    if arguments[0] == "train":
        unused = {"run_command", "config", "name", "out", "resume", "quiet"}
        config = TrainConfig.for_dataset(**{k: v for k, v in parsed.items() if k not in unused})
        assert config.transductive == (config.validation == 0) == (config.contamination > 0)
    elif arguments[0] == "migrate-demo":
        for method in (name for names in parsed["methods"] for name in names):
            dataset = absolute(parsed["dataset"])
            assert comparison.make_config(dataset, method, None).transductive


def test_the_python_of_the_guide_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = re.sub(r"epochs=\d+", "epochs=3", "\n".join(blocks("python")))
    assert code.count("epochs=3") == 4
    names = {}
    exec(compile(code, "MIGRATING.md", "exec"), names)
    data = names["data"]
    assert data.x_test.shape == data.x_train.shape and data.y_test.sum() == 1
    assert names["scores"].std() > 0 and names["flagged"].sum() <= 2
    np.testing.assert_array_equal(names["again"].score(data.x_test), names["scores"])
    assert names["transductive"].shape == names["inductive"].shape == (len(data.x_train),)
    assert names["clean"].shape == names["reconstructed"].shape == data.x_train.shape
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ocnn.keras", "served"]


# The command.

SHORT = ["--epochs", "2", "--pretrain-epochs", "2"]


@pytest.fixture
def out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


def table(out):
    return list(csv.DictReader((out / "migrate-demo.csv").read_text().splitlines()))


def auc(out, name):
    return 100 * json.loads((out / name / "results.json").read_text())["auc"]


@pytest.mark.slow
def test_all_methods_on_a_class(out, capsys, monkeypatch):
    assert main(["migrate-demo", "--classes", "1", *SHORT]) == 0
    output = capsys.readouterr().out
    assert "Transductive: every model is tested on the samples that it was trained on" in output
    assert "do not compare with the inductive ones" in output and "published" not in output
    assert "samples.png" in output and "decomposition.png" in output
    rows = table(out)
    assert list(rows[0]) == ["class", "one-class", "soft-boundary", "DCAE", "RCAE", "OC-NN"]
    assert [row["class"] for row in rows] == ["1", "mean"]
    for method, (title, settings) in COMPARED.items():
        name = f"migrate-digits-1-{method}"
        value = auc(out, name)
        assert [float(row[title]) for row in rows] == pytest.approx([value, value], abs=1e-4)
        config = TrainConfig.read(out / name / "config.json")
        assert config.protocol == "transductive" and config.contamination == 0.01
        assert (config.method, config.epochs) == (settings["method"], 2)
        assert (out / name / "samples.png").exists()
        assert (out / name / "decomposition.png").exists() == (method == "rcae")
        assert f"AUC {value:.2f}, {Path('runs') / name}" in output

    # Nothing is done twice: all that is left is to read what there is.
    monkeypatch.setattr(run_data, "load_data", None)
    before = (out / "migrate-demo.csv").read_bytes()
    assert main(["migrate-demo", "--classes", "1,", "--quiet", *SHORT]) == 0
    again = capsys.readouterr().out.splitlines()
    assert again[1].split() == list(rows[0])
    assert [line.split()[0] for line in again[2:4]] == ["1", "mean"]
    assert (out / "migrate-demo.csv").read_bytes() == before
    assert len(list(out.iterdir())) == 6


@pytest.mark.slow
def test_a_run_is_that_of_train(out):
    # The first run shares its data with the second.
    options = ["--methods", "dcae", "oc-nn", "--classes", "6", "--seed", "1", *SHORT]
    assert main(["migrate-demo", "--quiet", *options]) == 0
    options = ["--method", "oc-nn", "--normal-class", "6", "--seed", "1", *SHORT]
    assert main(["train", "--quiet", "--protocol", "transductive", *options]) == 0
    scores = [out / name / "scores.csv" for name in ("migrate-digits-6-oc-nn", "digits-6-oc-nn")]
    assert scores[0].read_bytes() == scores[1].read_bytes()


@pytest.mark.slow
def test_an_interrupted_run_is_gone_on_with(out, capsys, monkeypatch):
    command = ["migrate-demo", "--classes", "3", "--methods", "DCAE,oc-nn", *SHORT]
    original = runner._finish

    def interrupt(config, *arguments):
        if config.method == "oc-nn":
            raise KeyboardInterrupt
        return original(config, *arguments)

    monkeypatch.setattr(runner, "_finish", interrupt)
    assert main(command) == 130
    assert "Run the same command again to resume." in capsys.readouterr().out
    assert status(out / "migrate-digits-3-dcae") == "complete"
    assert status(out / "migrate-digits-3-oc-nn") == "interrupted"
    assert not (out / "migrate-demo.csv").exists()
    finished = (out / "migrate-digits-3-dcae" / "results.json").read_bytes()

    monkeypatch.setattr(runner, "_finish", original)
    assert main(command) == 0
    assert (out / "migrate-digits-3-dcae" / "results.json").read_bytes() == finished
    assert float(table(out)[0]["OC-NN"]) == pytest.approx(auc(out, "migrate-digits-3-oc-nn"))
    history = json.loads((out / "migrate-digits-3-oc-nn" / "history.json").read_text())
    epochs = {name: len(phase["loss"]) for name, phase in history.items()}
    assert epochs == {"pretraining": 2, "head": 40, "training": 2}
    assert main(["migrate-demo", "--classes", "3", "--methods", "dcae", "--epochs", "1"]) == 0
    assert auc(out, "migrate-digits-3-dcae-2") == pytest.approx(float(table(out)[0]["DCAE"]))


def test_a_failed_training_leaves_the_others(out, capsys, monkeypatch):
    original = runner._train_phases

    def fail(config, *arguments):
        if config.method == "deep-svdd":
            raise CollapseError("all\nequal")
        return original(config, *arguments)

    monkeypatch.setattr(runner, "_train_phases", fail)
    command = ["migrate-demo", "--classes", "5", "--methods", "one-class", "dcae", *SHORT]
    for _ in range(2):
        assert main([*command, "--quiet"]) == 2
        captured = capsys.readouterr()
        assert re.search(r"\n5 +failed +\d+\.\d\d\n", captured.out)
        assert re.search(r"\nmean +- +\d+\.\d\d\n", captured.out)
        run = Path("runs") / "migrate-digits-5-one-class"
        assert captured.err == f"kerasocc: {run} failed: all equal\n"
        assert [row["one-class"] for row in table(out)] == ["", ""]


@pytest.mark.slow
def test_a_folder_of_images_and_a_file_of_them(out, capsys, random):
    from PIL import Image

    images = random.integers(0, 256, (240, 16, 16, 3)).astype("uint8")
    for number, image in enumerate(images):
        folder = out.parent / "GTSRB" / ("00014" if number % 2 else "00015")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{number}.png")
    options = ["--methods", "dcae", "--epochs", "1"]
    assert main(["migrate-demo", "--dataset", "GTSRB", *options]) == 0
    output = capsys.readouterr().out
    assert "(published 87.5), " in output and "were adversarial attacks" in output
    assert re.search(r"\nDCAE, mean .* \(1\): here [\d.]+, published 87\.50\n", output)
    assert "Anomalies in the smallest class: 1." in output
    rows = table(out)
    assert [row["class"] for row in rows] == ["00014", "00015", "mean"]
    assert [row["published DCAE"] for row in rows] == ["87.5000", "", "87.5000"]

    np.savez("signs.npz", images=images, labels=np.arange(240) % 2)
    assert comparison.find_classes(absolute("signs.npz")) == [0, 1]
    config = comparison.make_config(absolute("signs.npz"), "dcae", 1)
    assert (config.protocol, config.transductive) == ("transductive", True)
    assert (config.contamination, config.validation) == (0.01, 0.0)
    assert comparison.find_classes("GTSRB", [1, "00014", 0]) == ["00015", "00014"]


def test_published_figures():
    rows = [row for by_method in PUBLISHED.values() for row in by_method.values()]
    assert [len(row) for row in rows] == [8, 10, 6, 1, 1, 1, 1]
    mnist = [published_auc("mnist", "oc-nn", c) for c in range(10)]
    assert mnist[6:] == [97.1, None, 88.6, None]
    assert published_auc("cifar10", "oc-nn", 9) == 68.7
    assert published_auc("/data/gtsrb32_subset.npz", "soft-boundary", "00014") == 67.5
    assert published_auc("/data/gtsrb32_subset.npz", "one-class", 13) is None


def test_the_table_sets_the_published_figures_beside_ours():
    lines = Table("mnist", ["dcae", "oc-nn"], [0, 7, 8])
    for c, value in ((0, 0.9), (7, 0.8), (8, 0.7)):
        lines.outcomes[c, "oc-nn"] = Outcome(Path("x"), value, 10, None)
    lines.outcomes[0, "dcae"] = Outcome(Path("y"), None, None, "a reason")
    assert lines.head().split() == ["class", "DCAE", "OC-NN", "published", "OC-NN"]
    assert lines.row(0).split() == ["0", "failed", "90.00", "97.6"]
    assert lines.row(7).split()[2:] == ["80.00", "-"]
    assert lines.means().split() == ["mean", "-", "80.00", "93.10"]
    # 7 has no published figure: 90 and 70 against 97.6 and 88.6.
    line, caveat = lines.comparisons()
    assert caveat == CAVEATS["mnist"] and set(CAVEATS) == set(PUBLISHED)
    assert line.endswith("published figure (2): here 80.00, published 93.10")
    assert lines.errors() == ["kerasocc: y failed: a reason"]
    assert len({len(line) for line in (lines.head(), lines.row(0), lines.means())}) == 1


def test_only_the_advice_on_retracing_is_dropped(caplog):
    logger = logging.getLogger("tensorflow")
    with _without_retracing_warnings():
        logger.warning("5 out of the last %d calls to f triggered tf.function retracing.", 13)
        logger.warning("something else")
    logger.warning("it triggered tf.function retracing, afterwards")
    kept = [record.getMessage() for record in caplog.records]
    assert kept == ["something else", "it triggered tf.function retracing, afterwards"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--methods", "dcae", "svm"], "`methods` must be one of ['one-class', 'soft-boundary', "),
        (["--methods", ","], "argument --methods: must hold names apart or with commas, not ','"),
        (["--classes", "0", "12"], "`classes` must be among [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]. Near"),
        (["--classes", ""], "argument --classes: must hold names apart or with commas, not ''"),
        (["--epochs", "0"], "`epochs` must be an integer of at least 1. Received: epochs=0"),
        (["--pretrain-epochs", "-1"], "`pretrain_epochs` must be an integer of at least 0"),
        (["--methods", "dcae", "--pretrain-epochs", "3"], "`pretrain_epochs` must be left out: "),
        (["--seed", "-1"], "`seed` must be an integer of at least 0. Received: seed=-1"),
        (["--dataset", ""], "`dataset` must be a name. Received: dataset=''"),
        (["--dataset", "t.csv"], "`dataset` must hold images: "),
        (["--dataset", "no.npz"], "There is no table 'no.npz'."),
        (["--dataset", "empty"], "empty' must hold a folder of images per class"),
        (["--out", "t.csv"], "'t.csv'"),
    ],
)
def test_bad_input_is_one_clear_line_and_leaves_no_run(out, capsys, arguments, message):
    (out.parent / "t.csv").write_text("a,label\n1,0\n")
    (out.parent / "empty").mkdir()
    assert message in refused(["migrate-demo", *arguments], capsys)
    assert not out.exists() or not os.listdir(out)
