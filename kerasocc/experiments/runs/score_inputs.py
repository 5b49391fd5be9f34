"""Which files `kerasocc score` reads, and which file it writes for each of them."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

from kerasocc.datasets.catalog import table_stem
from kerasocc.datasets.readers.standard_input import STANDARD_INPUT
from kerasocc.experiments.runs.shards import Shard


def find_inputs(given: Sequence[str]) -> list[str]:
    """Return the files that paths and patterns stand for, each once.

    Args:
        given: Paths, or patterns with `*`, `?`, `[...]` or `**`, whose files are sorted.

    Raises:
        FileNotFoundError: If a pattern matches nothing.
        ValueError: If standard input is not the only one.
    """
    found: dict[Path, str] = {}
    for text in given:
        if glob.has_magic(text) and not Path(text).exists():
            paths = sorted(glob.glob(text, recursive=True))
            if not paths:
                raise FileNotFoundError(f"There is no file that matches {text!r}.")
        else:
            paths = [text]
        for path in paths:
            found.setdefault(Path(path).resolve(), path)
    inputs = list(found.values())
    if STANDARD_INPUT in inputs and len(inputs) > 1:
        raise ValueError(f"`FILE` must be - alone, or paths. Received: {inputs}")
    return inputs


def outputs_in(
    folder: str, inputs: Sequence[str], output_format: str, shard: Shard | None
) -> list[str]:
    """Return a file in a folder for each input, named after it.

    Args:
        folder: The folder.
        inputs: What `find_inputs` returned.
        output_format: One of `score_outputs.FORMATS`.
        shard: The shard if the rows of each input are dealt out, which is part of the names.

    Raises:
        ValueError: If two inputs would have the same output.
    """
    ending = "" if shard is None else f"-{shard.index}-of-{shard.count}"
    outputs: dict[str, str] = {}
    for path in inputs:
        stem = "standard_input" if path == STANDARD_INPUT else table_stem(Path(path).absolute())
        output = str(Path(folder) / f"{stem}{ending}.{output_format}")
        if output in outputs:
            raise ValueError(
                "`--output-dir` needs inputs of different names. Received: "
                f"{outputs[output]!r} and {path!r}, both for {output!r}"
            )
        outputs[output] = path
    return list(outputs)
