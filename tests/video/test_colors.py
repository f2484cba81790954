"""Pictures taken evenly from a file, of which not all are decoded."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from temporal_colorize.video import colors, rgb_at, sample_rgb


def write_levels(path: Path, *, count: int, every: int) -> None:
    """Write grey pictures that get brighter by two codes each, with a key picture now and then."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt, stream.options = 48, 64, "yuv420p", {"g": str(every), "qp": "0"}
        for number in range(count):
            picture = np.full((48, 64), 16 + 2 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="gray")))
        container.mux(stream.encode())


class Counting:
    """A container that counts the pictures decoded."""

    def __init__(self, container: object, decoded: list[int]) -> None:
        self._container, self._decoded = container, decoded

    def __enter__(self) -> "Counting":
        return self

    def __exit__(self, *error: object) -> None:
        self._container.close()

    def __getattr__(self, name: str) -> object:
        return getattr(self._container, name)

    def decode(self, stream: object) -> Iterator[av.VideoFrame]:
        for frame in self._container.decode(stream):
            self._decoded.append(frame.pts)
            yield frame


@pytest.mark.parametrize(("every", "most_decoded"), [(4, 10), (100, 110)], ids=["many key pictures", "one"])
def test_pictures_are_from_the_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: int, most_decoded: int
) -> None:
    write_levels(tmp_path / "a.mp4", count=100, every=every)
    decoded: list[int] = []
    open_local = colors.open_local
    monkeypatch.setattr(colors, "open_local", lambda *one, **more: Counting(open_local(*one, **more), decoded))
    levels = [float(picture.mean()) for picture in sample_rgb(tmp_path / "a.mp4", most=10)]
    assert 6 <= len(levels) <= 10 and levels == sorted(levels)
    assert levels[0] < 30 and levels[-1] > 190 and np.ptp(np.diff(levels)) < 15
    assert len(decoded) <= most_decoded


@pytest.mark.parametrize("every", [4, 100], ids=["many key pictures", "one"])
def test_the_picture_at_a_time(tmp_path: Path, every: int) -> None:
    write_levels(tmp_path / "a.mp4", count=50, every=every)
    levels = [float(rgb_at(tmp_path / "a.mp4", number / 25)[0].mean()) for number in range(50)]
    assert np.all(np.diff(levels) > 0)
    for seconds, begins in ((0, 0), (1.01, 1), (1.039, 1), (1.04, 1.04), (99, 49 / 25)):
        assert rgb_at(tmp_path / "a.mp4", seconds)[1] == pytest.approx(begins, abs=1e-3)


def test_what_is_no_video_has_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video" * 100)
    with pytest.raises(ValueError, match=r"a\.mp4"):
        rgb_at(tmp_path / "a.mp4", 0)
