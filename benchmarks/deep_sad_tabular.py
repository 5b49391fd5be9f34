"""AUC of Deep SAD on tables beside a PyTorch twin of the authors' trainer.

    KERASOCC_DATA_DIR=... python benchmarks/deep_sad_tabular.py         # needs torch

One clean split per table: 60 % of the rows to train, 1 % of the training samples labelled
anomalies, columns scaled to [0, 1]. Both read the same arrays with every seed, which varies
initial weights and order alone. Settings of Deep SAD: an autoencoder of all training
samples, then Deep SAD, 150 epochs each, Adam 1e-4 with a drop at epoch 50, batch 128; eta 1.

The twin is written from the description of the method, not from the authors' code:
PyTorch's own initialisation, layers and Adam with its L2 weight decay. Every AUC is flushed
as it comes, on a line with a `#`; `se` is the standard error of the difference of the means.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import time
from typing import NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import torch
from deep_svdd_torch import DROP, EPOCHS, RATE, center_of, train
from tabular import HIDDEN
from torch import nn

BATCH, EPS = 128, 1e-6
PRETRAIN_WEIGHT_DECAY, WEIGHT_DECAY = 0.5e-3, 0.5e-6
HEAD = (
    f"{'table':12}{'kerasocc':>14}{'s':>6}{'torch twin':>16}{'s':>6}"
    f"{'difference':>12}{'se':>6}  verdict"
)


class Case(NamedTuple):
    """What both train on."""

    train: np.ndarray
    labels: np.ndarray
    test: np.ndarray
    widths: list[int]
    pretrain_epochs: int
    epochs: int


def main() -> None:
    arguments = _arguments()
    rows = []
    for table in arguments.tables:
        case, truth = _case(table, arguments)
        print(f"# {table}: {len(case.train)} training rows, widths {case.widths}", flush=True)
        runs = [_run(case, truth, seed, table) for seed in arguments.seeds]
        rows.append(_summary(table, *zip(*runs, strict=True)))
        print(f"# {rows[-1]}", flush=True)
    print("\nmean AUC in % +- std over the seeds, seconds per run")
    print("\n".join([HEAD, *rows]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="+", default=list(HIDDEN), choices=list(HIDDEN))
    parser.add_argument("--seeds", type=int, nargs="+", default=range(10))
    parser.add_argument("--split-seed", type=int, default=0)
    parser.add_argument("--pretrain-epochs", type=int, default=EPOCHS)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    return parser.parse_args()


def _case(table: str, arguments: argparse.Namespace) -> tuple[Case, np.ndarray]:
    from kerasocc.datasets import tabular

    data = tabular(table, labelled=0.01, seed=arguments.split_seed)
    train, test = (np.array(data.preprocessing(x)) for x in (data.x_train, data.x_test))
    widths = [train.shape[1], *HIDDEN[table]]
    epochs = (arguments.pretrain_epochs, arguments.epochs)
    return Case(train, data.y_train, test, widths, *epochs), data.y_test


def _run(case: Case, truth: np.ndarray, seed: int, table: str) -> list[tuple[float, float]]:
    """AUC in % and seconds, of kerasocc and of the twin."""
    from sklearn.metrics import roc_auc_score

    results = []
    for name, scores in (("kerasocc", _kerasocc), ("twin", _twin)):
        begun = time.perf_counter()
        auc = 100 * roc_auc_score(truth, scores(case, seed))
        results.append((auc, time.perf_counter() - begun))
        print(f"# {table} seed {seed} {name} {auc:.2f} {results[-1][1]:.0f} s", flush=True)
    return results


def _summary(table: str, ours: tuple, twins: tuple) -> str:
    row = f"{table:12}"
    for runs, width in ((ours, 8), (twins, 10)):
        aucs, seconds = zip(*runs, strict=True)
        row += f"{statistics.mean(aucs):{width}.2f} +-{statistics.pstdev(aucs):4.1f}"
        row += f"{statistics.mean(seconds):6.0f}"
    first, second = ([auc for auc, _ in runs] for runs in (ours, twins))
    difference = statistics.mean(first) - statistics.mean(second)
    if len(first) < 2:
        return f"{row}{difference:12.2f}     -"
    variances = statistics.variance(first) + statistics.variance(second)
    error = math.sqrt(variances / len(first))
    verdict = "above" if difference > 0 else "below"
    if abs(difference) <= 2 * error:
        verdict = "within 2 se"
    return f"{row}{difference:12.2f}{error:6.2f}  {verdict}"


def _kerasocc(case: Case, seed: int) -> np.ndarray:
    import keras

    import kerasocc as kocc

    def drop(epoch, _):
        return RATE if epoch < DROP else RATE / 10

    schedule = keras.callbacks.LearningRateScheduler(drop)
    options = dict(batch_size=BATCH, callbacks=[schedule], verbose=0)
    encoder = kocc.networks.mlp(case.widths, seed=seed)
    kocc.pretrain(
        encoder,
        kocc.networks.mlp_decoder(case.widths, seed=seed),
        case.train,
        epochs=case.pretrain_epochs,
        optimizer=keras.optimizers.Adam(RATE),
        # The reference averages over the columns, we sum: its weight decay weighs more.
        weight_decay=PRETRAIN_WEIGHT_DECAY * case.widths[0],
        seed=seed,
        **options,
    )
    model = kocc.DeepSAD(encoder, eps=EPS, weight_decay=WEIGHT_DECAY, seed=seed)
    model.compile(optimizer=keras.optimizers.Adam(RATE))
    model.fit(case.train, case.labels, epochs=case.epochs, **options)
    return model.score(case.test)


def _twin(case: Case, seed: int) -> np.ndarray:
    x_train, test = torch.from_numpy(case.train), torch.from_numpy(case.test)
    is_anomaly = torch.from_numpy(case.labels < 0)
    torch.manual_seed(seed)
    encoder = nn.Sequential(*_layers(case.widths))
    decoder = nn.Sequential(*_layers(case.widths[::-1]), nn.Sigmoid())

    def reconstruction(rows: torch.Tensor) -> torch.Tensor:
        x = x_train[rows]
        return ((decoder(encoder(x)) - x) ** 2).mean(dim=1)

    autoencoder = nn.ModuleList([encoder, decoder])
    rows = torch.arange(len(x_train))
    settings = dict(epochs=case.pretrain_epochs, batch=BATCH)
    train(autoencoder, reconstruction, rows, PRETRAIN_WEIGHT_DECAY, **settings)
    center = center_of(encoder, x_train)

    def distance(x: torch.Tensor) -> torch.Tensor:
        return ((encoder(x) - center) ** 2).sum(dim=1)

    def semi_supervised(rows: torch.Tensor) -> torch.Tensor:
        from_center = distance(x_train[rows])
        return torch.where(is_anomaly[rows], 1 / (from_center + EPS), from_center)

    train(encoder, semi_supervised, rows, WEIGHT_DECAY, epochs=case.epochs, batch=BATCH)
    encoder.eval()
    with torch.no_grad():
        return distance(test).numpy()


def _layers(widths: list[int]) -> list[nn.Module]:
    """Linear layers without bias, BatchNorm and leaky ReLU after all but the last."""
    layers: list[nn.Module] = []
    for before, width in zip(widths[:-2], widths[1:-1], strict=True):
        layers += [nn.Linear(before, width, bias=False)]
        layers += [nn.BatchNorm1d(width, eps=1e-4, affine=False), nn.LeakyReLU()]
    return [*layers, nn.Linear(*widths[-2:], bias=False)]


if __name__ == "__main__":
    main()
