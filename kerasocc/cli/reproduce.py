"""`kerasocc reproduce`: tables of the papers, by one command."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from kerasocc.cli.common import echo
from kerasocc.experiments.papers.loe import study
from kerasocc.experiments.papers.loe.backbones import BACKBONES
from kerasocc.experiments.runs.startup import import_keras
from kerasocc.experiments.settings.parsing import ratio

DEFAULT_DATA = {"images": ["mnist:0", "mnist:3", "mnist:8"]}


def add(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "reproduce",
        help="run the tables of a paper",
        description="Latent outlier exposure (Qiu et al., ICML 2022): train on contaminated data "
        "with Blind, Refine, LOE-H and LOE-S, over data sets and seeds, and compare. The same "
        "command resumes it after an interruption.",
    )
    parser.set_defaults(run_command=reproduce)
    parser.add_argument("paper", choices=["loe"], help="loe: latent outlier exposure")
    parser.add_argument(
        "--protocol",
        choices=list(BACKBONES),
        default="tabular",
        help="data and backbone (default: tabular: half of the normal rows, NeuTraL AD)",
    )
    parser.add_argument(
        "--data",
        nargs="+",
        metavar="DATA",
        help="names or paths of tables or features; for images such as mnist:3 (default there: "
        "mnist:0 mnist:3 mnist:8)",
    )
    parser.add_argument("--data-dir", default=None, help="folder of the tables")
    parser.add_argument("--modes", nargs="+", default=None, metavar="MODE", help="see LatentLabels")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4], metavar="SEED")
    parser.add_argument(
        "--contamination",
        nargs="+",
        type=float,
        default=[0.1],
        metavar="RATIO",
        help="true fraction of anomalies in the training data (default: 0.1)",
    )
    parser.add_argument(
        "--assumed",
        nargs="+",
        type=ratio,
        default=[None],
        metavar="RATIO",
        help="fraction that the training assumes, or auto (default: the true one)",
    )
    parser.add_argument("--refresh", choices=["batch", "epoch"], default="batch")
    parser.add_argument("--warmup", type=int, default=2, help="epochs of Blind before (default: 2)")
    parser.add_argument("--epochs", type=int, default=None, help="default: those of the protocol")
    parser.add_argument("--out", default="loe", help="folder of the results (default: loe)")


def reproduce(arguments: argparse.Namespace) -> int:
    """Run the subcommand."""
    data = arguments.data or DEFAULT_DATA.get(arguments.protocol)
    if not data:
        raise ValueError(
            f"`--data` must name tables for `--protocol {arguments.protocol}`. Received: none"
        )
    grid = study.Grid(
        data=data,
        seeds=arguments.seeds,
        modes=arguments.modes or study.TABLE_MODES,
        contaminations=arguments.contamination,
        assumed=arguments.assumed,
    )
    grid.check()
    names = ("protocol", "refresh", "warmup", "epochs")
    shared = {name: getattr(arguments, name) for name in names}
    folder = Path(arguments.out)
    log = study.Log(folder / "results.jsonl", shared)
    import_keras()
    from kerasocc.experiments.papers.loe.report import write_report
    from kerasocc.experiments.papers.loe.trials import run_trial

    settings = study.StudySettings(**shared, data_dir=arguments.data_dir)
    echo(BACKBONES[settings.protocol].title)
    rows = study.run(grid, log, lambda trial: run_trial(study.Trial(**trial), settings), echo)
    write_report(rows, grid, folder, echo)
    return 0
