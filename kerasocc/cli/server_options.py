"""`kerasocc score --server`: scores by a model on a running server."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kerasocc.cli.common import check_output, echo_error, given_dialect
from kerasocc.datasets.readers.standard_input import STANDARD_INPUT, readable

PROTOCOLS = ("tfserving", "v2")


def add_server_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which server scores, and how."""
    group = parser.add_argument_group(
        "server",
        "Score through a running server: FILE is read as for --run, or else as the server says. "
        "What an interrupted command has written stands beside --output; the same command goes "
        "on from there.",
    )
    group.add_argument("--server", default=None, metavar="URL", help="such as http://host:8501")
    group.add_argument(
        "--protocol",
        choices=PROTOCOLS,
        default=PROTOCOLS[0],
        help="REST of TensorFlow Serving, or the Open Inference protocol of MLServer, KServe and "
        f"Triton (default: {PROTOCOLS[0]})",
    )
    group.add_argument(
        "--served-model", default="model", metavar="NAME", help="its name there (default: model)"
    )
    group.add_argument(
        "--request-rows", type=int, default=256, metavar="N", help="samples a request (default 256)"
    )
    group.add_argument(
        "--in-flight", type=int, default=4, metavar="N", help="requests at once (default 4)"
    )
    group.add_argument(
        "--retry-for",
        type=float,
        default=300.0,
        metavar="SECONDS",
        help="how long to wait for a server that does not answer (default 300)",
    )


def score_by_server(arguments: argparse.Namespace) -> int:
    """Run the subcommand `score` with `--server`; Keras is not imported."""
    from kerasocc.experiments.runs.served_format import format_of
    from kerasocc.experiments.runs.served_scores import score_through
    from kerasocc.serving.client import ServedModel

    _check_options(arguments)
    check_output(arguments.output, arguments.source)
    dialect = given_dialect(arguments)
    run = _found_run(arguments, dialect)
    served = ServedModel(
        arguments.server,
        model=arguments.served_model,
        protocol=arguments.protocol,
        rows=arguments.request_rows,
        in_flight=arguments.in_flight,
        retry_for=arguments.retry_for,
    )
    sample_format = format_of(served, run)
    with readable(arguments.source) as source, _kept_is_said(arguments):
        summary = score_through(
            served,
            source,
            sample_format,
            arguments.output,
            made_of=_made_of(arguments, served),
            unreadable=arguments.unreadable,
            with_p_values=arguments.p_values,
            dialect=dialect,
            bad_rows=arguments.bad_rows,
        )
    _report(arguments, summary)
    return 0


def _check_options(arguments: argparse.Namespace) -> None:
    """Refuse what only scores of a local model can do.

    Raises:
        ValueError: Names the option.
    """
    for name in ("model", "output_dir", "format", "skip_existing", "shard"):
        value = getattr(arguments, name)
        if value:
            option = f"--{name.replace('_', '-')}"
            raise ValueError(f"`{option}` must be left out with `--server`. Received: {value}")
    if arguments.more:
        raise ValueError(
            "`FILE` must be one file with `--server`. Received: "
            f"{[arguments.source, *arguments.more]}"
        )
    suffix = Path(arguments.output or "").suffix.lower()
    if suffix in (".parquet", ".npz"):
        raise ValueError(
            f"`--output` must be CSV with `--server`. Received: --output {arguments.output!r}"
        )


@contextlib.contextmanager
def _kept_is_said(arguments: argparse.Namespace) -> Iterator[None]:
    """Say where the scores are that an interrupted command has written."""
    from kerasocc.serving.connections import ServerError

    kept = f"{arguments.output}.partial has the scores so far; the same command goes on from there"
    try:
        yield
    except ServerError as error:
        if arguments.output is None:
            raise
        raise ServerError(f"{error}. {kept}") from error
    except KeyboardInterrupt:
        if arguments.output is not None:
            echo_error(kept)
        raise


def _found_run(arguments: argparse.Namespace, dialect: Any) -> Any:
    """The run that says how samples are read; None without one."""
    from kerasocc.experiments.runs.trained import find_trained

    if arguments.run is None:
        return None
    found = find_trained(arguments.out, arguments.run, None)
    found.check_columns(arguments.source, dialect=dialect)
    return found.run


def _made_of(arguments: argparse.Namespace, served: Any) -> dict[str, Any]:
    """What the scores are made of: partial ones of anything else are not continued."""
    from_input = arguments.source == STANDARD_INPUT
    found = None if from_input else Path(arguments.source).stat()
    names = ("run", "protocol", "served_model", "bad_rows", "unreadable", *_dialect_names())
    return {
        "file": None if from_input else str(Path(arguments.source).resolve()),
        "size": found and found.st_size,
        "changed": found and found.st_mtime_ns,
        "version": served.description.version,
        **{name: getattr(arguments, name) for name in names},
    }


def _dialect_names() -> tuple[str, ...]:
    from kerasocc.datasets.dialect import OPTIONS

    return tuple(OPTIONS)


def _report(arguments: argparse.Namespace, summary: Any) -> None:
    shown = "standard input" if arguments.source == STANDARD_INPUT else arguments.source
    total = summary.total
    before = f", {summary.continued} of them before" if summary.continued else ""
    echo_error(
        f"Scored {total.samples} samples of {shown} with {arguments.served_model!r} at "
        f"{arguments.server}{before}"
    )
    if total.bad:
        done = {"flag": "flagged beside them", "skip": "left out"}[arguments.bad_rows]
        echo_error(f"{total.bad} more cannot be scored and are {done}: {total.first_bad}")
    if total.flagged is None:
        echo_error("The served model has no threshold, so there are no decisions.")
    else:
        echo_error(f"Flagged {total.flagged} of them ({100 * total.flagged / total.samples:.1f} %)")
