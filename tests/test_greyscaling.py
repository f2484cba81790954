"""What was in colour is grey, and everything else is as it was."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from temporal_colorize import greyscale
from temporal_colorize.inference.colored import ColoredFrame
from temporal_colorize.sample.clip import render_sample
from temporal_colorize.video import VideoError
from tests.support.videos import frame_times, lumas_of, packets_of, write_video

COUNT = 10


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("grey") / "clip.mp4"
    render_sample(path, width=160, height=96, seconds=COUNT / 25)
    return path


def chroma_of(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="yuv420p")[-48:] for frame in container.decode(video=0)])


def test_a_video_keeps_luma_times_and_sound(clip: Path) -> None:
    assert np.ptp(chroma_of(clip)) > 50
    done = greyscale(clip, encoder="lossless")
    assert done.output == clip.with_name("clip.grey.mp4") and done.frames == COUNT and done.left_out == []
    assert set(np.unique(chroma_of(done.output))) == {128}
    for found, expected in zip(lumas_of(done.output), lumas_of(clip), strict=True):
        assert np.array_equal(found, expected)
    assert frame_times(done.output) == frame_times(clip)
    assert packets_of(done.output, "audio") == packets_of(clip, "audio") != []


def test_ten_bits_stay(tmp_path: Path) -> None:
    lumas = write_video(tmp_path / "deep.mkv", count=3, pix_fmt="yuv420p10le")
    done = greyscale(tmp_path / "deep.mkv", tmp_path / "grey.mkv", encoder="lossless")
    assert all(map(np.array_equal, lumas_of(done.output), lumas))


def test_a_part_of_it_without_sound(clip: Path, tmp_path: Path) -> None:
    done = greyscale(clip, tmp_path / "part.*", start=0.2, audio="drop", **{"encoder.crf": 30})
    assert done.output.suffix == ".mp4" and 0 < done.frames < COUNT
    with av.open(str(done.output)) as container:
        assert not container.streams.audio


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_picture_keeps_its_luma(tmp_path: Path, dtype: type) -> None:
    rgb = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (40, 60, 3)).astype(dtype)
    cv2.imwrite(str(tmp_path / "photo.png"), rgb[..., ::-1])
    done = greyscale(tmp_path / "photo.png")
    found = cv2.imread(str(done.output), cv2.IMREAD_UNCHANGED)
    assert done.output.name == "photo.grey.png" and found.shape == (40, 60) and found.dtype == dtype
    assert np.abs(found - rgb @ np.array([0.299, 0.587, 0.114])).max() <= 2  # OpenCV's weights have 14 bits


def test_watch_sees_every_frame_and_may_end_the_job(clip: Path, tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    seen: list[ColoredFrame] = []

    def watch(frame: ColoredFrame) -> None:
        seen.append(frame)
        if len(seen) == 4:
            raise Enough

    with pytest.raises(Enough):
        greyscale(clip, tmp_path / "never.mp4", watch=watch)
    assert [frame.number for frame in seen] == [0, 1, 2, 3] and seen[0].total == COUNT
    assert np.ptp(seen[0].smaller(64).rgb, axis=-1).max() == 0
    assert list(tmp_path.iterdir()) == []


def test_what_is_wrong_is_one_line(clip: Path, tmp_path: Path) -> None:
    for options, said in (({"vividness": 1}, "vividness"), ({"audio": "loud"}, "audio=loud"), ({"crf": 1}, "crf")):
        with pytest.raises(ValueError, match=said):
            greyscale(clip, tmp_path / "never.mp4", **options)
    with pytest.raises(ValueError, match="written over"):
        greyscale(clip, clip)
    cv2.imwrite(str(clip.with_name("photo.png")), np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match="name of a picture"):
        greyscale(clip.with_name("photo.png"), tmp_path / "never.mp4")
    with pytest.raises(VideoError, match=r"missing\.mp4"):
        greyscale(tmp_path / "missing.mp4")
    assert list(tmp_path.iterdir()) == []
