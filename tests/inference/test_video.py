from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from temporal_colorize.inference.report import Report
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.video import colorize_video
from temporal_colorize.video import VideoError, probe
from temporal_colorize.video.lossless import lossless_options
from tests.support.networks import tiny_weights
from tests.support.videos import (
    BT709,
    FULL,
    LIMITED,
    SMPTE170M,
    frame_times,
    lumas_of,
    packets_of,
    variable_pts,
    write_video,
)

LOSSLESS = {"preset": "ultrafast", "qp": 0}  # conf/encoder/lossless.yaml, but fast


def colorize(source: Path, output: Path | None = None, **options: object) -> Report:
    session = Session(tiny_weights(), SessionOptions(size=64))
    return colorize_video(source, output, session, codec="libx264", options=options or LOSSLESS)


@pytest.mark.parametrize("matrix", [SMPTE170M, BT709], ids=["BT.601", "BT.709"])
@pytest.mark.parametrize("color_range", [LIMITED, FULL], ids=["limited", "full"])
@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv420p10le"])
def test_lossless_luma_is_the_source_s_own(tmp_path: Path, pix_fmt: str, color_range: int, matrix: int) -> None:
    tags = {"colorspace": matrix, "color_range": color_range, "color_primaries": matrix, "color_trc": matrix}
    given = write_video(tmp_path / "a.mp4", count=6, pix_fmt=pix_fmt, tags=tags)
    report = colorize(tmp_path / "a.mp4", tmp_path / "b.mp4")
    assert report.frames == 6
    for ours, theirs in zip(lumas_of(tmp_path / "b.mp4"), given, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert {tag: getattr(probe(tmp_path / "b.mp4"), tag) for tag in tags} == tags
    assert chroma_spread(tmp_path / "b.mp4") > 1, "the output is grey"


@pytest.mark.parametrize("batch", [2, 5, 64])
def test_frames_in_batches_keep_their_order_and_colours_and_the_sound(tmp_path: Path, batch: int) -> None:
    write_video(tmp_path / "a.mp4", count=13, audio="aac")
    session = Session(tiny_weights(), SessionOptions(size=64))
    report = colorize_video(
        tmp_path / "a.mp4", tmp_path / "b.mp4", session, codec="libx264", options=LOSSLESS, batch=batch
    )
    colorize(tmp_path / "a.mp4", tmp_path / "c.mp4")
    assert report.frames == report.looks == 13
    assert frame_times(tmp_path / "b.mp4") == frame_times(tmp_path / "c.mp4")
    assert packets_of(tmp_path / "b.mp4", "audio") == packets_of(tmp_path / "c.mp4", "audio")
    assert abs(chroma_spread(tmp_path / "b.mp4") - chroma_spread(tmp_path / "c.mp4")) < 0.1


def chroma_spread(path: Path) -> float:
    import av

    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        dtype = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
        return float(np.frombuffer(frame.planes[1], dtype).astype(float).std())


def test_times_of_a_variable_rate_and_sound_are_kept(tmp_path: Path) -> None:
    write_video(
        tmp_path / "a.mp4",
        count=20,
        pts=variable_pts(20),
        time_base=Fraction(1, 1000),
        audio="aac",
        options={"bf": "2"},
    )
    report = colorize(tmp_path / "a.mp4", crf=30, preset="veryfast")  # with B-frames
    assert report.output == tmp_path / "a.color.mp4"
    assert frame_times(report.output) == frame_times(tmp_path / "a.mp4")
    assert packets_of(report.output, "audio") == packets_of(tmp_path / "a.mp4", "audio")


def test_a_failure_leaves_nothing_and_keeps_an_earlier_output(tmp_path: Path, monkeypatch) -> None:
    write_video(tmp_path / "a.mp4", count=6)
    earlier = tmp_path / "a.color.mp4"
    earlier.write_text("earlier")
    session = Session(tiny_weights(), SessionOptions(size=64))
    calls = iter(range(100))

    def fail_in_the_middle(clip, hints=None):
        if next(calls) == 3:
            raise RuntimeError("the network failed")
        return type(session).steps(session, clip, hints)

    monkeypatch.setattr(session, "steps", fail_in_the_middle)
    with pytest.raises(RuntimeError, match="network failed"):
        colorize_video(tmp_path / "a.mp4", None, session, codec="libx264", options=LOSSLESS)
    assert earlier.read_text() == "earlier"
    assert {path.name for path in tmp_path.iterdir()} == {"a.mp4", "a.color.mp4"}


def test_a_bad_source_is_a_video_error(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(VideoError, match=r"text\.mp4"):
        colorize(tmp_path / "text.mp4")


def test_odd_sizes_and_grey_sources(tmp_path: Path) -> None:
    given = write_video(tmp_path / "a.mkv", count=3, width=129, height=97, pix_fmt="gray", codec="ffv1")
    colorize(tmp_path / "a.mkv", tmp_path / "b.mp4")
    for ours, theirs in zip(lumas_of(tmp_path / "b.mp4"), given, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_colour_in_the_source_changes_nothing(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", count=3)
    colorize(tmp_path / "a.mp4", tmp_path / "b.mp4")
    colorize(tmp_path / "b.mp4", tmp_path / "c.mp4")  # b has colours of its own
    np.testing.assert_array_equal(planes(tmp_path / "b.mp4"), planes(tmp_path / "c.mp4"))


def planes(path: Path) -> np.ndarray:
    import av

    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="yuv420p") for frame in container.decode(video=0)])


def test_the_report_is_one_line() -> None:
    report = Report(output=Path("b.mp4"), frames=50, seconds=2.0, looks=20, cuts=2, damaged=3, retimed=1, ends_at=1.9,
                    left_out=["data stream 2 (klv)"])  # fmt: skip
    assert str(report) == (
        "b.mp4: 50 frames in 2.0 s (25.0 fps); the network ran on 20 of them; 2 cuts; damaged in 3 places; "
        "1 timestamp made up; the pictures break off at 1.9 s, before the file says they end; "
        "without data stream 2 (klv)"
    )


def test_a_file_that_breaks_off_is_coloured_and_said_to_break_off(tmp_path: Path) -> None:
    write_video(tmp_path / "whole.mkv", count=100)
    content = (tmp_path / "whole.mkv").read_bytes()
    (tmp_path / "cut.mkv").write_bytes(content[: len(content) // 2])
    whole, cut = colorize(tmp_path / "whole.mkv"), colorize(tmp_path / "cut.mkv")
    assert whole.ends_at is None and whole.frames == 100
    assert cut.ends_at == pytest.approx(2.0, abs=0.3) and 40 <= cut.frames <= 60


@pytest.mark.parametrize("codec", ["libx264", "libx265", "ffv1"])
def test_every_lossless_codec_is(tmp_path: Path, codec: str) -> None:
    given = write_video(tmp_path / "a.mp4", count=3)
    options = lossless_options(codec, {"preset": "ultrafast", "crf": None})
    session = Session(tiny_weights(), SessionOptions(size=64))
    colorize_video(tmp_path / "a.mp4", tmp_path / "b.mkv", session, codec=codec, options=options)
    np.testing.assert_array_equal(lumas_of(tmp_path / "b.mkv"), given)


@pytest.mark.parametrize(("codec", "options"), [("libvpx-vp9", {}), ("libx264", {"crf": 18})])
def test_what_would_lose_is_no_lossless_encoding(codec: str, options: dict) -> None:
    with pytest.raises(ValueError, match="encoder=lossless"):
        lossless_options(codec, options)
