"""How benchmarks draw what they measured: all plots alike."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH, _BAR, _LEAST = 9, 0.16, 2.5  # inches; the second is of a bar


def axes(rows: int = 1, columns: int = 1, *, height: float = 4, sharex: bool = False) -> "list[Axes]":
    """Make axes on a figure of their own; no display is asked for."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    return list(figure.subplots(rows, columns, squeeze=False, sharex=sharex).flat)


def save(drawn: "list[Axes]", path: Path) -> None:
    """Write their figure, with grids, and a legend where something has a label."""
    for axis in drawn:
        axis.grid(alpha=0.3)
        axis.set_axisbelow(True)
        if axis.get_legend_handles_labels()[0]:
            axis.legend(fontsize="small")
    drawn[0].figure.savefig(path, dpi=110)


def bars(rows: Mapping[str, Mapping[str, float]], path: Path, *, measure: str) -> None:
    """Draw a group of bars for each row, the first on top, and in it one for each column that the row has.

    Args:
        rows: {row: {column: value}}; a value that is none, NaN, has no bar.
        path: Where to, a PNG.
        measure: What the values are.
    """
    columns = list(dict.fromkeys(column for values in rows.values() for column in values))
    thick = 0.8 / len(columns)
    (axis,) = drawn = axes(height=max(_LEAST, _BAR * len(rows) * (len(columns) + 1)))
    for number, column in enumerate(columns):
        held = [(place, values[column]) for place, values in enumerate(rows.values()) if column in values]
        places, values = zip(*held, strict=True)
        axis.barh([place + number * thick for place in places], values, thick, align="edge", label=column)
    axis.set_yticks([place + 0.4 for place in range(len(rows))], list(rows))
    axis.invert_yaxis()
    axis.set(xlabel=measure)
    save(drawn, path)
