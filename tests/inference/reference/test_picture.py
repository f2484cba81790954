from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from temporal_colorize.inference.hints.entries import ab_of_rgb
from temporal_colorize.inference.reference.picture import read_references
from tests.support.places import place, view


def write_clip(path: Path, pictures: list[np.ndarray], *, rotation: int = 0) -> None:
    """Write RGB pictures losslessly, but for their chroma's resolution."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.height, stream.width, stream.pix_fmt = *pictures[0].shape[:2], "yuv444p"
        stream.options = {"qp": "0"}
        if rotation:
            stream.set_display_rotation(rotation)
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def test_a_picture_is_read_in_its_colours(tmp_path: Path) -> None:
    rgb = view(place())
    cv2.imwrite(str(tmp_path / "day.png"), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    (found,) = read_references([tmp_path / "day.png"])
    assert np.allclose(found.ab, ab_of_rgb(rgb), atol=1e-3)
    assert found.name == f"reference={tmp_path / 'day.png'}"


def test_of_a_video_the_background_is_taken(tmp_path: Path) -> None:
    rgb, pictures = view(place()), []
    for number in range(12):
        pictures.append(rgb.copy())
        pictures[-1][40:100, 20 * number : 20 * number + 16] = (255, 0, 0)  # somebody walks by
    write_clip(tmp_path / "day.mp4", pictures)
    (found,) = read_references([tmp_path / "day.mp4"])
    assert np.abs(found.ab - ab_of_rgb(rgb)).mean() < 1.5


def test_a_video_is_meant_as_it_is_shown(tmp_path: Path) -> None:
    rgb = view(place())
    write_clip(tmp_path / "day.mp4", [rgb] * 2, rotation=90)
    with av.open(str(tmp_path / "day.mp4")) as container:
        turns = next(container.decode(video=0)).rotation // 90  # counter-clockwise, as np.rot90's
    (found,) = read_references([tmp_path / "day.mp4"])
    assert turns == 1 and np.abs(found.ab - ab_of_rgb(np.rot90(rgb).copy())).mean() < 1.5


@pytest.mark.parametrize(
    "name, content, fault",
    [("grey.png", np.full((40, 60, 3), 90, np.uint8), "is grey"), ("none.png", None, "there is no such file")],
)
def test_what_says_nothing_of_colours_is_refused(tmp_path: Path, name: str, content: object, fault: str) -> None:
    if content is not None:
        cv2.imwrite(str(tmp_path / name), content)
    with pytest.raises(ValueError, match=f"^reference=.*{name}.* {fault}|^reference=.*{name}: {fault}"):
        read_references([tmp_path / name])


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "day.jpg").write_bytes(b"day")
    with pytest.raises(ValueError, match=r"^reference=.*day\.jpg must be .*not a picture that can be read"):
        read_references([tmp_path / "day.jpg"])
