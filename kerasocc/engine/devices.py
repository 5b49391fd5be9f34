"""What a training on several devices needs, checked before it begins."""

from __future__ import annotations

import keras

from kerasocc.engine.jax_devices import check_mesh, check_processes_agree
from kerasocc.engine.keras_layers import all_layers
from kerasocc.engine.model_protocols import TrainableModel
from kerasocc.engine.training_run import TrainingRun

_SAMPLES_COMPARED = 64


def check_devices(model: TrainableModel) -> None:
    """Refuse what would not train on the devices that it names.

    Raises:
        ValueError: For that.
    """
    if keras.backend.backend() == "jax":
        check_mesh(model)
    elif keras.backend.backend() == "torch":
        _check_single_device(model)


def check_same_training(run: TrainingRun, **settings: int | None) -> None:
    """Refuse a training that differs between the processes that share it.

    Args:
        run: The training.
        **settings: Arguments of `fit`.

    Raises:
        ValueError: In every process, if something differs.
    """

    def facts():
        return {
            **settings,
            "batch_size": run.batch_size,
            "seed": run.model.order_seed,
            "number of samples": run.drawn_from.num_samples,
            "samples": [run.drawn_from.subset(_SAMPLES_COMPARED, run.batch_size, run.bound)],
        }

    check_processes_agree(run.model, facts)


def _check_single_device(model: TrainableModel) -> None:
    """Refuse, on the torch backend, what would train on one device, or in one process alone."""
    import torch

    group = torch.distributed
    in_group = group.is_available() and group.is_initialized()
    received = None
    if keras.distribution.distribution() is not None:
        received = f"a `keras.distribution`, {type(keras.distribution.distribution()).__name__}"
    elif in_group and group.get_world_size() > 1:
        received = f"a process group of {group.get_world_size()} processes"
    elif in_group and any(
        isinstance(module, torch.nn.parallel.DistributedDataParallel)
        for layer in all_layers(model)
        for module in layer.modules()
    ):
        received = "a module in `DistributedDataParallel`"
    if received is not None:
        raise ValueError(
            "`fit` trains on one device, in one process, on the torch backend; train on several "
            "by `tf.distribute`, or by `keras.distribution.DataParallel` on the JAX backend. "
            f"Received: {received}"
        )
