import itertools
from pathlib import Path

import cv2
import numpy as np

from benchmarks.plots import bars

COLOURS = {"first": (31, 119, 180), "second": (255, 127, 14)}  # matplotlib's first two
LEAST = 50  # pixels of a bar; what has the colour in the legend is shorter


def lengths(picture: np.ndarray, colour: tuple[int, int, int]) -> list[int]:
    """The lengths of the bars of a colour, from the top, in pixels."""
    runs = []
    for line in (picture == colour).all(-1):
        steps = np.diff(line.astype(int), prepend=0, append=0)
        runs.append(max(np.flatnonzero(steps < 0) - np.flatnonzero(steps > 0), default=0))
    return [int(run) for run, _ in itertools.groupby(runs) if run > LEAST]


def test_bars_are_as_long_as_their_values(tmp_path: Path) -> None:
    rows = {"a": {"first": 1.0, "second": 2.0}, "b": {"first": 4.0}, "c": {"second": float("nan"), "first": 2.0}}
    bars(rows, tmp_path / "a.png", measure="ms")
    picture = cv2.imread(str(tmp_path / "a.png"))[..., ::-1]
    first, second = (lengths(picture, colour) for colour in COLOURS.values())
    unit = first[1] / 4
    np.testing.assert_allclose(np.divide(first, unit), [1, 4, 2], atol=0.05)
    np.testing.assert_allclose(np.divide(second, unit), [2], atol=0.05)
