"""Options of `kerasocc train` that do not fit each other or the data."""

import pandas
import pytest

from kerasocc.datasets import tabular
from tests.cli.helpers import refused

NEEDS = "needs a `latent` that flags samples by their losses: 'soft', 'hard' or 'refine'"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            "--latent-warmup 3",
            f"`latent_warmup` {NEEDS}. Received: latent_warmup=3",
        ),
        (
            "--assumed-contamination 0.2",
            f"`assumed_contamination` {NEEDS}. Received: assumed_contamination=0.2",
        ),
        ("--latent-refresh epoch", f"`latent_refresh` {NEEDS}. Received: latent_refresh='epoch'"),
        (
            "--latent known --contamination 0.1 --latent-warmup 3",
            f"`latent_warmup` {NEEDS}. Received: latent_warmup=3",
        ),
        (
            "--latent known",
            "`contamination` must be above 0 with latent='known': no anomalies are hidden that "
            "could be known. Received: contamination=0.0",
        ),
        (
            "--latent soft --assumed-contamination auto",
            "`latent_warmup` must be at least 1 with assumed_contamination='auto': the estimate is "
            "made of the losses of a trained model. Received: latent_warmup=0",
        ),
        (
            "--latent soft --assumed-contamination 1",
            "`assumed_contamination` must be in [0, 1). Received: assumed_contamination=1.0",
        ),
        (
            "--latent soft --assumed-contamination much",
            "argument --assumed-contamination: must be a fraction such as 0.1, or auto, not 'much' "
            "(see `kerasocc train --help`)",
        ),
        (
            "--latent soft --latent-warmup 4 --epochs 4",
            "`latent_warmup` must be less than the 4 epochs, or no sample is ever flagged. "
            "Received: latent_warmup=4",
        ),
        (
            "--latent soft --latent-warmup -1",
            "`latent_warmup` must be an integer of at least 0. Received: latent_warmup=-1",
        ),
        (
            "--method robust-autoencoder --lam much",
            "argument --lam: must be a number such as 0.1, or auto, not 'much' (see "
            "`kerasocc train --help`)",
        ),
        (
            "--method icl --permutations 0",
            "`permutations` must be an integer of at least 1. Received: permutations=0",
        ),
        (
            "--method icl --num-transforms 4",
            "`num_transforms` is of the method 'neutral-ad'. Received: num_transforms=4",
        ),
        (
            "--method neutral-ad --num-transforms 1",
            "`num_transforms` must be an integer of at least 2. Received: num_transforms=1",
        ),
        (
            "--method deep-svdd --temperature 0.5",
            "`temperature` is of the method 'neutral-ad' or 'icl'. Received: temperature=0.5",
        ),
        (
            "--method icl --temperature 0",
            "`temperature` must be a finite number above 0. Received: temperature=0.0",
        ),
        (
            "--method neutral-ad --window 3",
            "`window` is of the method 'icl'. Received: window=3",
        ),
        (
            "--method neutral-ad --shift 3",
            "`shift` is of the method 'multi-head-rotnet' or 'geo'. Received: shift=3",
        ),
        (
            "--method multi-head-rotnet --transform mul",
            "`transform` is of the method 'neutral-ad'. Received: transform='mul'",
        ),
        (
            "--method icl --use-bias",
            "`use_bias` must be left out: the method 'icl' has an encoder of its own. Received: "
            "use_bias=True",
        ),
        (
            "--method icl --network wide-resnet",
            "`network` must be left out: the method 'icl' has an encoder of its own. Received: "
            "network='wide-resnet'",
        ),
        (
            "--method neutral-ad --pretrain-epochs 3",
            "`pretrain_epochs` must be 0: the method 'neutral-ad' is not pretrained. Received: "
            "pretrain_epochs=3",
        ),
        (
            "--network wide-resnet --pretrain-epochs 3",
            "`pretrain_epochs` must be 0: the network 'wide-resnet' has no decoder to be "
            "pretrained with. Received: pretrain_epochs=3",
        ),
        (
            "--method autoencoder --network wide-resnet",
            "`network` must be left out: the method 'autoencoder' needs a decoder. Received: "
            "network='wide-resnet'",
        ),
        (
            "--network wide-resnet --pooling max",
            "`pooling` is of the network 'resnet18' alone. Received: pooling='max'",
        ),
        (
            "--method multi-head-rotnet --shift 8",
            "`shift` must be less than the side of the images, 8. Received: shift=8",
        ),
        (
            "--method icl --window 64",
            "`window` must be less than the 64 columns of the samples, for a complement. "
            "Received: window=64",
        ),
    ],
)
def test_options_that_do_not_fit_are_one_clear_line(options, message, tmp_path, capsys):
    command = ["train", "--quiet", "--out", str(tmp_path / "runs"), *options.split()]
    assert refused(command, capsys) == message
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").iterdir())


def test_a_table_of_two_columns_leaves_no_run(tmp_path, capsys):
    path = tmp_path / "narrow.csv"
    pandas.DataFrame({"a": range(40), "b": range(40), "label": [0, 0, 0, 1] * 10}).to_csv(
        path, index=False
    )
    assert tabular(path).x_train.shape[1] == 2
    command = ["train", "--quiet", "--out", str(tmp_path / "runs"), "--dataset", str(path)]
    assert "at least 3 columns" in refused([*command, "--method", "icl"], capsys)
    assert not list((tmp_path / "runs").iterdir())
