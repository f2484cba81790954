import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from temporal_colorize.inference.hints.drawing import draw
from temporal_colorize.inference.hints.entries import Hint, digest, parse_color, read_hints
from temporal_colorize.inference.turn import Turn

RED = "#c02020"
WRONG = {
    "not an entry": (7, "must be an entry in braces"),
    "unknown key": ({"at": 0, "box": [0, 0, 4, 4], "colour": RED}, "colour is unknown; known are at, box, color"),
    "no shape": ({"at": 0, "color": RED}, "has no point and no box and no mask"),
    "two shapes": ({"at": 0, "point": [1, 1], "box": [0, 0, 4, 4], "color": RED}, "has both point and box"),
    "no time": ({"point": [1, 1], "color": RED}, "has no at and no frame"),
    "no color": ({"at": 0, "point": [1, 1]}, "color is missing"),
    "a color that is none": ({"at": 0, "point": [1, 1], "color": "reddish"}, 'reddish must be "#rrggbb" or [a, b]'),
    "a color beyond": ({"at": 0, "point": [1, 1], "color": [200, 0]}, "color=200 must be a number from -110.0"),
    "a time before": ({"at": -1, "point": [1, 1], "color": RED}, "at=-1 must be a number of at least 0"),
    "half a frame": ({"frame": 1.5, "point": [1, 1], "color": RED}, "frame=1.5 must be a whole number"),
    "a flat box": ({"at": 0, "box": [0, 0, 0, 4], "color": RED}, "with width and height above 0"),
    "three numbers": ({"at": 0, "box": [0, 0, 4], "color": RED}, "must be 4 numbers in brackets"),
    "a box's radius": ({"at": 0, "box": [0, 0, 4, 4], "radius": 3, "color": RED}, "radius belongs to a point"),
    "a box that grows": (
        {"at": 0, "box": [0, 0, 4, 4], "grow": True, "color": RED},
        "grow belongs to a point, and this",
    ),
    "a mask that grows": ({"at": 0, "mask": "m.png", "grow": True, "color": RED}, "and this is a mask; leave it out"),
    "grow a little": ({"at": 0, "point": [1, 1], "grow": 1, "color": RED}, "grow=1 must be true or false"),
    "no mask": ({"at": 0, "mask": "none.png", "color": RED}, "mask=none.png: there is no such file"),
}


def write(folder: Path, *entries: object) -> Path:
    path = folder / "hints.json"
    path.write_text(json.dumps(entries))
    return path


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_entry_is_named_in_one_line(tmp_path: Path, kind: str) -> None:
    entry, message = WRONG[kind]
    path = write(tmp_path, {"at": 0, "point": [1, 1], "color": RED}, entry)
    with pytest.raises(ValueError) as raised:
        read_hints(path)
    line = str(raised.value)
    assert line.startswith(f"{path}[1]") and message in line and "\n" not in line


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[{")
    (tmp_path / "b.json").write_text("{}")
    (tmp_path / "c.txt").write_text("")
    for name, message in {
        "a.json": "is not a JSON file",
        "b.json": "must be a list",
        "c.txt": "must end in .json",
        "d.json": "no such file",
    }.items():
        with pytest.raises(ValueError, match=message):
            read_hints(tmp_path / name)
    with pytest.raises(ValueError, match="hints_at=3 is for a picture"):
        read_hints(write(tmp_path, {"at": 0, "point": [1, 1], "color": RED}), at=3)


def test_colors() -> None:
    assert parse_color("color", [12, -30.5]) == (12, -30.5)
    # scikit-image's rgb2lab of (192, 32, 32) / 255
    assert parse_color("color", RED) == pytest.approx((60.41, 42.27), abs=0.1)
    assert parse_color("color", "#808080") == pytest.approx((0, 0), abs=0.01)


def test_shapes_are_drawn_where_they_are_meant(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "m.png"), np.pad(np.full((10, 20), 255, np.uint8), ((30, 60), (40, 60))))
    path = write(
        tmp_path,
        {"at": 0, "box": [40, 30, 20, 10], "color": [20, 30]},
        {"frame": 4, "mask": "m.png", "color": [20, 30]},
        {"at": 0, "point": [49.5, 34.5], "radius": 5, "color": [20, 30]},
    )
    box, mask, point = (draw(hint, (100, 120), (50, 60)) for hint in read_hints(path))
    expected = np.zeros((50, 60), bool)
    expected[15:20, 20:30] = True
    for ab, where in (box, mask):
        np.testing.assert_array_equal(where, expected)
        assert (ab[:, where].T == (20, 30)).all()
    assert point[1].sum() == pytest.approx(np.pi * 2.5**2, abs=8) and point[1][17, 24]


def test_a_point_grows_only_if_it_is_told_to(tmp_path: Path) -> None:
    entry = {"at": 0, "point": [1, 1], "color": RED}
    hints = read_hints(write(tmp_path, entry, entry | {"grow": False}, entry | {"grow": True}))
    assert [hint.grow for hint in hints] == [False, False, True]


def test_a_picture_hints_where_it_is_coloured(tmp_path: Path) -> None:
    picture = np.full((100, 120, 3), 90, np.uint8)
    picture[20:40, 60:80] = (32, 32, 192)  # blue, green, red
    cv2.imwrite(str(tmp_path / "frame.png"), picture)
    (hint,) = read_hints(tmp_path / "frame.png", at=2)
    ab, where = draw(hint, (100, 120), (50, 60))
    assert hint.at == 2 and where.sum() == 100 and where[10:20, 30:40].all()
    np.testing.assert_allclose(ab[:, where].mean(1), (60.41, 42.27), atol=0.1)
    with pytest.raises(ValueError, match="is 120x100, and the video 120x90"):
        draw(hint, (90, 120), (45, 60))
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((100, 120), 90, np.uint8))
    with pytest.raises(ValueError, match="none of its pixels is coloured"):
        draw(read_hints(tmp_path / "grey.png")[0], (100, 120), (50, 60))


