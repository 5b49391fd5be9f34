"""How the columns of the tables of Deep SAD are trained and tested."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kerasocc.experiments.config.data_defaults import HIDDEN
from kerasocc.experiments.papers.deep_sad.problems import HYBRIDS, group
from kerasocc.experiments.papers.training import (
    config_and_data,
    pretrained,
    result_of,
    train_config,
)
from kerasocc.experiments.tables.cell import Cell
from kerasocc.experiments.tables.definition import Context, Result

_SS_DGM_WIDTHS = {
    "mnist": (128, 64, 32),
    "fashion_mnist": (256, 128, 64),
    "cifar10": (512, 256, 128),
    **HIDDEN,
}
"""Hidden layers and latent dimension of both models of SS-DGM: those of the authors' code."""
_SS_DGM_RATE, _SS_DGM_DECAY = 1e-3, 1e-6


def run(cells: Sequence[Cell], context: Context) -> Iterator[tuple[Cell, Result]]:
    """Train and test cells of one group, one after the other."""
    for cell in cells:
        yield cell, _result(cell, context)


def _result(cell: Cell, context: Context) -> Result:
    settings = dict(cell.configuration["settings"])
    kind = cell.method.removesuffix("-hindsight")
    if kind in ("deep-sad", "deep-svdd"):
        return train_config(settings, group(cell), cell.key, context)
    if kind in ("supervised", "ss-dgm"):
        folder = context.store.work_folder(group(cell)) / cell.key
        folder.mkdir(exist_ok=True)
        train = _supervised if kind == "supervised" else _ss_dgm
        result = train(cell, folder)
        shutil.rmtree(folder, ignore_errors=True)
        return result
    return _kernel_machine(cell, kind, context)


def _kernel_machine(cell: Cell, kind: str, context: Context) -> Result:
    """OC-SVM or SSAD, on the samples or on the codes of the autoencoder."""
    from kerasocc import baselines

    settings, seconds = dict(cell.configuration["settings"]), {}
    options: dict[str, Any] = {"seed": settings["seed"]}
    if kind in HYBRIDS:
        options["encoder"], data, taken = pretrained(settings, group(cell), context)
        seconds = {"pretraining_seconds": taken}
    else:
        _, data = config_and_data(settings)
        options["preprocessing"] = data.preprocessing
    begun = time.perf_counter()
    if kind.startswith("ssad"):
        options["max_samples"] = cell.configuration["max_samples"]
    if cell.method != kind:
        test = data.x_test, data.y_test
        if kind.startswith("ssad"):
            found = baselines.hindsight_ssad(data.x_train, data.y_train, *test, **options)
        else:
            found = baselines.hindsight_oc_svm(data.x_train, *test, **options)
        result = result_of(found.detector, data, begun)
        return {**result, **seconds, "parameters": found.parameters}
    detector = (baselines.SSAD if kind.startswith("ssad") else baselines.OCSVM)(**options)
    detector.fit(data.x_train, data.y_train)
    return {**result_of(detector, data, begun), **seconds}


def _supervised(cell: Cell, folder: Path) -> Result:
    from kerasocc.baselines import SupervisedClassifier
    from kerasocc.experiments.runs.networks import make_networks
    from kerasocc.experiments.runs.phases import Phase, run_phase

    begun = time.perf_counter()
    config, data = config_and_data(cell.configuration["settings"])
    encoder, _ = make_networks(config, tuple(data.x_train.shape[1:]), len(data.x_train))
    model = SupervisedClassifier(
        encoder,
        preprocessing=data.preprocessing,
        weight_decay=config.weight_decay,
        seed=config.seed,
    )
    phase = Phase(
        "supervised",
        model,
        epochs=config.epochs,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        drop_at=config.drop_at,
    )
    run_phase(phase, data, folder)
    return result_of(model, data, begun)


def _ss_dgm(cell: Cell, folder: Path) -> Result:
    from kerasocc.baselines import SSDGM, VariationalAutoencoder
    from kerasocc.experiments.runs.phases import Phase, run_phase
    from kerasocc.networks import dense_decoder, dense_encoder

    begun = time.perf_counter()
    config, data = config_and_data(cell.configuration["settings"])
    epochs = cell.configuration["ss_dgm"]
    shape, seed = tuple(data.x_train.shape[1:]), config.seed
    *hidden, latent = _SS_DGM_WIDTHS[cell.data]
    options = dict(preprocessing=data.preprocessing, weight_decay=_SS_DGM_DECAY, seed=seed)

    def decoder(code: int) -> Any:
        return dense_decoder(shape, code, hidden=hidden[::-1], seed=seed)

    encoder = dense_encoder(shape, 2 * latent, hidden=hidden, seed=seed)
    first = VariationalAutoencoder(encoder, decoder(latent), **options)
    length = dict(batch_size=config.batch_size, learning_rate=_SS_DGM_RATE)
    run_phase(Phase("first", first, epochs=epochs["pretrain_epochs"], **length), data, folder)
    model = SSDGM(encoder, decoder(latent + 2), latent=latent, hidden=hidden, **options)
    run_phase(Phase("second", model, epochs=epochs["epochs"], **length), data, folder)
    return result_of(model, data, begun)
