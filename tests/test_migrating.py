"""The guide for users of the OC-NN repository."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import kerasocc
from kerasocc.cli import make_parser
from kerasocc.experiments.config import TrainConfig
from kerasocc.experiments.papers.oc_nn import comparison
from kerasocc.experiments.settings.data import absolute

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
        unused = {
            "run_command",
            "config",
            "name",
            "out",
            "resume",
            "quiet",
            "strategy",
            "tensorboard",
        }
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
