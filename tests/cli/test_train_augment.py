"""What `kerasocc train --augment` refuses, before anything is trained."""

import pytest

from tests.cli.helpers import refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--augment spin", "`augment` must be one of ['flip', 'vertical-flip', 'shift', 'rotation"),
        ("--augment flip,shift,flip", "every augmentation once"),
        ("--augment shift=2", "`augment shift` must be in (0, 1). Received: augment shift=2.0"),
        ("--augment zoom=x", "`augment zoom` must be in (0, 1). Received: augment zoom='x'"),
        ("--augment flip=1", "`augment` takes no amount of flip. Received: 'flip=1'"),
        ("--augment ,", "`augment` must hold augmentations such as flip,shift=0.1"),
        ("--augment flip --method nearest-neighbors", "has no training steps"),
        ("--augment flip --method robust-autoencoder", "noise for every training sample"),
        ("--augment flip --method auto", "`augment` must be left out"),
    ],
)
def test_what_is_refused(options, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert message in refused(["train", "--dataset", "digits", *options.split()], capsys)
    assert not (tmp_path / "runs").exists()


def test_tables_are_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{i % 9},{i % 7}\n" for i in range(40)))
    found = refused(["train", "--dataset", "t.csv", "--augment", "flip"], capsys)
    assert "`augment` must be left out: the samples are no images" in found
