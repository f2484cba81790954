from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from data_prep.encode import fit, frames_of, unseekable, webp_of, write_clips
from temporal_colorize.data.pictures import DataError
from tests.data_prep.raw import picture, save, save_video
from tests.support.videos import index_of, variable_pts, write_video


def encoded(source: Path, folder: Path, *, most_frames: int = 500) -> list[Path]:
    frames, rate = frames_of((source,), rate=25, short_side=96)
    return [path for path, _ in write_clips(frames, folder / "clip", rate=rate, most_frames=most_frames)]


def indices(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        return [index_of(frame.to_ndarray(format="gray")) for frame in container.decode(video=0)]


def test_a_picture_is_shrunk_and_kept() -> None:
    large = picture(0, height=300, width=400)
    assert fit(large, 150).shape == (150, 200, 3)
    assert fit(large, 500) is large
    back = cv2.imdecode(np.frombuffer(webp_of(large), np.uint8), cv2.IMREAD_COLOR_RGB)
    assert np.abs(back.astype(float) - large).mean() < 3


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi", ".ts"])
def test_every_frame_of_any_container_arrives_once(suffix: str, tmp_path: Path) -> None:
    write_video(tmp_path / f"in{suffix}", count=30, options={"g": "300", "bf": "2"})
    (path,) = encoded(tmp_path / f"in{suffix}", tmp_path)
    assert indices(path) == list(range(30))
    assert unseekable(path) == ""


def test_changing_frame_rates_become_one(tmp_path: Path) -> None:
    write_video(tmp_path / "in.mp4", pts=variable_pts(20), count=20, time_base=Fraction(1, 1000))
    (path,) = encoded(tmp_path / "in.mp4", tmp_path)
    with av.open(str(path)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert indices(path) == list(range(20))
    assert np.ptp(np.diff(times)) < 1e-3


def test_long_videos_are_cut(tmp_path: Path) -> None:
    write_video(tmp_path / "in.mp4", count=25)
    paths = encoded(tmp_path / "in.mp4", tmp_path, most_frames=10)
    assert [indices(path) for path in paths] == [list(range(10)), list(range(10, 20)), list(range(20, 25))]


def test_what_a_clip_is(tmp_path: Path) -> None:
    write_video(tmp_path / "in.mkv", count=30, audio="aac")
    (path,) = encoded(tmp_path / "in.mkv", tmp_path)
    with av.open(str(path)) as container:
        assert [stream.codec_context.name for stream in container.streams] == ["h264"]
        keys = [packet.is_keyframe for packet in container.demux(video=0) if packet.size]
    assert keys[0] and sum(keys) >= 3  # one in twelve at least


def test_colours_stay(tmp_path: Path) -> None:
    save_video(tmp_path / "in.mp4", seed=3, count=4, still=True)
    (path,) = encoded(tmp_path / "in.mp4", tmp_path)
    import decord  # what training reads with

    frame = decord.VideoReader(str(path))[0].asnumpy().astype(float)
    difference = frame - picture(3, width=136)[:, :128]
    assert np.abs(difference.mean((0, 1))).max() < 3
    assert np.abs(difference).mean() < 6


@pytest.mark.parametrize(("rotation", "turns"), [(90, 1), (180, 2), (-90, -1)])
def test_sideways_footage_stands_upright(rotation: int, turns: int, tmp_path: Path) -> None:
    write_video(tmp_path / "in.mp4", count=2, rotation=rotation)
    write_video(tmp_path / "plain.mp4", count=2)
    turned, plain = (
        next(frames_of((tmp_path / name,), rate=25, short_side=96)[0]).astype(float) for name in ("in.mp4", "plain.mp4")
    )
    # For 90 the file's matrix is [[0, -1], [1, 0]]: by FFmpeg's libavutil/display.h it takes (1, 0) to (0, -1), right
    # to up, which is rot90's direction.
    assert np.abs(turned - np.rot90(plain, turns)).max() == 0


def test_frames_in_files_are_a_clip(tmp_path: Path) -> None:
    for number in range(3):
        save(tmp_path / f"{number}.jpg", picture(number))
    frames, rate = frames_of(tuple(sorted(tmp_path.glob("*.jpg"))), rate=24, short_side=64)
    shapes = [frame.shape for frame in frames]
    assert (shapes, rate) == ([(64, 85, 3)] * 3, 24)


def test_an_edit_list_is_not_to_be_trusted(tmp_path: Path) -> None:
    """Stream copies cut off inside a group of pictures: players show fewer frames than decord counts."""
    write_video(tmp_path / "in.mp4", count=40, options={"g": "20", "bf": "0"})
    uncut, cut = tmp_path / "in.mp4", tmp_path / "cut.mp4"
    with av.open(str(uncut)) as source, av.open(str(cut), "w", options={"avoid_negative_ts": "disabled"}) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in (packet for packet in source.demux(video=0) if packet.size):
            packet.pts, packet.dts = packet.pts - 7 * packet.duration, packet.dts - 7 * packet.duration
            packet.stream = stream
            target.mux(packet)
    assert unseekable(uncut) == ""
    assert unseekable(cut) == "decord counts 40 frames, PyAV 33"
    assert indices(encoded(cut, tmp_path)[0]) == list(range(7, 40))


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_text("no video")
    with pytest.raises(DataError, match=r"bad\.mp4: not a video"):
        frames_of((tmp_path / "bad.mp4",), rate=25, short_side=96)
    assert "cannot be read back" in unseekable(tmp_path / "bad.mp4")
