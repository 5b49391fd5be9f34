"""What the definition of a table consists of.

Its functions import Keras when cells are run: the command line reads definitions for its help
and its checks, without Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from kerasocc.experiments.tables.cell import Cell, Published
from kerasocc.experiments.tables.cell_store import CellStore

Result = dict[str, Any]
"""`metrics` by name (AUC in [0, 1] and so on), `seconds`, and what else is worth keeping."""


class Metric(NamedTuple):
    """A figure of every cell.

    Attributes:
        name: Its entry in the `metrics` of a result.
        title: In tables.
        scale: What values are multiplied by for tables: 100 for %.
        digits: Decimal places.
    """

    name: str
    title: str
    scale: float = 100.0
    digits: int = 1


AUC = Metric("auc", "AUC in %")
AVERAGE_PRECISION = Metric("average_precision", "average precision in %")
F1 = Metric("f1", "F1 at the true ratio in %")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user asks for; None stands for what the paper did.

    Attributes:
        quick: Whether at a much reduced length.
        epochs: Of every training.
        pretrain_epochs: Of every pretraining.
        seeds: Seeds.
        classes: Normal classes to run; the others stay "not run".
        methods: Methods to run, likewise.
        data: Data sets to run, likewise, or names and paths of others where a table takes any.
        hindsight: Whether to add the columns whose settings are chosen on test labels.
        own: Options that one table alone has, by name.
    """

    quick: bool = False
    epochs: int | None = None
    pretrain_epochs: int | None = None
    seeds: tuple[int, ...] | None = None
    classes: tuple[int | str, ...] | None = None
    methods: tuple[str, ...] | None = None
    data: tuple[str, ...] | None = None
    hindsight: bool = False
    own: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_reduced(self) -> bool:
        """Whether trainings are not as long as in the paper."""
        return self.quick or self.epochs is not None or self.pretrain_epochs is not None


class Context(NamedTuple):
    """What cells are run with.

    Attributes:
        store: Of the results, with folders for what an interrupted training needs.
        progress: Whether to draw bars.
    """

    store: CellStore
    progress: bool = False


def no_figure(row: str, column: str, metric: str) -> Published | None:
    """The published figures of a table without any."""
    return None


def no_lines(summary: Any) -> list[str]:
    """The comparisons of a table without any."""
    return []


def alone(cell: Cell) -> str:
    """The group of a cell that shares nothing with others."""
    return cell.key


@dataclass(frozen=True, kw_only=True)
class OwnOption:
    """An option that one table alone has.

    Attributes:
        name: In `Options.own`; on the command line with dashes.
        help: What it does.
        kind: Function from its text to a value.
        choices: Its possible values, or None.
        several: Whether it takes a list.
        default: Its value where it is not given.
    """

    name: str
    help: str
    kind: Callable[[str], Any] = str
    choices: tuple[Any, ...] | None = None
    several: bool = False
    default: Any = None


@dataclass(frozen=True, kw_only=True)
class TableDefinition:
    """A published table.

    Attributes:
        paper: Its paper, as the command line calls it.
        name: The table, likewise.
        title: What it shows.
        source: Authors, title, place and year.
        metrics: Figures of its cells, larger is better, the one that the paper prints first.
        cells: From `Options` to all cells of the table at that length, those of every class,
            method and data set that the paper has; may raise `ValueError`.
        run: From cells of one group and a `Context` to `(cell, result)`, one after the other as
            they come; in place of a result the exception that a cell ended with. One that is raised
            belongs to the first cell without a result, and the others are run without it:
            `CollapseError`, `FloatingPointError` or `ValueError` if it failed. A
            `FileNotFoundError` belongs to all of them: their data are not there.
        group: From a cell to the name of the group that it is run with: those of one group share
            data, a pretraining or a compiled program.
        published: From row, column and name of a metric to the paper's figure, or None; for the
            row of means too, by its title, where the paper has nothing but means.
        heads: Title of the column of the row names.
        notes: In what it differs from the paper, and what a reader has to know.
        own_options: Options that no other table has.
        mean: Title of a row of means over the rows, None for none.
        ranks: Whether there is a row of mean ranks of the columns.
        compare: From the `Summary` to lines below the table, such as tests of differences.
        ratios: Where the rows are fractions, such as `"0.05"`: what they are, for the axis of the
            picture. None where they are not.
    """

    paper: str
    name: str
    title: str
    source: str
    metrics: tuple[Metric, ...] = (AUC,)
    cells: Callable[[Options], list[Cell]]
    run: Callable[[Sequence[Cell], Context], Iterator[tuple[Cell, Result | Exception]]]
    group: Callable[[Cell], str] = alone
    published: Callable[[str, str, str], Published | None] = no_figure
    heads: str = ""
    notes: tuple[str, ...] = ()
    own_options: tuple[OwnOption, ...] = ()
    mean: str | None = "mean"
    ranks: bool = False
    compare: Callable[[Any], Sequence[str]] = no_lines
    ratios: str | None = None