def test_the_digest_is_of_all_that_is_said(tmp_path: Path) -> None:
    one = Hint(name="a", at=1.0, ab=(1, 2), box=(1, 2, 3, 4))
    assert digest([one]) == digest([Hint(name="b", at=1.0, ab=(1, 2), box=(1, 2, 3, 4))])
    others = [Hint(name="a", frame=1, ab=(1, 2), box=(1, 2, 3, 4)), Hint(name="a", at=1.0, ab=(1, 3), box=(1, 2, 3, 4))]
    assert len({digest([hint]) for hint in (one, *others)}) == 3
    points = [Hint(name="a", at=1.0, ab=(1, 2), point=(3, 4), grow=grow) for grow in (False, True)]
    assert digest(points[:1]) != digest(points[1:])


def test_a_record_has_all_that_a_hint_says(tmp_path: Path) -> None:
    mask = np.zeros((40, 60), np.uint8)
    mask[10:14, 20:25] = 255
    cv2.imwrite(str(tmp_path / "m.png"), mask)
    digest = hashlib.sha256((tmp_path / "m.png").read_bytes()).hexdigest()
    where = f"picture m.png with SHA-256 {digest}, 20 pixels in box 20,10,5,4"
    for hint, said in (
        (
            Hint(name="h[0]", at=1.5, point=(3, 4.5), ab=(10, -20.06)),
            "h[0] at 1.5 s: point 3,4.5 of radius 8, a 10.0, b -20.1",
        ),
        (
            Hint(name="h[3]", frame=0, point=(3, 4), radius=5, ab=(0, 5), grow=True),
            "h[3] at frame 0: point 3,4 of radius 5, grown, a 0.0, b 5.0",
        ),
        (Hint(name="h[1]", frame=2, box=(1, 2, 3, 4), ab=(0, 5)), "h[1] at frame 2: box 1,2,3,4, a 0.0, b 5.0"),
        (Hint(name="h[2]", frame=0, mask=tmp_path / "m.png", ab=(0, 5)), f"h[2] at frame 0: {where}, a 0.0, b 5.0"),
    ):
        assert hint.described() == said


def test_lists_without_end_are_refused(tmp_path: Path) -> None:
    (tmp_path / "hints.json").write_text("[" * 100_000)
    with pytest.raises(ValueError, match="is not a JSON file that can be read"):
        read_hints(tmp_path / "hints.json")


@pytest.mark.parametrize("matrix", [(0, 1, 0, -1, 0, 0, 0, 0, 1), (-1, 0, 0, 0, -1, 0, 0, 0, 1)], ids=["90", "180"])
def test_hints_are_of_the_picture_as_it_is_shown(tmp_path: Path, matrix: tuple[int, ...]) -> None:
    turns = -1 if matrix[1] else 2  # of np.rot90, by which FFmpeg shows such a picture
    stored = (100, 121)
    shown = np.zeros((*np.rot90(np.empty(stored), turns).shape, 3), np.uint8)
    shown[10:30, 40:90] = (200, 30, 30)
    cv2.imwrite(str(tmp_path / "frame.png"), shown)
    cv2.imwrite(str(tmp_path / "mask.png"), shown[..., :1].repeat(3, -1))
    entries = [{"at": 0, "box": [40, 10, 50, 20], "color": RED}, {"at": 0, "mask": "mask.png", "color": RED}]
    (tmp_path / "hints.json").write_text(json.dumps(entries))
    hints = [*read_hints(tmp_path / "hints.json"), *read_hints(tmp_path / "frame.png")]
    for hint in hints:
        _, where = draw(hint, stored, stored, turn=Turn.of(matrix))
        assert np.array_equal(np.rot90(where, turns), shown.any(-1))
    with pytest.raises(ValueError, match=r"is 100x121, and the video 121x100|is 121x100, and the video 100x121"):
        draw(hints[-1], stored[::-1], stored[::-1], turn=Turn.of(matrix))
