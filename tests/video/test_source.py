from fractions import Fraction
from pathlib import Path

import pytest

from temporal_colorize.inference.picture import is_picture
from temporal_colorize.video import VideoError, VideoReader, default_output, is_sequence
from temporal_colorize.video.source import exact_rate, locate, sequence_name
from tests.support.footage import clip, numbered


@pytest.mark.parametrize(
    ("name", "numbers", "first", "length"),
    [("%05d.png", [7, 8, 9], 7, 3), ("%d.png", [8, 9, 10, 11], 8, 4), ("a%03d-x.png", [0, 1, 3], 0, 2),
     ("%02d.png", [98, 99, 100], 98, 3), ("50%%_%d.png", [1000, 1001], 1000, 2)],
)  # fmt: skip
def test_where_a_sequence_begins_and_ends(
    tmp_path: Path, name: str, numbers: list[int], first: int, length: int
) -> None:
    (tmp_path / "at 100%").mkdir()
    folder = numbered(tmp_path / "at 100%", name, numbers).parent
    (folder / "007.png").touch()  # neither has the digits that the pattern asks for
    (folder / "note.png").touch()
    source = locate(folder / name.replace("%%", "%"), rate=None)
    assert (source.options["start_number"], source.length) == (str(first), length)
    with VideoReader(folder / name.replace("%%", "%")) as reader:
        assert sum(1 for _ in reader) == length and reader.damaged == 0


def test_a_file_with_a_percent_sign_is_itself(tmp_path: Path) -> None:
    (tmp_path / "%d.png").touch()
    assert not is_sequence(tmp_path / "%d.png") and is_picture(tmp_path / "%d.png")
    assert is_sequence(tmp_path / "%03d.png") and not is_picture(tmp_path / "%03d.png")
    assert not is_sequence(tmp_path / "%d_%d.png") and not is_sequence(tmp_path / "100%.png")


@pytest.mark.parametrize(
    ("pattern", "twin"),
    [("shots/%05d.png", "shots.color.mp4"), ("shots/cam1_%d.jpg", "shots_cam1.color.mp4"),
     ("a.b/%d.png", "a.b.color.mp4")],
)  # fmt: skip
def test_name_of_the_twin(tmp_path: Path, pattern: str, twin: str) -> None:
    assert default_output(tmp_path / pattern) == tmp_path / twin
    assert f"{sequence_name(tmp_path / pattern).name}.color.mp4" == twin


def test_nothing_to_find(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"%d\.png: there is no picture of such a name"):
        locate(tmp_path / "%d.png", rate=None)
    with pytest.raises(VideoError, match="its folder cannot be read"):
        locate(tmp_path / "none" / "%d.png", rate=None)


@pytest.mark.parametrize(
    ("rate", "exact"),
    [(None, Fraction(25)), (10, Fraction(10)), (12.5, Fraction(25, 2)), (29.97, Fraction(30000, 1001)),
     (23.976, Fraction(24000, 1001)), (59.94, Fraction(60000, 1001)), (0.1, Fraction(1, 10)), (30.0, Fraction(30))],
)  # fmt: skip
def test_rates(rate: float | None, exact: Fraction) -> None:
    assert exact_rate(rate) == exact


@pytest.mark.parametrize("rate", [0, -1, "25", True, float("nan"), 100_000])
def test_no_rates(rate: object) -> None:
    with pytest.raises(ValueError, match=f"rate={rate} must be a number"):
        exact_rate(rate)


def test_a_rate_for_a_file_with_timestamps_is_not_used(tmp_path: Path, recolor) -> None:
    reader, _ = recolor(clip(tmp_path / "a.mp4", count=3), tmp_path / "b.mp4")
    assert reader.notes == []
    with VideoReader(tmp_path / "a.mp4", rate=10) as reader:
        assert reader.notes == ["rate=10 is not used: the file has timestamps of its own"]
        assert reader.info.nominal_rate == 25
