"""What must come out as it went in: luma, times, colour tags, sound."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from temporal_colorize.video import probe
from tests.support.videos import (
    BT709,
    BT2020,
    FULL,
    LIMITED,
    SMPTE170M,
    frame_times,
    index_of,
    lumas_of,
    packets_of,
    variable_pts,
    write_video,
)

LOSSLESS = {"codec": "libx264", "options": {"qp": 0, "preset": "ultrafast"}}
FAST = {"options": {"crf": 30, "preset": "veryfast"}}  # with B-frames, unlike ultrafast
MILLISECONDS = Fraction(1, 1000)


def same(left: list[np.ndarray], right: list[np.ndarray]) -> bool:
    return len(left) == len(right) and all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))


@pytest.mark.parametrize("matrix", [SMPTE170M, BT709, BT2020])
@pytest.mark.parametrize("color_range", [LIMITED, FULL])
@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv420p10le"])
def test_lossless_luma_and_tags(tmp_path: Path, recolor, pix_fmt: str, color_range: int, matrix: int) -> None:
    tags = {"colorspace": matrix, "color_range": color_range, "color_primaries": matrix, "color_trc": matrix}
    if matrix == BT2020:
        tags["color_trc"] = 14  # AVCOL_TRC_BT2020_10
    given = write_video(tmp_path / "a.mp4", count=8, pix_fmt=pix_fmt, tags=tags)
    recolor(tmp_path / "a.mp4", tmp_path / "b.mp4", **LOSSLESS)
    assert same(lumas_of(tmp_path / "b.mp4"), given)
    source, twin = probe(tmp_path / "a.mp4"), probe(tmp_path / "b.mp4")
    assert {key: getattr(twin, key) for key in tags} == tags
    assert (twin.matrix, twin.full_range, twin.bit_depth) == (source.matrix, source.full_range, source.bit_depth)
    assert twin.matrix == {SMPTE170M: "bt601", BT709: "bt709", BT2020: "bt2020"}[matrix]


@pytest.mark.parametrize(
    ("pix_fmt", "codec", "suffix", "size", "written"),
    [
        ("yuvj420p", "libx264", ".mp4", (128, 96), "yuvj420p"),  # the decoder's name for yuv420p in full range
        ("yuv422p", "libx264", ".mkv", (128, 96), "yuv422p"),
        ("yuv422p10le", "libx264", ".mp4", (128, 96), "yuv422p10le"),
        ("yuv444p", "libx264", ".mp4", (128, 96), "yuv444p"),
        ("gray", "libx264", ".mp4", (128, 96), "yuv420p"),
        ("gray10le", "libx264", ".mp4", (128, 96), "yuv420p10le"),
        ("nv12", "rawvideo", ".nut", (128, 96), "yuv420p"),
        ("yuv420p10be", "rawvideo", ".nut", (128, 96), "yuv420p10le"),
        ("yuv411p", "rawvideo", ".nut", (128, 96), "yuv422p"),
        ("yuyv422", "rawvideo", ".nut", (128, 96), "yuv422p"),
        ("yuv444p", "libx264", ".mp4", (125, 93), "yuv444p"),
        ("yuv420p", "ffv1", ".mkv", (125, 93), "yuv444p"),
        ("yuv420p10le", "ffv1", ".mkv", (125, 96), "yuv444p10le"),
        ("yuv422p", "ffv1", ".mkv", (126, 93), "yuv422p"),
        ("yuv420p", "ffv1", ".mkv", (130, 98), "yuv420p"),  # lines padded in memory
    ],
)
def test_lossless_luma_of_formats(
    tmp_path: Path, recolor, pix_fmt: str, codec: str, suffix: str, size: tuple[int, int], written: str
) -> None:
    source, target = tmp_path / f"a{suffix}", tmp_path / "b.mp4"
    given = write_raw(source, pix_fmt, size) if codec == "rawvideo" else None
    if given is None:
        given = write_video(source, count=3, width=size[0], height=size[1], pix_fmt=pix_fmt, codec=codec)
    recolor(source, target, **LOSSLESS)
    assert same(lumas_of(target), given)
    twin = probe(target)
    assert (twin.width, twin.height, twin.pix_fmt) == (*size, written)


def write_raw(path: Path, pix_fmt: str, size: tuple[int, int]) -> list[np.ndarray]:
    """Write uncompressed pictures of a format whose luma is not simply plane 0, and return that luma."""
    rng = np.random.default_rng(1)
    depth = 10 if "10" in pix_fmt else 8
    lumas = [rng.integers(0, 1 << depth, size[::-1], dtype=np.uint16) for _ in range(3)]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("rawvideo", rate=25)
        stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
        for luma in lumas:
            picture = av.VideoFrame(*size, pix_fmt)
            plane = picture.planes[0]
            stored = luma
            if pix_fmt == "yuyv422":  # Y0 U0 Y1 V0
                stored = np.stack([luma, np.full_like(luma, 128)], -1).reshape(size[1], -1)
            dtype = {True: np.uint8, False: np.dtype(">u2" if pix_fmt.endswith("be") else "<u2")}[depth == 8]
            lines = np.frombuffer(plane, dtype).reshape(size[1], -1)
            lines[:, : stored.shape[1]] = stored
            container.mux(stream.encode(picture))
    return [luma.astype(np.uint8 if depth == 8 else np.uint16) for luma in lumas]


@pytest.mark.parametrize(("height", "kr", "kb"), [(96, 0.299, 0.114), (720, 0.2126, 0.0722)])
def test_luma_of_rgb(tmp_path: Path, recolor, height: int, kr: float, kb: float) -> None:
    # Weights from BT.601 and BT.709; limited range 16..235.
    rgb = np.random.default_rng(0).integers(0, 256, (1, 8, 3), dtype=np.uint8).repeat(height // 8, 0)
    rgb = rgb.repeat(8, 0).repeat(16, 1)
    with av.open(str(tmp_path / "a.nut"), "w") as container:
        stream = container.add_stream("rawvideo", rate=25)
        stream.width, stream.height, stream.pix_fmt = 128, height, "bgr24"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb[..., ::-1]), format="bgr24")))
    recolor(tmp_path / "a.nut", tmp_path / "b.mp4", **LOSSLESS)
    expected = 16 + 219 / 255 * (rgb @ np.array([kr, 1 - kr - kb, kb]))
    assert np.abs(lumas_of(tmp_path / "b.mp4")[0] - expected).max() < 1.01
    info = probe(tmp_path / "b.mp4")
    assert (info.matrix, info.full_range, info.pix_fmt) == ("bt601" if height < 720 else "bt709", False, "yuv420p")


def test_untagged_is_written_as_assumed(tmp_path: Path, recolor) -> None:
    for height, matrix, tag in ((96, "bt601", SMPTE170M), (720, "bt709", BT709)):
        source, target = tmp_path / f"{height}.mp4", tmp_path / f"{height}.color.mp4"
        write_video(source, count=2, height=height, options={"preset": "ultrafast"})
        recolor(source, target, **FAST)
        before, after = probe(source), probe(target)
        assert (before.colorspace, before.color_range, before.matrix) == (2, 0, matrix)
        assert (after.colorspace, after.color_range, after.matrix) == (tag, LIMITED, matrix)
        assert (after.color_primaries, after.color_trc) == (2, 2)


@pytest.mark.parametrize("target", ["b.mp4", "b.mkv", "b.mov"])
@pytest.mark.parametrize("source", ["a.mp4", "a.mkv"])
@pytest.mark.parametrize("start", [0, 777])
def test_variable_times(tmp_path: Path, recolor, source: str, target: str, start: int) -> None:
    stamps = variable_pts(40, start=start)
    write_video(tmp_path / source, count=40, pts=stamps, time_base=MILLISECONDS, options={"crf": "20", "bf": "3"})
    recolor(tmp_path / source, tmp_path / target, **FAST)
    assert frame_times(tmp_path / target) == [stamp * MILLISECONDS for stamp in stamps]
    assert [index_of(luma) for luma in lumas_of(tmp_path / target)] == list(range(40))
    with av.open(str(tmp_path / target)) as container:
        assert any(frame.pict_type == av.video.frame.PictureType.B for frame in container.decode(video=0))


def test_times_finer_than_a_millisecond(tmp_path: Path, recolor) -> None:
    stamps = [3003 * i + (i % 3) + 12345 for i in range(30)]
    base = Fraction(1, 90000)
    scale = {"movie_timescale": "90000"}  # or FFmpeg rounds the start to a millisecond in our source already
    write_video(tmp_path / "a.mp4", pts=stamps, time_base=base, audio="aac", container_options=scale)
    for name in ("b.mp4", "b.mkv"):
        recolor(tmp_path / "a.mp4", tmp_path / name, **FAST)
    exact = [stamp * base for stamp in stamps]
    assert frame_times(tmp_path / "a.mp4") == exact
    assert frame_times(tmp_path / "b.mp4") == exact
    assert max(abs(a - b) for a, b in zip(frame_times(tmp_path / "b.mkv"), exact, strict=True)) <= MILLISECONDS / 2


def test_last_picture_is_shown_as_long(tmp_path: Path, recolor) -> None:
    write_video(tmp_path / "a.mp4", count=10, time_base=MILLISECONDS, pts=variable_pts(10))
    # MP4 stores distances of decoding times, so with B-frames this cannot be exact.
    recolor(tmp_path / "a.mp4", tmp_path / "b.mp4", options={"preset": "ultrafast", "bf": 0})
    assert probe(tmp_path / "b.mp4").duration == pytest.approx(probe(tmp_path / "a.mp4").duration, abs=1e-6)


@pytest.mark.parametrize(
    ("source", "codec", "target"),
    [
        ("a.mp4", "aac", "b.mp4"),
        ("a.mp4", "aac", "b.mkv"),
        ("a.mkv", "pcm_s16le", "b.mkv"),
        ("a.mkv", "aac", "b.mp4"),
        ("a.avi", "mp3", "b.mp4"),
        ("a.mov", "pcm_alaw", "b.mov"),
    ],
)
def test_sound_is_copied(tmp_path: Path, recolor, source: str, codec: str, target: str) -> None:
    write_video(tmp_path / source, audio=codec, options={"bf": "0"})
    recolor(tmp_path / source, tmp_path / target, **FAST)
    before, after = packets_of(tmp_path / source, "audio"), packets_of(tmp_path / target, "audio")
    assert before
    assert [payload for payload, _ in after] == [payload for payload, _ in before]
    apart = max(abs(a - b) for (_, a), (_, b) in zip(before, after, strict=True))
    assert apart <= (MILLISECONDS / 2 if target.endswith("mkv") else 0)


def test_shape_of_the_picture_and_metadata(tmp_path: Path, recolor) -> None:
    write_video(
        tmp_path / "a.mp4",
        count=4,
        rotation=90,
        sample_aspect_ratio=Fraction(4, 3),
        metadata={"title": "Gate 3", "comment": "old"},
    )
    recolor(tmp_path / "a.mp4", tmp_path / "b.mp4", metadata={"comment": "coloured"}, **FAST)
    before, after = probe(tmp_path / "a.mp4"), probe(tmp_path / "b.mp4")
    assert before.sample_aspect_ratio == after.sample_aspect_ratio == Fraction(4, 3)
    assert before.display_matrix == after.display_matrix is not None
    with av.open(str(tmp_path / "b.mp4")) as container:
        assert (container.metadata["title"], container.metadata["comment"]) == ("Gate 3", "coloured")
        assert next(container.decode(video=0)).rotation == 90


@pytest.mark.parametrize("codec", ["magicyuv", "libx264"])
def test_an_encoder_on_many_threads_keeps_its_pictures(tmp_path: Path, recolor, codec: str) -> None:
    """FFmpeg encodes magicyuv a picture a thread: it reads earlier pictures while we write the next."""
    given = write_video(tmp_path / "a.mp4", count=40, width=640, height=480)
    options = {"threads": 4, **({"qp": 0, "preset": "medium"} if codec == "libx264" else {})}
    recolor(tmp_path / "a.mp4", tmp_path / "b.mov", codec=codec, options=options)
    assert same(lumas_of(tmp_path / "b.mov"), given)


def test_encoder_threads_reach_x264_and_cut_no_picture(tmp_path: Path, recolor) -> None:
    write_video(tmp_path / "a.mp4", count=2)
    recolor(tmp_path / "a.mp4", tmp_path / "b.mp4", options={"preset": "ultrafast", "threads": 3})
    settings = (tmp_path / "b.mp4").read_bytes()  # x264 writes them into the stream
    assert b" threads=3 " in settings and b" sliced_threads=0 " in settings
