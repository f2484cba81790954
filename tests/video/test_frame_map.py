"""The map of frames gives back what was put in, in few words."""

import json
from fractions import Fraction

import numpy as np
import pytest

from temporal_colorize.video import Frame
from temporal_colorize.video.frame_map import FrameMap, Row
from temporal_colorize.video.origins import Origin

LUMA = np.zeros((2, 2), np.uint8)


def frames(rows: list[Row]) -> list[Frame]:
    return [Frame(LUMA, r.pts, Fraction(1, 1000), 0, Origin(r.picture, r.stamp, r.is_damaged)) for r in rows]


def mapped(rows: list[Row]) -> FrameMap:
    made = FrameMap()
    for frame in frames(rows):
        made.add(frame)
    return made


def drawn(count: int, *, seed: int) -> list[Row]:
    """Draw frames with lost pictures, made-up times and damage."""
    rng, rows, picture, pts = np.random.default_rng(seed), [], 0, 40
    for _ in range(count):
        stamp = None if rng.random() < 0.1 else pts - int(rng.choice([0, 0, 0, 90000]))
        rows.append(Row(picture, stamp, pts, bool(rng.random() < 0.1)))
        picture, pts = picture + int(rng.choice([1, 1, 1, 3])), pts + int(rng.choice([20, 40, 40, 400]))
    return rows


@pytest.mark.parametrize("seed", range(4))
def test_rows_come_back_through_json_and_in_pieces(seed: int) -> None:
    rows = drawn(60, seed=seed)
    assert list(FrameMap.from_json(json.loads(json.dumps(mapped(rows).as_json()))).rows()) == rows
    joined = FrameMap()
    for part in (rows[:1], [], rows[1:20], rows[20:]):
        joined.join(mapped(part).as_json())
    assert joined.as_json() == mapped(rows).as_json() and joined.count == 60


def test_an_hour_at_a_steady_rate_is_one_run() -> None:
    """Worked by hand."""
    made = mapped([Row(n, 40 * n + 7, 40 * n, False) for n in range(9000)])
    runs = [{"frame": 0, "count": 9000, "picture": 0, "moved": -7, "damaged": False}]
    assert made.as_json() == {"time_base": "1/1000", "first": 0, "steps": [[40, 8999]], "runs": runs}


def test_a_part_counts_from_its_first_picture() -> None:
    made = mapped([Row(n, 40 * n, 40 * n, n == 12) for n in range(10, 14)])
    assert [run["picture"] for run in made.as_json(from_first=True)["runs"]] == [0, 2, 3]


def test_a_frame_that_comes_from_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match="which picture of the source"):
        FrameMap().add(Frame(LUMA, 0, Fraction(1, 25)))
