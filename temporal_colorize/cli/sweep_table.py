"""One table and one plot of all runs of a sweep, when it ends, and of any sweep's folder:

python -m temporal_colorize.cli.sweep_table runs/<sweep>

Writes sweep.csv, sweep.json and sweep.png into the folder and prints the table; best first, what gave no number last.
"""

import contextlib
import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SCORES = ("val/mse", "val/mae", "val/auc", "val/psnr", "val/colourfulness")
_INCHES = (4.5, 3.5)  # of a plot's part
_begun: list[Path] = []  # folders of the sweeps of this process


def begin_table(folder: Path) -> None:
    """Have `ended_by_a_table` write the one of this folder."""
    _begun.append(folder)


@contextlib.contextmanager
def ended_by_a_table() -> Iterator[None]:
    """Write the table of a sweep that was begun inside, however it ends."""
    try:
        yield
    finally:
        while _begun:
            folder = _begun.pop()
            if folders_of(folder):
                write_table(folder)


def write_table(folder: Path) -> None:
    """Write and print the table of a sweep's folder.

    Raises:
        ValueError: If it has no run in it.
    """
    rows = rows_of(folder)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with open(folder / "sweep.csv", "w", newline="") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        table.writerows(rows)
    (folder / "sweep.json").write_text(json.dumps(rows, indent=1))
    print(markdown(rows, columns))
    swept = swept_of({run.name: given_in(run) for run in folders_of(folder)})
    written = ["sweep.csv", "sweep.json"]
    if _plot(rows, swept, folder / "sweep.png"):
        written.append("sweep.png")
    print(f"written: {folder}/{', '.join(written)}")


def folders_of(folder: Path) -> list[Path]:
    """Find the folders of a sweep's runs, by their numbers."""
    runs = (path.parents[1] for path in folder.glob("*/.hydra/overrides.yaml"))
    return sorted((run for run in runs if run.name.isdigit()), key=lambda run: int(run.name))


def given_in(run: Path) -> list[str]:
    """Read the options that a run was given."""
    import yaml

    return yaml.safe_load((run / ".hydra" / "overrides.yaml").read_text()) or []


def swept_of(given: Mapping[str, Sequence[str]]) -> list[str]:
    """Name the options that are not the same in all runs, in their order."""
    named = [_named(some) for some in given.values()]
    names = dict.fromkeys(name for options in named for name in options)
    return [name for name in names if len({options.get(name) for options in named}) > 1]


def _named(given: Sequence[str]) -> dict[str, str]:
    return {name: value for name, _, value in (one.partition("=") for one in given)}  # `~option` has no value


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """Read all runs of a sweep.

    Returns:
        A row for each: its folder's number, what was swept, state ("running" is also what was killed), objective, the
        last validation's scores, steps, minutes and error.

    Raises:
        ValueError: If there is no run.
    """
    given = {run: given_in(run) for run in folders_of(folder)}
    if not given:
        raise ValueError(f"{folder} has no runs in it: give the folder of a sweep, runs/sweep_<date>")
    swept = swept_of({run.name: options for run, options in given.items()})
    rows = [_row(run, _named(options), swept) for run, options in given.items()]
    return sorted(rows, key=lambda row: (row["objective"] is None, row["objective"]))


def _row(folder: Path, options: Mapping[str, str], swept: Sequence[str]) -> dict[str, Any]:
    from temporal_colorize.training.record import Run

    run = Run.read(folder) or Run({})
    row: dict[str, Any] = {"run": int(folder.name), **{name: options.get(name, "") for name in swept}}
    row |= {"state": run.state, "objective": run.objective}
    row |= {name: run.scores.get(name) for name in _SCORES}
    return row | {"steps": run.steps, "minutes": run.seconds / 60, "error": run.error}


def markdown(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Write rows as a Markdown table; columns in which nothing stands are left out."""
    shown = [name for name in columns if any(row[name] not in (None, "") for row in rows)]
    lines = [shown, ["---"] * len(shown), *([_cell(row[name]) for name in shown] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("|", "/")


def _plot(rows: Sequence[Mapping[str, Any]], swept: Sequence[str], path: Path) -> bool:
    """Draw the objective over every option that was swept; False where there is nothing to draw, or to draw with."""
    done = [row for row in rows if row["objective"] is not None]
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        print("no plot: pip install '.[sweep]'", file=sys.stderr)
        return False
    if not done or not swept:
        return False
    figure = Figure(figsize=(_INCHES[0] * len(swept), _INCHES[1]), layout="constrained")
    for axis, name in zip(figure.subplots(1, len(swept), squeeze=False, sharey=True)[0], swept, strict=True):
        _draw(axis, name, [row[name] for row in done], [row["objective"] for row in done])
    figure.axes[0].set_ylabel("objective")
    figure.savefig(path, dpi=110)
    return True


def _draw(axis: "Axes", name: str, values: Sequence[str], objectives: Sequence[float]) -> None:
    try:
        places: list[Any] = [float(value) for value in values]
        if min(places) > 0 and max(places) >= 10 * min(places):
            axis.set_xscale("log")
    except ValueError:
        places = list(values)
        axis.tick_params(axis="x", rotation=45)
    axis.plot(places, objectives, "o")
    axis.set_xlabel(name)
    axis.grid(alpha=0.3)


def main() -> None:
    """Write the table of the folder that the command names."""
    from temporal_colorize.cli.guard import guarded

    def run() -> None:
        if len(sys.argv) != 2:
            raise ValueError(
                "give the folder of a sweep: python -m temporal_colorize.cli.sweep_table runs/sweep_<date>"
            )
        write_table(Path(sys.argv[1]))

    guarded(run)


if __name__ == "__main__":
    main()
