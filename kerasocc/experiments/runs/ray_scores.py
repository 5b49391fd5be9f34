"""Scores of a Ray dataset, by workers on one machine or a cluster."""

from __future__ import annotations

import os
from typing import Any

from kerasocc.checks import check_integer
from kerasocc.experiments.runs.batch_scorer import BatchScorer

BATCH_ROWS = 2**15


def score_with_ray(
    dataset: Any,
    model: str | os.PathLike,
    *,
    workers: int | None = None,
    num_cpus: float = 1,
    num_gpus: float = 0,
    batch_size: int = BATCH_ROWS,
    scorer: type[BatchScorer] = BatchScorer,
    **options: Any,
) -> Any:
    """Score the rows of a Ray dataset: one row out for each row in.

    Ray starts a worker lost to a crash anew and repeats what it had not finished.

    Args:
        dataset: A `ray.data.Dataset` of the rows of tables.
        model: A `.keras` file that every machine can read.
        workers: Most actors that score at the same time, each with a model of its own; default
            as many as there are cores, or devices with `num_gpus`, in the cluster.
        num_cpus: Cores of each actor, which computes with as many threads.
        num_gpus: Devices of each actor.
        batch_size: Rows that are scored at once.
        scorer: The class that scores; a subclass of `BatchScorer` may do more.
        **options: Of `BatchScorer`.

    Returns:
        A `ray.data.Dataset`, computed when it is read or written.

    Raises:
        ImportError: If Ray is not installed.
        ValueError: For a number of workers or a batch size below 1.
    """
    try:
        import ray
        from ray.data import ActorPoolStrategy
    except ImportError as error:
        raise ImportError(
            "`score_with_ray` needs Ray: install it with `pip install 'kerasocc[ray]'`"
        ) from error
    check_integer("batch_size", batch_size, minimum=1)
    if workers is None:
        kind, each = ("GPU", num_gpus) if num_gpus else ("CPU", num_cpus)
        if not ray.is_initialized():
            ray.init()
        workers = max(1, int(ray.cluster_resources().get(kind, 1) / max(each, 1e-9)))
    check_integer("workers", workers, minimum=1)
    threads = str(max(1, int(num_cpus)))
    limits = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
    # Not a fixed number: the tasks that read and write need cores too.
    pool = ActorPoolStrategy(min_size=1, max_size=workers)
    # A relative path is not the same one in another process.
    return dataset.map_batches(
        scorer,
        fn_constructor_args=(os.path.abspath(model),),
        fn_constructor_kwargs=options,
        batch_size=batch_size,
        compute=pool,
        num_cpus=num_cpus,
        num_gpus=num_gpus or None,
        runtime_env={"env_vars": dict.fromkeys(limits, threads)},
    )
